"""Every step that a test has a concern build is held to the list of statements that people read before they let the portal in."""

from __future__ import annotations

import pytest

from strategies import registry
from tests.strategies.platforms.declared import builders, declared, held, patterns
from tests.strategies.platforms.labels import _evidence_is_labelled  # noqa: F401 (a fixture for every test here)


@pytest.fixture(autouse=True)
def _statements_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    for platform in registry.platforms():
        for name, routine in registry.routines().items():
            if registry.supports(platform, name):
                forms = patterns(declared(platform, routine.concern))
                for place, builder in builders(platform, name):
                    monkeypatch.setattr(place, builder, held(getattr(place, builder), forms, f"{platform} {name}"))
