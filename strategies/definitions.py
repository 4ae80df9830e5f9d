"""What strategies are generated from here: the library, with the installation's own files, and the words that a definition may name."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from strategies import registry
from strategies.generator import in_oracle
from strategies.generator.definition import Known
from strategies.generator.implementation import Implementation, generate
from strategies.generator.library import library
from strategies.generator.reading import read
from strategies.models import JobType, OperationType, TargetType
from strategies.plsql.scripts import Place, Unit


def own_folders() -> tuple[Path, ...]:
    """Folders of this installation with `operations`, `templates` and `files` of its own."""
    return (settings.PORTAL_GENERATOR,) if settings.PORTAL_GENERATOR else ()


def known() -> Known:
    """Raises LibraryRefused."""
    return Known(
        library(*own_folders()),
        list(TargetType.objects.filter(is_active=True).order_by("target_type").values_list("target_type", flat=True)),
        list(JobType.objects.filter(is_active=True).order_by("job_type").values_list("job_type", flat=True)),
        frozenset(registry.own_routines()),
    )


def implementation(values: object) -> Implementation:
    """The whole strategy that was defined. Raises DefinitionRefused with every fault, LibraryRefused, MasterBroken."""
    found = known()
    return generate(read(values, found), found.library, own_folders())


def units_in_oracle(place: Place) -> tuple[Unit, ...]:
    """What generates the same strategies inside an Oracle database. Raises LibraryRefused, MasterBroken."""
    words = OperationType.objects.filter(is_active=True).order_by("operation_type")
    return in_oracle.units(place, known(), words.values_list("operation_type", flat=True), own_folders())
