"""Every key of evidence that a test has a platform bring has a label of its own on pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from maintenance_portal.evidence import unlabelled
from strategies.assessments import Finding
from strategies.plans import Step, Verification


@pytest.fixture(autouse=True)
def _evidence_is_labelled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    seen = collected(monkeypatch)
    yield
    assert not seen, f"without a label in maintenance_portal/evidence.py: {', '.join(sorted(seen))}"


def collected(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The keys without a label of all findings, steps and verifications that are made from now on."""
    seen: set[str] = set()
    for kind in (Finding, Step, Verification):
        monkeypatch.setattr(kind, "__init__", _noticed(vars(kind)["__init__"], seen))
    return seen


def _noticed(make: Any, seen: set[str]) -> Any:
    def begin(self: Any, *args: Any, **named: Any) -> None:
        make(self, *args, **named)
        if isinstance(self.evidence, Mapping):
            seen.update(unlabelled(self.evidence))

    return begin
