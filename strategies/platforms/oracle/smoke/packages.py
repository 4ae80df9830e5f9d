"""Items of the PL/SQL side: packages under names of the trial's own compile, log, report and care; examples run as in a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from strategies.in_database import PackageRoutine
from strategies.platforms.oracle.names import literal
from strategies.platforms.oracle.packages import Package
from strategies.platforms.oracle.smoke.items import Item, NotApplicable, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.platforms.oracle.smoke.working import carry_out
from strategies.plsql.scripts import Place, Unit, example, statements, unit_of, units

PACKAGES = "Strategies in packages"
_RIGHTS = ("CREATE TABLE", "CREATE SEQUENCE", "CREATE TRIGGER", "CREATE PROCEDURE")
_CLOCK = timedelta(minutes=10)  # by which the clocks of the two machines may differ
REPORTS = (
    "get_registered_strategies", "get_operation_log", "get_performance_summary", "get_error_summary", "get_strategy_statistics",
    "get_job_execution_summary", "get_performance_trends", "get_log_table_size_info", "check_log_table_health",
)  # fmt: skip


def items() -> Iterator[Item]:
    for name, title, run in (
        ("packages_compile", "The tables and packages of the logger are made, and compile", _compile),
        ("packages_log", "What is logged survives the caller's rollback, in UTC, with its duration", _log),
        ("packages_reports", "Each report can be asked as a table", _report),
        ("packages_care", "Switches silence, retention and archive move rows, and what cannot be says so", _care),
        ("packages_example", "The example of a strategy is planned, called and verified as in a run", _example),
        ("packages_index_example", "The example of index maintenance rebuilds an unusable index", _index_example),
    ):
        yield Item(name, PACKAGES, title, run, changes=True, limit_seconds=300.0)


def renamed(stage: Stage, statement: str) -> str:
    """The same under names of this trial, so that no installation that is there is touched."""
    names = r"\b(generic_|my_strategy|index_maintenance_pkg|strategy_implementation_generator)"
    lower, upper = stage.prefix.lower(), stage.prefix
    statement = re.sub(names, lambda found: lower + found[1].removeprefix("generic_"), statement)
    return re.sub(
        names.upper().replace(r"\B", r"\b"), lambda found: upper + found[1].removeprefix("GENERIC_"), statement
    )


def logger(stage: Stage) -> str:
    return renamed(stage, "generic_maintenance_logger_pkg")


def _make(stage: Stage, unit: Unit) -> None:
    name, statement = renamed(stage, unit.name), renamed(stage, unit.statement)
    if unit.kind in ("TABLE", "PACKAGE"):  # the others go with these
        stage.make(unit.kind, name, statement)
    else:
        stage.session.alter(statement)


def install(stage: Stage, more: tuple[Unit, ...] = ()) -> str:
    """The packages and their tables, and more behind them. Raises NotApplicable, Unexpected."""
    stage.need(*_RIGHTS)
    made = (*units(Place.TARGET), *more)
    for unit in made:
        _make(stage, unit)
    compiled(stage, [renamed(stage, unit.name) for unit in made if unit.is_code])
    return f"{len(made)} statements"


def compiled(stage: Stage, names: list[str]) -> None:
    """Raises Unexpected with the database's words."""
    listed = ", ".join(map(literal, names))
    block = (
        "BEGIN OPEN :answer FOR SELECT e.name, e.type, e.line, e.text FROM user_errors e "  # noqa: S608 (literals of ours)
        f"WHERE e.name IN ({listed}) AND e.attribute = 'ERROR' ORDER BY e.name, e.type, e.sequence; END;"
    )
    rows = stage.session.cursor_rows(block, {}, most=10)
    if rows:
        told = [
            f"{row['type']} {row['name']}, line {row['line']}: {' '.join(str(row['text']).split())}" for row in rows
        ]
        raise Unexpected("It does not compile: " + "; ".join(told))


def _compile(stage: Stage) -> str:
    return f"{install(stage)}, all of them without an error."


def _log(stage: Stage) -> str:
    install(stage)
    bare = stage.connection()
    with bare.cursor() as cursor:
        number = cursor.var(int)
        cursor.execute(f"BEGIN :answer := {logger(stage)}.log_strategy_start('SMOKE', 'T', 'TABLE', '{{\"n\": 1}}'); END;",
                       {"answer": number})  # fmt: skip
        cursor.execute(
            f"BEGIN {logger(stage)}.log_strategy_end({int(number.getvalue()):d}, 'ERROR', 'Failed: ORA-00054: busy'); END;"
        )
    bare.rollback()
    (row,) = stage.session.cursor_rows(
        "BEGIN OPEN :answer FOR SELECT l.status, l.error_code, l.duration_ms, l.cpu_time_ms, l.operation_time, l.strategy_context "  # noqa: S608
        f"FROM {renamed(stage, 'generic_operation_log')} l; END;",
        {}, most=2,
    ) or ({},)  # fmt: skip
    if (row.get("status"), row.get("error_code")) != ("ERROR", "ORA-00054") or row["duration_ms"] is None:
        raise Unexpected(f"After the rollback the log says {dict(row)}.")
    away = abs(datetime.now(UTC) - row["operation_time"].replace(tzinfo=UTC))
    if away > _CLOCK:
        raise Unexpected(f"The instant is {away} away from UTC here: {row['operation_time']}.")
    return f"ERROR with its code, {row['duration_ms']} ms, {away.total_seconds():.0f} s from the clock here."


def _report(stage: Stage) -> str:
    install(stage)
    stage.session.alter(
        f"BEGIN {logger(stage)}.register_strategy('SMOKE'); "
        f"{logger(stage)}.log_job_execution('SMOKE', 'nightly', 'ERROR', 'ORA-00054: busy', 1500); END;"
    )
    found = {}
    for name in REPORTS:
        block = f"BEGIN SELECT COUNT(*) INTO :answer FROM TABLE({logger(stage)}.{name}); END;"  # noqa: S608 (ours)
        found[name] = stage.session.number(block, {})
    wanted = {**dict.fromkeys(REPORTS, 1), "get_performance_trends": 30, "check_log_table_health": 0}
    if found != wanted:
        raise Unexpected(f"Rows by report: {found}; {wanted} are right.")
    length = stage.session.number(f"BEGIN :answer := LENGTH({logger(stage)}.generate_log_report); END;", {})
    return f"{len(REPORTS)} reports gave the rows that they should; the report as text has {length} characters."


def _care(stage: Stage) -> str:
    install(stage)
    package, archive = logger(stage), stage.name("_ARCHIVE")
    stage.session.alter(f"BEGIN {package}.set_strategy_logging('SMOKE', FALSE); END;")
    start = f"BEGIN :answer := {package}.log_strategy_start('SMOKE'); END;"
    if stage.session.number(start, {}) is not None:
        raise Unexpected("A strategy that is switched off wrote a row.")
    stage.session.alter(
        f"BEGIN {package}.set_strategy_logging('SMOKE', TRUE); {package}.set_log_retention_days(30); END;"
    )
    stage.session.alter(f"BEGIN {package}.log_operation('SMOKE', 'CLEANUP'); {package}.cleanup_old_logs; END;")
    stage.make("TABLE", archive)  # made by the package; removed after the item
    stage.session.alter(f"BEGIN {package}.archive_logs('{archive}', SYSDATE - 1, SYSDATE + 1); END;")
    moved = stage.session.number(f"BEGIN SELECT COUNT(*) INTO :answer FROM {archive}; END;", {})  # noqa: S608 (ours)
    refused = stage.session.number(
        f"BEGIN {package}.compress_log_partitions; :answer := 0; EXCEPTION WHEN OTHERS THEN :answer := SQLCODE; END;",
        {},
    )
    if not moved or refused != -20707:
        raise Unexpected(f"{moved} rows were moved, and compressing without partitions gave {refused}.")
    return f"{moved} rows were moved into the archive; there is nothing to compress without partitions, as it says."


def statements_of(file: str) -> list[str]:
    """Of an example of the documents. Raises NotApplicable where this installation has no documents."""
    try:
        return statements(example(file))
    except FileNotFoundError:
        raise NotApplicable("The folder docs/examples is not part of this installation.") from None


def _example(stage: Stage) -> str:
    table = stage.table(rows=100)
    return _run_example(stage, "my_strategy_pkg", "MY_STRATEGY", table, {"operation": "MAINTAIN"})


def _index_example(stage: Stage) -> str:
    table = stage.table(rows=100)
    index = stage.index(table)
    stage.session.alter(f'ALTER INDEX "{stage.owner}"."{index}" UNUSABLE')
    return _run_example(stage, "index_maintenance_strategy", "INDEX_MAINTENANCE", table, {"online": False})


def _run_example(stage: Stage, file: str, strategy: str, target_object: str, values: dict[str, object]) -> str:
    sent = statements_of(file)
    install(stage)
    made = [unit for statement in sent if (unit := unit_of(statement)) is not None]
    for unit in made:
        _make(stage, unit)
    compiled(stage, [renamed(stage, unit.name) for unit in made])
    own = renamed(stage, f"{strategy}_PKG").removesuffix("_PKG")
    routine, concern = PackageRoutine(own), Package(own)
    typed = routine.read_parameters(values)
    seen = routine.assess(stage.session, concern, typed, target_object)
    (step,) = routine.plan(
        platform="oracle", target="smoke", concern=concern, parameters=typed, assessment=seen
    ).steps  # fmt: skip
    said = carry_out(stage, concern, step).message
    table = renamed(stage, "generic_operation_log")
    block = f"BEGIN SELECT COUNT(*) INTO :answer FROM {table} l WHERE l.status = 'SUCCESS'; END;"  # noqa: S608 (ours)
    logged = stage.session.number(block, {})
    if not logged:
        raise Unexpected(f"{said} But it logged nothing.")
    return f"{said} {logged} rows in its log."
