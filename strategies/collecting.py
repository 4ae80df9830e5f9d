"""Reads what strategies in a database have logged into tables of its own, and keeps it in the operation log, each row once."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from strategies import targets
from strategies.models import UNFINISHED, CollectedOperation, LogCollection, OperationLog, Target
from strategies.operation_log import clean, clip
from strategies.platforms.base import PlatformError, Row

log = logging.getLogger(__name__)

# A row is in sight when its transaction commits, which is later than it says: the latest minutes are read again each time, and
# a whole day once an hour. Longer than that no transaction is expected to stay open that logs.
OVERLAP, WIDE, WIDE_EVERY = timedelta(minutes=2), timedelta(days=1), timedelta(hours=1)
KEPT = timedelta(
    days=2
)  # longer than a look goes back behind the latest change: what is gone here is not collected again
LONGEST_WAIT = timedelta(minutes=10)
READ_JUST_NOW = timedelta(seconds=3)  # so long nobody who looks has it read again
AT_MOST = 20  # portions in one task; the next goes on
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = {
    "strategy_name": 50, "operation_type": 50, "job_name": 128, "target_object": 500, "target_type": 30, "status": 20,
    "message": 2000, "user_name": 150, "session_id": 100, "error_code": 50, "error_message": 2000,
}  # fmt: skip
_FIGURES = ("duration_ms", "cpu_time_ms", "memory_used_mb", "io_operations", "rows_processed", "objects_affected")


def due(moment: datetime) -> Iterator[int]:
    """Targets whose log a worker is to read now, each told to one beat. One query, and one for each that is due."""
    every = timedelta(seconds=settings.PORTAL_COLLECT_SECONDS)
    rows = LogCollection.objects.filter(next_at__lte=moment, target__is_active=True, target__stopped_at=None)
    for pk, next_at in rows.values_list("pk", "next_at"):
        if LogCollection.objects.filter(pk=pk, next_at=next_at).update(next_at=moment + every):
            yield pk


def read_sooner(seen: QuerySet[Target], moment: datetime) -> None:
    """Somebody looks at what these databases say: the next tick has their logs read, so that the page shows it when asked again.

    Not those that were read just now, or are in trouble: these have their time.
    """
    rows = LogCollection.objects.filter(target__in=seen, next_at__gt=moment, collected_at__lt=moment - READ_JUST_NOW)
    rows = rows.filter(error="", reading_at=None)
    if rows.exists():  # a page takes no lock for nothing
        rows.update(next_at=moment)


def collect(target: Target, moment: datetime) -> int:
    """Read what is new or changed; how many rows were kept. Trouble is kept with the collection, and tried again ever less often."""
    mark = LogCollection.objects.get(pk=target.pk)
    is_wide = mark.reading_at is None and not _is_fresh(mark.wide_at, moment)
    since, after = _from(mark, is_wide)
    kept, is_all = 0, False
    try:
        with targets.session(target, "collect") as session, session.at_work(limit_seconds=settings.PORTAL_LOOK_SECONDS):
            platform = targets.platform_of(target)
            for _ in range(AT_MOST):
                rows = platform.logged(session, since, after)
                if is_all := not rows:
                    break
                kept += keep(target, rows)
                since, after = _utc(rows[-1]["changed_at"]), int(rows[-1]["operation_id"])
    except PlatformError as refusal:
        wait = min(LONGEST_WAIT, timedelta(seconds=settings.PORTAL_COLLECT_SECONDS) * 2 ** min(mark.failures, 10))
        rows_ = LogCollection.objects.filter(pk=target.pk)
        rows_.update(error=str(refusal)[:2000], failures=mark.failures + 1, next_at=moment + wait)
        return kept
    LogCollection.objects.filter(pk=target.pk).update(
        error="", failures=0, collected_at=moment, wide_at=moment if is_wide else mark.wide_at, reading_at=None if is_all else since,
        reading_after=0 if is_all else after,
    )  # fmt: skip
    return kept


def _is_fresh(wide_at: datetime | None, moment: datetime) -> bool:
    return wide_at is not None and timedelta(0) <= moment - wide_at < WIDE_EVERY


def _from(mark: LogCollection, is_wide: bool) -> tuple[datetime, int]:
    """Where to begin: where the last look broke off, or so long before what was read that what came late is found."""
    if mark.reading_at is not None:
        return mark.reading_at, mark.reading_after
    return (_BEGINNING if mark.changed_at is None else mark.changed_at - (WIDE if is_wide else OVERLAP)), 0


def keep(target: Target, rows: Sequence[Row]) -> int:
    """Keep one portion; how many rows were new or changed. A row that cannot be kept is named in the log, and stops no other."""
    try:
        return _keep(target, rows)
    except (DataError, IntegrityError):  # of a row; other trouble is the database's, and ends the look
        if len(rows) == 1:
            log.exception("operation %s of %s could not be kept", rows[0]["operation_id"], target)
            return 0
        return sum(keep(target, [row]) for row in rows)


def _keep(target: Target, rows: Sequence[Row]) -> int:
    """In one transaction, in which nobody else collects from this target."""
    with transaction.atomic():
        LogCollection.objects.select_for_update().get(pk=target.pk)
        known = CollectedOperation.objects.in_bulk([key_of(target, row) for row in rows])
        changed = sum(_keep_row(target, row, known.get(key_of(target, row))) for row in rows)
        latest = _utc(rows[-1]["changed_at"])
        marks = LogCollection.objects.filter(pk=target.pk)
        marks.exclude(changed_at__gte=latest).update(changed_at=latest)
    return changed


def key_of(target: Target, row: Row) -> str:
    return f"{target.pk}:{row['operation_id']}:{_utc(row['operation_time']):%Y%m%dT%H%M%S.%f}"


def _keep_row(target: Target, row: Row, known: CollectedOperation | None) -> bool:
    changed_at = _utc(row["changed_at"])
    if known is not None and known.changed_at >= changed_at:
        return False
    values = as_operation(row)
    is_ended = values["status"] not in UNFINISHED
    if known is None:
        operation = OperationLog.objects.create(target=target, **values)
        CollectedOperation.objects.create(
            key=key_of(target, row), target=target, operation_id=operation.pk, changed_at=changed_at, is_ended=is_ended
        )
        return True
    OperationLog.objects.filter(pk=known.operation_id).update(**values)
    CollectedOperation.objects.filter(pk=known.pk).update(changed_at=changed_at, is_ended=is_ended)
    return True


def as_operation(row: Row) -> dict[str, Any]:
    """The columns of our log from a row of theirs. Pure."""
    texts = {name: clip(str(row[name]), length) for name, length in _LENGTHS.items() if row[name] is not None}
    return {
        **dict.fromkeys(_LENGTHS), **texts, **{name: _figure(row[name]) for name in _FIGURES},
        "operation_time": _utc(row["operation_time"]),
        "ended_at": _utc(row["ended_at"]) if row["ended_at"] is not None else None,
        "sql_text": clean(str(row["sql_text"])) if row["sql_text"] is not None else None,
        "strategy_context": {**_context(row["strategy_context"]), "source_operation_id": int(row["operation_id"])},
    }  # fmt: skip


def _context(text: Any) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(str(text))
    except ValueError:
        return {"text": clip(str(text), 2000)}
    return found if isinstance(found, dict) else {"value": found}


def _figure(value: Any) -> Any:
    """What no column of ours holds was not measured."""
    if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
        return None
    figure = Decimal(value)
    is_small, is_whole = abs(figure) < 10**9, figure == int(figure)
    return value if is_small or (is_whole and abs(figure) < 2**63) else None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def prune() -> int:
    """Forget rows that are no longer in the log, a batch at a time; how many. What is there is known, however late it is changed."""
    is_there = Exists(OperationLog.objects.filter(pk=OuterRef("operation_id")))
    read_again = F("target__log_collection__changed_at") - KEPT
    old = CollectedOperation.objects.filter(~is_there, changed_at__lt=read_again).order_by("changed_at")
    keys = list(old.values_list("pk", flat=True)[:500])
    return CollectedOperation.objects.filter(pk__in=keys).delete()[0] if keys else 0
