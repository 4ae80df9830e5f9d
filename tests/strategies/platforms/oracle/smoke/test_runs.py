"""What tests/test_on_oracle.py does on a real server is done here on the one in memory, so that it is not found broken there."""

from __future__ import annotations

import pytest

from maintenance_portal.management.commands.oracle_smoke import tried
from strategies.platforms.oracle.smoke.stage import Stage
from tests.strategies.platforms.oracle.smoke.runs import RUNS, run_through_the_portal
from tests.strategies.platforms.oracle.smoke.server import Server
from tests.strategies.platforms.oracle.smoke.stages import SECRET


def test_every_strategy_of_oracle_has_a_run() -> None:
    assert [one.name for one in tried()] == sorted(RUNS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("strategy", RUNS)
def test_a_whole_run_through_the_portal(
    strategy: str, stage: Stage, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_SECRET", SECRET)
    run_through_the_portal(strategy, stage, "env:ORACLE_SECRET")
    stage.clear()
    assert server.is_empty
