"""A trial on a server that is not there, in which nobody waits, and whose every statement is held to what Oracle knows.

Imports stand within: this is read before the recorder watches what modules build.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, statements_for_oracle: Any) -> Iterator[Any]:
    from strategies.platforms.oracle import sign_in
    from strategies.platforms.oracle.smoke import stopping
    from tests.strategies.platforms.oracle.smoke.server import Server

    found = Server()
    monkeypatch.setattr(sign_in.oracledb, "connect", found.connect)
    monkeypatch.setattr(stopping, "_LIMIT_SECONDS", 0.05)
    yield found
    for statement in dict.fromkeys(found.sent):
        statements_for_oracle.read(statement)


@pytest.fixture
def stage(server: Any) -> Iterator[Any]:
    """One on which items may begin."""
    from strategies.platforms.oracle.smoke import ground
    from tests.strategies.platforms.oracle.smoke.stages import a_stage

    found = a_stage()
    assert ground.survey(found) == []
    yield found
    found.leave()
