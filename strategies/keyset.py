"""Paging by key: any page of a long table costs the same, and rows that arrive meanwhile shift nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
SIZE = 50
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Rows newest first. `older` and `newer` are the keys to go on from, None where there is nothing more."""

    rows: list[M]
    older: int | None
    newer: int | None


def page(rows: QuerySet[M], query: Mapping[str, str], size: int = SIZE) -> Page[M]:
    """The page that `?before=KEY` or `?after=KEY` asks for; the newest where neither is a key."""
    before, after = _key(query.get("before")), _key(query.get("after"))
    if after is not None and before is None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
        has_newer, found = len(found) > size, found[:size][::-1]
        return Page(found, found[-1].pk if found else None, found[0].pk if has_newer else None)
    wanted = rows if before is None else rows.filter(pk__lt=before)
    found = list(wanted.order_by("-pk")[: size + 1])
    has_older, found = len(found) > size, found[:size]
    newer = found[0].pk if found and before is not None else None
    return Page(found, found[-1].pk if has_older else None, newer)


def _key(text: str | None) -> int | None:
    """A key that every database takes as one, or None for whatever else was typed."""
    try:
        key = int(text or "")
    except ValueError:
        return None
    return key if 0 <= key <= _LARGEST else None
