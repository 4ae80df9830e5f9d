"""Paging by key: any page of a long table costs the same, and rows that arrive meanwhile shift nothing.

Rows are in the order of their keys, or of a time (`by`) and of keys where that is the same: what is narrowed by that time has to
be, since no index gives a range of times in the order of keys. Either way a page is asked for by the key of the row beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db.models import DateTimeField, ExpressionWrapper, F, Model, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

M = TypeVar("M", bound=Model)
SIZE = 50
NEAR = timedelta(seconds=1)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows newest first. `older` and `newer` are the keys to go on from, None where there is nothing more."""

    rows: list[M]
    older: int | None
    newer: int | None


def page(rows: QuerySet[M], query: Mapping[str, str], size: int = SIZE, *, by: str | None = None) -> Page[M]:
    """The page that `?before=KEY` or `?after=KEY` asks for; the newest where neither is a key."""
    before, after = _key(query.get("before")), _key(query.get("after"))
    if after is not None and before is None:
        found = list(_in_order(_beside(rows, after, by, later=True), by)[: size + 1])
        has_newer, found = len(found) > size, found[:size][::-1]
        return Page(found, found[-1].pk if found else None, found[0].pk if has_newer else None)
    wanted = rows if before is None else _beside(rows, before, by, later=False)
    found = list(_in_order(wanted, by).reverse()[: size + 1])
    has_older, found = len(found) > size, found[:size]
    newer = found[0].pk if found and before is not None else None
    return Page(found, found[-1].pk if has_older else None, newer)


def batches(rows: QuerySet[M], size: int, *, by: str) -> Iterator[list[M]]:
    """All rows, the oldest first. What is deleted meanwhile, the last row of a batch too, shifts nothing."""
    found = list(_in_order(rows, by)[:size])
    while found:
        yield found
        last = found[-1]
        later = _beyond(rows, by, last.pk, last.pk, getattr(last, by), later=True)
        found = list(_in_order(later, by)[:size])


def _in_order(rows: QuerySet[M], by: str | None) -> QuerySet[M]:
    return rows.order_by(*([by] if by else []), "pk")


def _beside(rows: QuerySet[M], key: int, by: str | None, *, later: bool) -> QuerySet[M]:
    """What lies on one side of this key; where no row has it (any more), of the place where its neighbour stands."""
    if by is None:
        return rows.filter(pk__gt=key) if later else rows.filter(pk__lt=key)
    there = rows.model._default_manager.values_list("pk", by)
    neighbour = there.filter(pk__gte=key).order_by("pk").first() or there.order_by("-pk").first()
    return rows.none() if neighbour is None else _beyond(rows, by, key, *neighbour, later=later)


def _beyond(
    rows: QuerySet[M], by: str, key: int, row: int, at: datetime | None, *, later: bool
) -> QuerySet[M]:  # fmt: skip
    """What comes after `key` at the time that `row` has, or before it; `at` is that time, should the row be gone.

    The database compares its own value: SQLite keeps instants as texts, and writes fractions of a second as Django does not.
    It is looked for near that time only, since a log that is partitioned may hold a key twice, at different times.
    """
    kept = ExpressionWrapper(F(by), output_field=DateTimeField())
    near = {} if at is None else {f"{by}__gte": at - NEAR, f"{by}__lte": at + NEAR}
    known = rows.model._default_manager.filter(pk=row, **near).order_by().annotate(kept_time=kept).values("kept_time")
    time = Coalesce(Subquery(known), Value(at, output_field=DateTimeField()))
    reached, passed = ("gte", "lte") if later else ("lte", "gte")
    return _first(rows, Q(**{f"{by}__{reached}": time}) & ~Q(**{by: time, f"pk__{passed}": key}))


def _first(rows: QuerySet[M], condition: Q) -> QuerySet[M]:
    """These rows, with one more condition before the others: of two bounds on one side SQLite gives the first to its index."""
    found = rows.filter(condition)
    conditions = found.query.where.children
    others = len(rows.query.where.children)
    conditions[:] = [*conditions[others:], *conditions[:others]]
    return found


def _key(text: str | None) -> int | None:
    """A key that every database takes as one, or None for whatever else was typed."""
    try:
        key = int(text or "")
    except ValueError:
        return None
    return key if 0 <= key <= _LARGEST else None
