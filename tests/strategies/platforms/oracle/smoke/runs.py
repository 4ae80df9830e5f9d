"""A whole run of each strategy through the portal, on a table that has a need for it; on any server that a stage stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strategies import targets
from strategies.audit import Actor
from strategies.models import Tenant
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.targets import TargetValues
from tests.maintenance_portal.commands.conftest import command


@dataclass(frozen=True)
class Expected:
    """Parameters of a run, and how many steps come of it."""

    steps: int = 1
    parameters: Mapping[str, object] = field(default_factory=dict)


RUNS = {
    "INDEX_MAINTENANCE": Expected(parameters={"allow_blocking": "yes"}),
    "INTEGRITY_VALIDATION": Expected(),
    "SPACE_MAINTENANCE": Expected(steps=0),  # the segment advisor knows nothing yet of a table that is a moment old
    "STATISTICS_MAINTENANCE": Expected(parameters={"minimum_rows": 1}),
}


def run_through_the_portal(strategy: str, stage: Stage, secret: str) -> None:
    """Plants, registers, runs and proves. `secret` is a reference such as env:NAME; the stage is to be cleared by the caller."""
    table = stage.table(rows=1000)
    index = stage.index(table)
    if strategy == "INDEX_MAINTENANCE":
        stage.session.alter(statements.spoil(stage.owner, index))
    values = TargetValues(
        name="trial", platform="oracle", url=stage.address.url, tenant=Tenant.objects.get(name="Main"), secret=secret
    )
    targets.register(Actor("anna"), values)
    expected = RUNS[strategy]
    settings = [word for name, value in expected.parameters.items() for word in ("--set", f"{name}={value}")]
    said = command("run_strategy", strategy, "--target", "trial", "--object", stage.shown(table), *settings, "--json")
    assert said.code == 0, said.out + said.err
    assert said.answer["status"] == "succeeded"
    assert len(said.answer["plan"]["steps"]) == expected.steps
    about = {stage.shown(table), stage.shown(index)}
    done = [operation for operation in said.answer["operations"] if operation["object"] in about]
    assert [operation["status"] for operation in done] == ["SUCCESS"] * expected.steps
