"""What changing the operation log's table would do, as a value that is shown before anything is done."""

from __future__ import annotations

from dataclasses import dataclass


class PartitionRefused(ValueError):
    """It cannot be done; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`known` are sentences: how much there is, what is locked for how long, and what cannot be taken back.

    Statements `beside` run one after the other while everybody works; those `at_once` in one transaction, or not at all.
    """

    title: str
    known: tuple[str, ...]
    beside: tuple[str, ...]
    at_once: tuple[str, ...]
