"""Parts of the trial on a real Oracle server: strategies that are generated there and here, deployed, and put back after a drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from maintenance_portal.other_portal import Portal
from strategies.generator.library import Template, library
from strategies.platforms.oracle.smoke.items import Unexpected
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.plsql.scripts import GENERATOR, statements

DEPLOYMENT, DEPLOYED = "STRATEGY_DEPLOYMENT", "SMOKE_DEPLOYED"
DRIFT = (
    "UPDATE generic_maintenance_jobs SET max_parallel_degree = max_parallel_degree + 1 "  # noqa: S608 (a name of ours)
    f"WHERE strategy_name = '{DEPLOYED}'"
)
LOGGED = f"generic_operation_log l WHERE l.strategy_name = '{DEPLOYED}' AND l.status = 'SUCCESS'"
_WITHIN = 600.0  # seconds


def compare(portal: Portal, stage: Stage, template: Template) -> None:
    """A strategy of this type as the package generates it and as the portal does, which is made then.

    Raises Unexpected, CommandFailed, PlatformError.
    """
    name, folder = f"SMOKE_{template.strategy_type}", portal.folder / template.strategy_type.lower()
    portal.run(*_generated(name, template), "--output", str(folder))
    stage.make("PACKAGE", f"{name}_PKG", lasts=True)
    for part, ending in (("spec", ""), ("body", "_body")):
        call = f"{GENERATOR}.generate_package_{part}('{name}', '{template.strategy_type}', NULL)"
        block = f"BEGIN OPEN :answer FOR SELECT {call} AS text FROM dual; END;"  # noqa: S608 (ours)
        (row,) = stage.session.cursor_rows(block, {}, most=1)
        has = str(row["text"])
        wanted = (folder / "plsql" / f"{name.lower()}_pkg{ending}.sql").read_text(encoding="utf-8")
        if has != wanted:
            raise Unexpected(f"{call} has another text than Python, {_first_difference(has, wanted)}.")
        for statement in statements(wanted):
            stage.session.alter(statement)


def deployed_and_put_back(portal: Portal, send: Callable[[str], None]) -> str:
    """Generate a strategy, deploy it to home, change what it brought, and have that found and put back.

    Raises Unexpected, CommandFailed.
    """

    def asked(*words: str) -> Any:
        return json.loads(portal.run(*words, "--json", seconds=_WITHIN))

    def differs() -> list[str]:
        return [str(one["object"]) for one in asked("assess", "home", "--strategy", DEPLOYMENT)["findings"]]

    folder = str(portal.folder / "deployed")
    asked(*_generated(DEPLOYED, library().templates["MAINTENANCE"]), "--jobs", "MAINTENANCE", "--output", folder)
    (brought,) = asked("deploy_strategy", DEPLOYED)["runs"]
    if found := differs():
        raise Unexpected(f"Just after it was deployed this differs: {', '.join(found)}.")
    send(DRIFT)
    drifted = differs()
    if not drifted:
        raise Unexpected("A job that was changed was not found.")
    mended = asked("run_strategy", DEPLOYMENT, "--target", "home")
    if found := differs():
        raise Unexpected(f"After it was put back this differs: {', '.join(found)}.")
    steps = len(brought["plan"]["steps"])
    return f"{steps} steps brought it; {', '.join(drifted)} differed then, and was put back: {mended['status']}."


def worked(stage: Stage) -> str:
    """The package that was deployed works on the schema of the trial, in a session that has used none of its packages before.

    Raises Unexpected, PlatformError.
    """
    session = stage.open(0)
    session.alter(f"BEGIN {DEPLOYED}_PKG.execute_strategy('ALL'); END;")
    logged = session.number(f"BEGIN SELECT COUNT(*) INTO :answer FROM {LOGGED}; END;", {})  # noqa: S608 (ours)
    if not logged:
        raise Unexpected(f"{DEPLOYED}_PKG has logged nothing that it did.")
    block = f"BEGIN :answer := {DEPLOYED}_PKG.get_strategy_status('ALL'); END;"
    needed = [row for row in session.cursor_rows(block, {}, most=1000) if row["status"] != "SUCCESS"]
    return (
        f"Its package logged {logged} operations that went well, and says of {len(needed)} objects that they need some."
    )


def _generated(name: str, template: Template) -> tuple[str, ...]:
    """The command that generates a strategy of this type with all that it offers, as the package does where it knows no more."""
    operations = [library().operations[one] for one in template.operations]
    targets = dict.fromkeys(target for one in operations for target in sorted(one.target_types))
    return (
        "generate_strategy", name, "--type", template.strategy_type, "--category", "DATABASE", "--description",
        "Generated without a description.", "--targets", ",".join(targets), "--operations", ",".join(template.operations),
    )  # fmt: skip


def _first_difference(has: str, wanted: str) -> str:
    pairs = enumerate(zip_longest(has.splitlines(), wanted.splitlines()), 1)
    return next((f"in line {line}: {one!r}, not {two!r}" for line, (one, two) in pairs if one != two), "in its end")
