"""Takes the demo away again: its people, its databases with all that was recorded of them, and its folder; nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from django.conf import settings
from django.db import models, transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone

from maintenance_portal.demo import calendars, people, postgresql, systems
from maintenance_portal.demo.seed import ARCHIVE_FILE, SQLITE_FILE
from monitoring.models import ErrorGroup, System
from strategies import audit, endings
from strategies.audit import Actor
from strategies.holding import holding
from strategies.models import ACTIVE, OPEN, Calendar, JobRun, Portal, Stop, Tag, Target, Tenant

BATCH = 500  # rows deleted at once; Oracle takes at most 1000 expressions in a list
# The files, what SQLite puts beside them, and drafts.
_OURS = (SQLITE_FILE, f"{SQLITE_FILE}-*", ARCHIVE_FILE, f"{ARCHIVE_FILE}-*", ".building-*")


class DemoBusy(Exception):
    """A run is at work on a database of the demo, or its server runs; the text is a sentence for people."""


def remove(actor: Actor) -> list[str]:
    """Remove the demo; notes on files that are not of it. Raises DemoBusy, having removed nothing, and OSError."""
    folder = Path(settings.PORTAL_DEMO)
    _refuse_while_server_works(folder)
    _close(actor)
    held = {target.pk: holding(target, timezone.now()) for target in Target.objects.filter(is_demo=True)}
    for rows in _rows_of_targets():
        _delete(rows)
    with transaction.atomic():
        for target in Target.objects.filter(is_demo=True):
            audit.record(
                actor, "target.removed", target, before={"url": target.url, **held.get(target.pk, {})}, reason="demo"
            )
            target.delete()
        for user in people.marked():
            audit.record(actor, "user.removed", user, reason="demo")
            user.delete()
        _remove_what_is_empty(actor)
    people.password_file().unlink(missing_ok=True)
    return _remove_folder(folder)


def _refuse_while_server_works(folder: Path) -> None:
    """Its files cannot be taken away under it, and the portal that keeps it would start another. Raises DemoBusy."""
    for place in postgresql.places(folder):
        if (pid := _server_of(place)) is not None:
            raise DemoBusy(
                f"The demo's PostgreSQL server works in {place} (process {pid}) as long as the portal runs with the demo. "
                "Nothing was removed; stop the portal, then remove the demo."
            )


def _close(actor: Actor) -> None:
    """From here on no run on the demo starts: claims take turns with this. Raises DemoBusy."""
    with transaction.atomic():
        Portal.objects.take_gate_turn()
        ours = JobRun.objects.filter(target__is_demo=True)
        busy = ours.filter(status__in=ACTIVE).select_related("target").defer("plan").first()
        if busy is not None:
            raise DemoBusy(f"Run {busy.pk} is at work on {busy.target.name}; cancel it, or wait until it ends.")
        Target.objects.filter(is_demo=True).update(is_active=False)
        for run in ours.filter(status__in=OPEN).select_related("target"):
            endings.ask_stop(run, actor, Stop.CANCEL, timezone.now())


def _rows_of_targets() -> Iterator[models.QuerySet[models.Model]]:
    """Whatever hangs on a database of the demo, by any model; audit entries (DO_NOTHING) stay."""
    for relation in Target._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete is not models.DO_NOTHING:
            yield relation.related_model._default_manager.filter(**{f"{relation.field.name}__is_demo": True})


def _delete(rows: models.QuerySet[models.Model]) -> None:
    while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=batch).delete()


def _remove_what_is_empty(actor: Actor) -> None:
    ErrorGroup.objects.filter(days=None).delete()
    for tag in Tag.objects.filter(name="demo", targets=None, max_parallel_runs=None):
        _remove_unless_held(actor, tag)
    for calendar in Calendar.objects.filter(name__in=(calendars.FREEZES, calendars.BACKUPS), scopes=None):
        audit.record(actor, "calendar.removed", calendar, reason="demo")
        calendar.delete()
    for system in System.objects.filter(name__in=systems.NAMES, targets=None):
        audit.record(actor, "system.removed", system, reason="demo")
        system.delete()
    for tenant in Tenant.objects.filter(Q(name=people.OTHER_TENANT), users=None, targets=None):
        _remove_unless_held(actor, tenant)


def _remove_unless_held(actor: Actor, row: Tag | Tenant) -> None:
    """Something of others may be in force for it: then it stays."""
    with suppress(ProtectedError), transaction.atomic():
        audit.record(actor, "tag.removed" if isinstance(row, Tag) else "tenant.removed", row, reason="demo")
        row.delete()


def _remove_folder(folder: Path) -> list[str]:
    """Only what the demo makes is deleted, whatever the setting points at. Raises OSError."""
    ours = [path for pattern in _OURS for path in folder.glob(pattern)]
    servers = [place for place in postgresql.places(folder) if place.exists()]
    for path in (*ours, *servers):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if folder.is_dir() and any(folder.iterdir()):
        return [f"{folder} holds files that are not of the demo; they are left alone."]
    if folder.is_dir():
        folder.rmdir()
    return []


def _server_of(place: Path) -> int | None:
    """The process of a server that works in this folder; a pid left by one that was killed may be anybody's by now."""
    for lock in place.glob("**/postmaster.pid"):
        try:
            process = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
            if "postgres" in process.name():
                return process.pid
        except (OSError, ValueError, psutil.Error):
            continue
    return None
