"""Keeps versions of generated strategies: numbered from 1 by strategy, the same content once, and never changed afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction

from strategies import audit
from strategies.audit import Actor
from strategies.models import JobType, ScheduleType, StrategyVersion, TargetType
from strategies.registrations import Registration, RegistrationRefused, Row

_ATTEMPTS = 5  # of those who keep versions of one strategy at once, each takes the next number


class VersionUnknown(LookupError):
    """There is no such version; the text says so, for the person who named it."""


def digest_of(definition: Mapping[str, Any], files: Mapping[str, str], registration: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of all of a version, whatever the order of keys: another portal may make other files of a definition."""
    whole = json.dumps([definition, files, registration], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def keep(
    actor: Actor, definition: Mapping[str, Any], files: Mapping[str, str], registration: Mapping[str, Any], moment: datetime,
) -> StrategyVersion:  # fmt: skip
    """Keep what was generated; the version that there is already where all of it is the same. Raises RegistrationRefused."""
    read = Registration.read(registration)
    _refuse_unknown_words(read)
    digest = digest_of(definition, files, registration)
    for attempt in range(1, _ATTEMPTS + 1):
        known = StrategyVersion.objects.filter(strategy_name=read.name)
        if (same := known.filter(digest=digest).first()) is not None:
            return same
        version = StrategyVersion(
            strategy_name=read.name, number=(known.aggregate(last=models.Max("number"))["last"] or 0) + 1, digest=digest,
            definition=dict(definition), files=dict(files), registration=dict(registration), made_at=moment,
            made_by=actor.name,
        )  # fmt: skip
        try:
            with transaction.atomic():
                version.save()
                after = {"number": version.number, "digest": digest, "files": len(version.files)}
                audit.record(actor, "version.kept", version, after=after)
        except IntegrityError:  # another was kept meanwhile
            if attempt == _ATTEMPTS:
                raise
            continue
        break
    return version


def get(strategy: str, number: int = 0) -> StrategyVersion:
    """This version of a strategy, or with 0 the newest. Raises VersionUnknown."""
    rows = StrategyVersion.objects.filter(strategy_name=strategy).defer("files")
    found = (rows.filter(number=number) if number else rows.order_by("-number")).first()
    if found is None:
        what = f"no version {number}" if number and rows.exists() else "no version"
        raise VersionUnknown(f"There is {what} of {strategy or 'a strategy without a name'}.")
    return found


def _refuse_unknown_words(read: Registration) -> None:
    """The seed's lookup tables say which words may stand in its rows. Raises RegistrationRefused."""
    _refuse_words("configurations", read.configurations, "target_type", TargetType)
    _refuse_words("jobs", read.jobs, "target_type", TargetType)
    _refuse_words("jobs", read.jobs, "job_type", JobType)
    _refuse_words("jobs", read.jobs, "schedule_type", ScheduleType)


def _refuse_words(where: str, rows: Sequence[Row], column: str, model: type[models.Model]) -> None:
    known = set(model._default_manager.values_list(column, flat=True)) if rows else set()
    for row in rows:
        if (word := row.values[column]) not in known:
            what = row.values.get("job_name", row.values["target_object"])
            raise RegistrationRefused(f"{where}.{column}", f"{word} (of {what}) is none of {', '.join(sorted(known))}.")
