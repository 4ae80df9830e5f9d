"""Items that copy a table of our own and measure it: nothing else is copied, dropped or asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from strategies.platforms.oracle import statistics_statements
from strategies.platforms.oracle.backup import CONCERN as BACKUP
from strategies.platforms.oracle.monitoring import CONCERN as MONITORING
from strategies.platforms.oracle.smoke.items import Item, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.platforms.oracle.smoke.working import carry_out, only_step
from strategies.routines.backup_maintenance import BackupParameters
from strategies.routines.monitoring_maintenance import MonitoringParameters

COPIES, MEASURES = "Backup maintenance", "Monitoring maintenance"
_HOSTILE = " it's a select é"


def items() -> Iterator[Item]:
    for name, title, ending in (
        ("backup_copy", "A table is copied, the copy is known by its mark, and an undo drops it", ""),
        ("backup_names", "The same of a name with blanks, lower case and quotes", _HOSTILE),
    ):
        yield Item(name, COPIES, title, partial(_copy, ending), changes=True)
    yield Item(
        "monitoring_measures", MEASURES, "A table and the oldest transaction are measured", _measure, changes=True
    )


def _copy(ending: str, stage: Stage) -> str:
    table = stage.table(rows=1000, name=stage.name(ending))
    parameters = BackupParameters(lock_wait_seconds=30)
    findings = BACKUP.assess(stage.session, parameters, stage.shown(table)).findings
    step = only_step(findings, BACKUP.steps(findings, parameters))
    for kind in ("TABLE", "DROPPED TABLE"):  # remembered before the step makes it, so that it goes whatever happens
        stage.make(kind, step.check["copy"])
    made = carry_out(stage, BACKUP, step).message
    if BACKUP.assess(stage.session, parameters, stage.shown(table)).findings:
        raise Unexpected("The copy that was just made is not known again.")
    return f"{made} {carry_out(stage, BACKUP, step.reversal()).message}"


def _measure(stage: Stage) -> str:
    """The table has no column with an age, and no statistics until they are gathered."""
    table = stage.table(rows=1000)
    stage.session.alter(statistics_statements.gather(stage.owner, table))
    parameters = MonitoringParameters(largest_mb=1_000_000, most_rows=10, longest_transaction_minutes=525_600)
    seen = MONITORING.assess(stage.session, parameters, stage.shown(table))
    told = [carry_out(stage, MONITORING, step) for step in MONITORING.steps(seen.checks, parameters)]
    if not any(one.finding is not None for one in told):
        raise Unexpected("1,000 rows are beyond a limit of 10, and nothing was found.")
    return " ".join([*(one.message for one in told), *seen.notes])
