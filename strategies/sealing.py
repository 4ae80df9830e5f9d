"""Seals committed audit entries: one order without gaps, in which each digest covers the entry and the digest before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import IntegrityError, transaction

from strategies.batches import Budget, is_spent
from strategies.models import AuditEntry, AuditSeal, UnsealedEntry

BATCH = 500
_BEFORE_THE_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold: the seal's number, and what is wrong in a sentence."""

    number: int
    why: str


def seal(moment: datetime, budget: Budget | None = None) -> int:
    """Give each committed entry without one its seal, oldest first; how many it gave within the budget.

    Two that do it at once are as safe as one: a number is given once, and whoever comes second gives none.
    """
    given = 0
    while is_behind() or UnsealedEntry.objects.exists():  # looked at without the lock that a writing transaction takes
        try:
            with transaction.atomic():
                found = _seal_batch(moment)
        except IntegrityError:  # another process gave these numbers just now
            return given
        given += found
        if found < BATCH or is_spent(budget):
            break
    return given


def _seal_batch(moment: datetime) -> int:
    last = AuditSeal.objects.order_by("-number").first()
    given, digest = (last.number, last.digest) if last is not None else (0, _BEFORE_THE_FIRST)
    entries = _unsealed()
    seals = []
    for number, entry in enumerate(entries, given + 1):
        digest = digest_of(number, digest, entry)
        seals.append(AuditSeal(number=number, entry=entry, digest=digest, sealed_at=moment))
    AuditSeal.objects.bulk_create(seals)
    UnsealedEntry.objects.filter(pk__in=[entry.pk for entry in entries]).delete()
    return len(entries)


def _unsealed() -> Sequence[AuditEntry]:
    """What waits, by key. Entries from before there were seals wait without a row that says so: all above the highest that has one."""
    highest = AuditSeal.objects.order_by("-entry").values_list("entry", flat=True).first() or 0
    late = UnsealedEntry.objects.filter(entry__lt=highest).order_by("entry").values_list("entry", flat=True)[:BATCH]
    found = list(AuditEntry.objects.filter(pk__in=list(late)).order_by("pk")) if late else []
    rest = AuditEntry.objects.filter(pk__gt=highest).order_by("pk")[: BATCH - len(found)]
    return [*found, *rest]


def digest_of(number: int, before: str, entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, over the number, the digest before it and all columns of the entry as canonical JSON (RFC 8785's
    order of keys, no spaces), so that anybody can compute it anew."""
    told = [
        number, before, entry.pk, entry.at.astimezone(UTC).isoformat(), entry.actor, entry.action, entry.object_type, entry.object_id,
        entry.object_name, entry.target_id, entry.before, entry.after, entry.reason, entry.address,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check(start: int = 1) -> Iterator[Broken | int]:
    """Compute the chain anew from a number on: what does not hold, and after each batch the number that was reached.

    The first digest is computed from its entry when the number is 1; else it is taken as it stands, so compare it with one that
    was kept elsewhere.
    """
    before = _BEFORE_THE_FIRST if start == 1 else None
    expected = start
    while seals := list(AuditSeal.objects.filter(number__gte=expected).order_by("number")[:BATCH]):
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            if seal.number != expected:
                yield Broken(seal.number, f"seals {expected} to {seal.number - 1} are gone")
                before = None
            if before is not None and (why := _why_broken(seal, before, entries.get(seal.entry_id))):
                yield Broken(seal.number, why)
            before, expected = seal.digest, seal.number + 1
        yield seals[-1].number


def _why_broken(seal: AuditSeal, before: str, entry: AuditEntry | None) -> str:
    if entry is None:
        return f"its entry {seal.entry_id} is gone"
    if digest_of(seal.number, before, entry) != seal.digest:
        return f"entry {entry.pk} is not what was sealed, or the seal before it is not"
    return ""


def is_behind() -> bool:
    """Whether entries above all that have a seal wait for theirs: for some time after an update also those of years ago."""
    highest = AuditSeal.objects.order_by("-entry").values_list("entry", flat=True).first() or 0
    return AuditEntry.objects.filter(pk__gt=highest).exists()


def unsealed() -> int:
    """Entries that wait for a seal: a few that were written in the last second, unless the beat stands still."""
    return UnsealedEntry.objects.count()
