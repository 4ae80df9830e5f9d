"""Drops whole partitions of the operation log, where every one of their rows is past its time; what is left goes in batches."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from time import perf_counter

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Q, QuerySet

from monitoring import oracle_partitions, partitions, postgresql_log
from monitoring.expiry import Expiry, all_rows, is_past, start_of
from monitoring.partitions import Partition
from strategies.models import OperationLog

log = logging.getLogger(__name__)

LOCK_WAIT_MS, TRIES, PAUSE_SECONDS = 100, 5, 0.5  # whoever comes while a lock is waited for waits behind
RESTS = 3.0  # times as long as it worked: pages have the database to themselves meanwhile
Keep = Callable[[Counter[str]], None]


def expired(going: Expiry) -> list[Partition]:
    """Partitions that end before all rows of some strategy are kept; whether all their rows go, each is asked."""
    if going.latest is None:
        return []
    limit = start_of(going.latest)
    return [part for part in partitions.of_log() if part.has_whole_drop and part.upper and part.upper <= limit]


def drop(going: Expiry, up_to: int | None, keep: Keep, go_on: Callable[[], None], until: float) -> int:
    """Drop those partitions of which every row goes; how many rows went.

    `keep` is told what goes of each strategy, in the transaction in which it goes. A partition that somebody uses is left
    to the batches.
    """
    gone = 0
    for part in expired(going):
        if perf_counter() >= until:
            break
        if _holds_what_stays(part, going, up_to):
            continue
        go_on()
        began = perf_counter()
        gone += sum(_tried(part, going, up_to, keep).values())
        time.sleep(RESTS * (perf_counter() - began))
    return gone


def _holds_what_stays(part: Partition, going: Expiry, up_to: int | None) -> bool:
    """A look without a lock, where it is likely: the first such row is enough. Elsewhere counting the rows tells."""
    if part.upper is not None and going.earliest is not None and part.upper <= start_of(going.earliest):
        return False
    return _rows(part).filter(~_goes(going, up_to)).exists()


def _tried(part: Partition, going: Expiry, up_to: int | None, keep: Keep) -> Counter[str]:
    for left in reversed(range(TRIES)):
        try:
            return _drop(part, going, up_to, keep)
        except DatabaseError as trouble:
            if not is_in_use(trouble):
                raise
            if left:
                time.sleep(PAUSE_SECONDS)
    log.info("%s is in use: its rows go in batches", part.name)
    return Counter()


def _drop(part: Partition, going: Expiry, up_to: int | None, keep: Keep) -> Counter[str]:
    """What went of each strategy; nothing where a row has come that stays."""
    if connection.vendor == "oracle":
        return _drop_in_oracle(part, going, up_to, keep)
    name = postgresql_log.quoted(part.name)
    with transaction.atomic():
        postgresql_log.ask(f"SET LOCAL lock_timeout = '{LOCK_WAIT_MS}ms'")
        if not _is_still(part):
            return Counter()
        postgresql_log.ask(f"LOCK TABLE {name} IN SHARE MODE")  # nobody writes there while it is counted; all may read
        if (going_rows := _counted(part, going, up_to)) is None:
            return Counter()
        keep(going_rows)
        postgresql_log.ask(f"DROP TABLE {name}")
    return going_rows


def _is_still(part: Partition) -> bool:
    return any(one.name == part.name and one.upper == part.upper for one in partitions.of_log())


def _drop_in_oracle(part: Partition, going: Expiry, up_to: int | None, keep: Keep) -> Counter[str]:
    """Oracle commits before it drops, and gives the lock back: what goes is told first, and taken back where it did not go.

    Whoever is killed between the two has told it, and the next tells it again.
    """
    with transaction.atomic():
        oracle_partitions.lock(part)
        if (going_rows := _counted(part, going, up_to)) is None:
            return Counter()
        keep(going_rows)
    try:
        oracle_partitions.drop(part)
    except DatabaseError:
        with transaction.atomic():
            keep(Counter({name: -count for name, count in going_rows.items()}))
        raise
    return going_rows


def _counted(part: Partition, going: Expiry, up_to: int | None) -> Counter[str] | None:
    """How many rows of which strategy it holds; None where one of them stays."""
    rows = _rows(part).values_list("strategy_name")
    found = list(rows.annotate(n=Count("pk"), past=Count("pk", filter=_goes(going, up_to))))
    if any(past != n for _, n, past in found):
        return None
    return Counter({strategy: n for strategy, n, _ in found})


def _goes(going: Expiry, up_to: int | None) -> Q:
    return is_past(going) if up_to is None else is_past(going) & Q(pk__lte=up_to)


def _rows(part: Partition) -> QuerySet[OperationLog]:
    """All that it holds, whether their time can be read or not."""
    assert part.upper is not None  # noqa: S101 (no other is asked)
    rows = all_rows().filter(operation_time__lt=part.upper)
    return rows if part.lower is None else rows.filter(operation_time__gte=part.lower)


def is_in_use(trouble: DatabaseError) -> bool:
    """Whether somebody else had a lock for too long, in words of PostgreSQL or of Oracle."""
    return postgresql_log.is_lock_trouble(trouble) or "ORA-00054" in str(trouble)
