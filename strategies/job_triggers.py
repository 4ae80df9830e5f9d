"""Triggers that leave a job unsettled whenever what defines it is changed, by whatever way, for each database of the portal.

Jobs may be typed and changed in SQL. Without these the tick would have to read all jobs to find out; with them it reads an index.
What was due stays in the row: the tick deals with it (strategies/job_clock.py). A `next_run` that somebody types together with a
change, or until that is read, is told from it by the `clock`, which is away then. Where a run was prepared for the `next_run` that
somebody types over, the row is read anew, too, so that this run gives way; the portal itself notes a `last_due` when it moves on.

A migration that changes a column of these tables may write them anew, and lose the triggers: it installs them again, with
those that see a job go.
"""

from __future__ import annotations

from typing import Any

_JOBS, _CONFIGS = "generic_maintenance_jobs", "generic_strategy_config"
_SET, _THIS = f"UPDATE {_JOBS} SET", "WHERE job_id = NEW.job_id"
_OF_JOB = (
    "strategy_name, job_name, schedule_type, schedule_value, schedule_timezone, target_object, target_type, target_id, is_active, "
    "job_parameters, depends_on_jobs, prerequisite_checks, max_parallel_degree, resource_limits, start_within_minutes"
)
_OF_CONFIG = (
    "strategy_name, target_object, target_type, target_id, is_active, execution_mode, schedule_expression, schedule_timezone, "
    "strategy_config, depends_on_strategies, prerequisite_checks, parallel_degree, batch_size, timeout_seconds, "
    "priority_level, resource_limits"
)


def _of_place(row: str, home: str) -> str:
    """A condition on jobs: a row of the configurations is for their place. NULL and the row of home are one database."""
    place = f"COALESCE(%s.target_id, (SELECT MIN(id) FROM portal_target WHERE {home}))"  # noqa: S608
    return (
        f"strategy_name = {row}.strategy_name AND target_object = {row}.target_object "
        f"AND target_type = {row}.target_type AND {place % _JOBS} = {place % row}"
    )


def _unsettle(condition: str) -> str:
    return f"{_SET} is_settled = 'N' WHERE {condition}"


def _unsettle_in_turn(condition: str) -> str:
    """Of PostgreSQL: locked in the order in which whoever reads many jobs locks them, or each would wait for the other."""
    locked = f"PERFORM 1 FROM {_JOBS} WHERE {condition} ORDER BY job_id FOR NO KEY UPDATE"
    return f"{locked}; {_unsettle(condition)}"


def _waiting_for(job: str) -> str:
    return f"job_id IN (SELECT job_id FROM portal_job_dependency WHERE upstream = {job})"  # noqa: S608


def _updating(columns: str) -> str:
    return "(" + " OR ".join(f"UPDATING('{name.upper()}')" for name in columns.split(", ")) + ")"


def _other(column: str) -> str:
    """Of Oracle: another value than before."""
    new, old = f":NEW.{column}", f":OLD.{column}"
    return f"({new} <> {old} OR ({new} IS NULL AND {old} IS NOT NULL) OR ({new} IS NOT NULL AND {old} IS NULL))"


_NUMBERED, _BOOLEAN = "is_home = 1", "is_home"
_OLD, _NEW = (_unsettle(_of_place(row, _NUMBERED)) for row in ("OLD", "NEW"))
_EITHER = f"({_of_place('OLD', _BOOLEAN)}) OR ({_of_place('NEW', _BOOLEAN)})"  # an added row has no OLD: it is NULL

_INSTALL = {
    "sqlite": [
        f"CREATE TRIGGER gmj_changed AFTER UPDATE OF {_OF_JOB} ON {_JOBS} BEGIN "
        f"{_SET} is_settled = 'N', clock = CASE WHEN NEW.next_run IS OLD.next_run THEN clock END {_THIS}; END",
        f"CREATE TRIGGER gmj_typed AFTER UPDATE OF next_run ON {_JOBS} "
        "WHEN NEW.is_settled = 'N' AND NEW.clock IS NOT NULL AND NEW.next_run IS NOT OLD.next_run "
        f"BEGIN {_SET} clock = NULL {_THIS}; END",
        f"CREATE TRIGGER gmj_cleared AFTER UPDATE OF next_run ON {_JOBS} "
        "WHEN NEW.is_settled = 'Y' AND NEW.clock IS NOT NULL AND NEW.next_run IS NULL AND OLD.next_run IS NOT NULL "
        f"BEGIN {_SET} is_settled = 'N' {_THIS}; END",
        f"CREATE TRIGGER gmj_moved AFTER UPDATE OF next_run ON {_JOBS} "
        "WHEN OLD.is_settled = 'Y' AND NEW.is_settled = 'Y' AND NEW.next_run IS NOT NULL AND NEW.next_run IS NOT OLD.next_run "
        "AND NEW.prepared_for IS NOT NULL AND NEW.last_due IS OLD.last_due "
        f"BEGIN {_SET} is_settled = 'N', clock = NULL {_THIS}; END",
        f"CREATE TRIGGER gsc_added AFTER INSERT ON {_CONFIGS} BEGIN {_NEW}; END",
        f"CREATE TRIGGER gsc_changed AFTER UPDATE OF {_OF_CONFIG} ON {_CONFIGS} BEGIN {_OLD}; {_NEW}; END",
        f"CREATE TRIGGER gsc_deleted AFTER DELETE ON {_CONFIGS} BEGIN {_OLD}; END",
    ],
    "postgresql": [
        "CREATE FUNCTION gmj_unsettle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.is_settled := 'N'; "
        "IF NEW.next_run IS DISTINCT FROM OLD.next_run THEN NEW.clock := NULL; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER gmj_changed BEFORE UPDATE OF {_OF_JOB} ON {_JOBS} "
        "FOR EACH ROW EXECUTE FUNCTION gmj_unsettle()",
        "CREATE FUNCTION gmj_next_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.is_settled = 'N' THEN NEW.clock := NULL; "
        "ELSIF NEW.next_run IS NULL THEN IF NEW.clock IS NOT NULL THEN NEW.is_settled := 'N'; END IF; "
        "ELSIF OLD.is_settled = 'Y' AND NEW.prepared_for IS NOT NULL AND NEW.last_due IS NOT DISTINCT FROM OLD.last_due "
        "THEN NEW.is_settled := 'N'; NEW.clock := NULL; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER gmj_typed BEFORE UPDATE OF next_run ON {_JOBS} FOR EACH ROW "
        "WHEN (NEW.next_run IS DISTINCT FROM OLD.next_run) EXECUTE FUNCTION gmj_next_run()",
        "CREATE FUNCTION gsc_unsettle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"{_unsettle_in_turn(_EITHER)}; RETURN NULL; END $$",
        f"CREATE TRIGGER gsc_changed AFTER INSERT OR DELETE OR UPDATE OF {_OF_CONFIG} ON {_CONFIGS} "
        "FOR EACH ROW EXECUTE FUNCTION gsc_unsettle()",
    ],
    # There LOBs cannot be named in UPDATE OF, and the parameters are LOBs: the body asks what is being updated.
    "oracle": [
        f"CREATE OR REPLACE TRIGGER GMJ_CHANGED BEFORE UPDATE ON {_JOBS} FOR EACH ROW BEGIN "
        f"IF {_updating(_OF_JOB)} THEN :NEW.is_settled := 'N'; "
        f"IF {_other('next_run')} THEN :NEW.clock := NULL; END IF; END IF; END;\n/",
        f"CREATE OR REPLACE TRIGGER GMJ_TYPED BEFORE UPDATE OF next_run ON {_JOBS} FOR EACH ROW BEGIN "
        f"IF {_other('next_run')} THEN IF :NEW.is_settled = 'N' THEN :NEW.clock := NULL; "
        "ELSIF :NEW.next_run IS NULL THEN IF :NEW.clock IS NOT NULL THEN :NEW.is_settled := 'N'; END IF; "
        f"ELSIF :OLD.is_settled = 'Y' AND :NEW.prepared_for IS NOT NULL AND NOT {_other('last_due')} "
        "THEN :NEW.is_settled := 'N'; :NEW.clock := NULL; END IF; END IF; END;\n/",
        f"CREATE OR REPLACE TRIGGER GSC_CHANGED AFTER INSERT OR DELETE OR UPDATE ON {_CONFIGS} FOR EACH ROW BEGIN "
        f"IF DELETING OR {_updating(_OF_CONFIG)} THEN {_unsettle(_of_place(':OLD', _NUMBERED))}; END IF; "
        f"IF INSERTING OR {_updating(_OF_CONFIG)} THEN {_unsettle(_of_place(':NEW', _NUMBERED))}; END IF; END;\n/",
    ],
}
# Jobs that wait for one that is deleted. They are found by rows of a later migration than the triggers above.
_INSTALL_GONE = {
    "sqlite": [
        f"CREATE TRIGGER gmj_gone AFTER DELETE ON {_JOBS} BEGIN {_unsettle(_waiting_for('OLD.job_id'))}; END",
    ],
    "postgresql": [
        "CREATE FUNCTION gmj_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"{_unsettle_in_turn(_waiting_for('OLD.job_id'))}; RETURN NULL; END $$",
        f"CREATE TRIGGER gmj_gone AFTER DELETE ON {_JOBS} FOR EACH ROW EXECUTE FUNCTION gmj_gone()",
    ],
    # There a trigger on a row may not change other rows of its table: that waits for the end of the statement.
    "oracle": [
        f"CREATE OR REPLACE TRIGGER GMJ_GONE FOR DELETE ON {_JOBS} COMPOUND TRIGGER "
        "TYPE numbers IS TABLE OF NUMBER(19) INDEX BY PLS_INTEGER; gone numbers; "
        "AFTER EACH ROW IS BEGIN gone(gone.COUNT + 1) := :OLD.job_id; END AFTER EACH ROW; "
        "AFTER STATEMENT IS BEGIN FORALL i IN 1 .. gone.COUNT "
        f"{_unsettle(_waiting_for('gone(i)'))}; END AFTER STATEMENT; END GMJ_GONE;\n/",
    ],
}
_REMOVE_GONE = {
    "sqlite": ["DROP TRIGGER IF EXISTS gmj_gone"],
    "postgresql": [f"DROP TRIGGER IF EXISTS gmj_gone ON {_JOBS}", "DROP FUNCTION IF EXISTS gmj_gone()"],
    "oracle": ["DROP TRIGGER GMJ_GONE"],
}
_REMOVE = {
    "sqlite": [
        f"DROP TRIGGER IF EXISTS {name}"
        for name in ("gmj_changed", "gmj_typed", "gmj_cleared", "gmj_moved", "gsc_added", "gsc_changed", "gsc_deleted")
    ],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS gmj_changed ON {_JOBS}",
        f"DROP TRIGGER IF EXISTS gmj_typed ON {_JOBS}",
        f"DROP TRIGGER IF EXISTS gsc_changed ON {_CONFIGS}",
        "DROP FUNCTION IF EXISTS gmj_unsettle()",
        "DROP FUNCTION IF EXISTS gmj_next_run()",
        "DROP FUNCTION IF EXISTS gsc_unsettle()",
    ],
    "oracle": ["DROP TRIGGER GMJ_CHANGED", "DROP TRIGGER GMJ_TYPED", "DROP TRIGGER GSC_CHANGED"],
}


def install(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _INSTALL)


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _REMOVE)


def install_gone(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _INSTALL_GONE)


def remove_gone(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _REMOVE_GONE)


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
