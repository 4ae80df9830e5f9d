"""On the real Oracle server that ORACLE_TEST_URL names: each item of the trial by itself, and a whole run of each strategy."""

from __future__ import annotations

import os
import secrets as randomness
from collections.abc import Iterator

import pytest

from maintenance_portal.management.commands.oracle_smoke import every_item, other_portal
from strategies.platforms.oracle.platform import PLATFORM
from strategies.platforms.oracle.smoke import ground
from strategies.platforms.oracle.smoke.items import Item, State
from strategies.platforms.oracle.smoke.running import result_of
from strategies.platforms.oracle.smoke.stage import Stage
from tests.strategies.platforms.oracle.smoke.runs import RUNS, run_through_the_portal

URL, PASSWORD = os.environ.get("ORACLE_TEST_URL", ""), "ORACLE_TEST_PASSWORD"
if not URL:
    pytest.skip("ORACLE_TEST_URL is not set: nothing is tried on a real Oracle server", allow_module_level=True)

pytestmark = [pytest.mark.oracle, pytest.mark.timeout(2400)]
WHOLE = Stage(PLATFORM, PLATFORM.address(URL), os.environ.get(PASSWORD), token=randomness.token_hex(4))
PORTAL = other_portal(WHOLE)


@pytest.fixture(scope="module")
def whole_stage() -> Iterator[Stage]:
    try:
        assert ground.survey(WHOLE) == []
        yield WHOLE
    finally:
        PORTAL.close()
        WHOLE.leave()
    assert WHOLE.left == []


@pytest.fixture
def stage(whole_stage: Stage) -> Iterator[Stage]:
    yield whole_stage
    whole_stage.clear()


@pytest.mark.parametrize("item", every_item(PORTAL), ids=lambda item: item.name)
def test_an_item_of_the_trial(item: Item, stage: Stage) -> None:
    result = result_of(item, stage)
    if result.state is State.NOT_APPLICABLE:
        pytest.skip(result.words)
    assert result.state is State.PASSED, result.words


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("strategy", RUNS)
def test_a_whole_run_through_the_portal(strategy: str, stage: Stage) -> None:
    run_through_the_portal(strategy, stage, f"env:{PASSWORD}")
