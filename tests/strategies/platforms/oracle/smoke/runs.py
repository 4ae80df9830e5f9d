"""A whole run of each strategy through the portal, on a table that has a need for it; on any server that a stage stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strategies import targets
from strategies.audit import Actor
from strategies.models import Target, Tenant
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.targets import TargetValues
from tests.generated import BODY, NAME, SPECIFICATION, kept, registration
from tests.maintenance_portal.commands.conftest import command


@dataclass(frozen=True)
class Expected:
    """Parameters of a run, and how many steps come of it."""

    steps: int = 1
    parameters: Mapping[str, object] = field(default_factory=dict)
    is_aged: bool = False  # the table has a column with dates
    needs_people: bool = False  # what deletes for good starts only where somebody has agreed


_OLD = {"age_column": "CREATED", "keep_days": 10, "batch_rows": 6}
RUNS = {
    "ARCHIVE_MAINTENANCE": Expected(steps=3, parameters=_OLD, is_aged=True),
    "BACKUP_MAINTENANCE": Expected(),
    "CLEANUP_MAINTENANCE": Expected(steps=2, parameters=_OLD, is_aged=True, needs_people=True),
    "INDEX_MAINTENANCE": Expected(parameters={"allow_blocking": "yes"}),
    "INTEGRITY_VALIDATION": Expected(),
    "MONITORING_MAINTENANCE": Expected(parameters={"largest_mb": 1000}),
    "SPACE_MAINTENANCE": Expected(steps=0),  # the segment advisor knows nothing yet of a table that is a moment old
    "STATISTICS_MAINTENANCE": Expected(parameters={"minimum_rows": 1}),
    "STRATEGY_DEPLOYMENT": Expected(parameters={"strategy": NAME}),
}


def _version(stage: Stage) -> str:
    """Keep a version that brings a package under a name of the trial's own."""
    name = stage.name("_PKG")
    stage.make("PACKAGE", name)
    specification, body = (source.replace(f"{NAME}_PKG", name) for source in (SPECIFICATION, BODY))
    kept(registration(package={"name": name, "specification": specification, "body": body}))
    return name


def run_through_the_portal(strategy: str, stage: Stage, secret: str) -> None:
    """Plants, registers, runs and proves. `secret` is a reference such as env:NAME; the stage is to be cleared by the caller."""
    expected = RUNS[strategy]
    table = stage.aged_table(20) if expected.is_aged else stage.table(rows=1000)
    index, archive = stage.index(table), f"{table}_ARCHIVE"
    stage.make("TABLE", archive)
    if strategy == "INDEX_MAINTENANCE":
        stage.session.alter(statements.spoil(stage.owner, index))
    values = TargetValues(
        name="trial", platform="oracle", url=stage.address.url, tenant=Tenant.objects.get(name="Main"), secret=secret
    )
    targets.register(Actor("anna"), values)
    target_object, about = stage.shown(table), {stage.shown(table), stage.shown(index), stage.shown(archive)}
    if strategy == "STRATEGY_DEPLOYMENT":
        target_object, about = "ALL", {_version(stage)}
    settings = [word for name, value in expected.parameters.items() for word in ("--set", f"{name}={value}")]
    said = command("run_strategy", strategy, "--target", "trial", "--object", target_object, *settings, "--json")
    assert len(said.answer["plan"]["steps"]) == expected.steps
    if expected.needs_people:
        assert said.answer["reasons"][0]["sentence"] == "It waits for the approval of 1 approver."
        return
    assert said.code == 0, said.out + said.err
    for step in said.answer["plan"]["steps"]:
        if copy := step["evidence"].get("copy"):
            stage.make("TABLE", copy)  # the run has made it; so it goes with the stage
    assert said.answer["status"] == "succeeded"
    if strategy == "STRATEGY_DEPLOYMENT":  # so that jobs find the package
        assert Target.objects.get(name="trial").is_being_checked
    done = [operation for operation in said.answer["operations"] if operation["object"] in about]
    assert [operation["status"] for operation in done] == ["SUCCESS"] * expected.steps
