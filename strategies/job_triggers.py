"""Triggers that leave a job unsettled whenever what defines it is changed, by whatever way, for each database of the portal.

Jobs may be typed and changed in SQL. Without these the tick would have to read all jobs to find out; with them it reads an index.
What was due stays in the row: the tick deals with it (strategies/job_clock.py). A `next_run` that somebody types together with a
change, or until that is read, is told from it by the `clock`, which is away then.

A migration that changes a column of these tables may write them anew, and lose the triggers: it installs them again.
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


def _unsettle(row: str, home: str) -> str:
    """Unsettle the jobs of the place that a row of the configurations is for: NULL and the row of home are one database."""
    place = f"COALESCE(%s.target_id, (SELECT MIN(id) FROM portal_target WHERE {home}))"  # noqa: S608
    return (
        f"{_SET} is_settled = 'N' WHERE strategy_name = {row}.strategy_name "
        f"AND target_object = {row}.target_object AND target_type = {row}.target_type "
        f"AND {place % _JOBS} = {place % row}"
    )


def _updating(columns: str) -> str:
    return "(" + " OR ".join(f"UPDATING('{name.upper()}')" for name in columns.split(", ")) + ")"


# Of Oracle: another instant than before.
_OTHER = (
    "(:NEW.next_run <> :OLD.next_run OR (:NEW.next_run IS NULL AND :OLD.next_run IS NOT NULL) "
    "OR (:NEW.next_run IS NOT NULL AND :OLD.next_run IS NULL))"
)
_NUMBERED, _BOOLEAN = "is_home = 1", "is_home"
_OLD, _NEW = (_unsettle(row, _NUMBERED) for row in ("OLD", "NEW"))

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
        "ELSIF NEW.next_run IS NULL AND NEW.clock IS NOT NULL THEN NEW.is_settled := 'N'; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER gmj_typed BEFORE UPDATE OF next_run ON {_JOBS} FOR EACH ROW "
        "WHEN (NEW.next_run IS DISTINCT FROM OLD.next_run) EXECUTE FUNCTION gmj_next_run()",
        "CREATE FUNCTION gsc_unsettle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_unsettle('OLD', _BOOLEAN)}; END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_unsettle('NEW', _BOOLEAN)}; END IF; "
        "RETURN NULL; END $$",
        f"CREATE TRIGGER gsc_changed AFTER INSERT OR DELETE OR UPDATE OF {_OF_CONFIG} ON {_CONFIGS} "
        "FOR EACH ROW EXECUTE FUNCTION gsc_unsettle()",
    ],
    # There LOBs cannot be named in UPDATE OF, and the parameters are LOBs: the body asks what is being updated.
    "oracle": [
        f"CREATE OR REPLACE TRIGGER GMJ_CHANGED BEFORE UPDATE ON {_JOBS} FOR EACH ROW BEGIN "
        f"IF {_updating(_OF_JOB)} THEN :NEW.is_settled := 'N'; "
        f"IF {_OTHER} THEN :NEW.clock := NULL; END IF; END IF; END;\n/",
        f"CREATE OR REPLACE TRIGGER GMJ_TYPED BEFORE UPDATE OF next_run ON {_JOBS} FOR EACH ROW BEGIN "
        f"IF {_OTHER} AND :NEW.is_settled = 'N' THEN :NEW.clock := NULL; "
        "ELSIF :NEW.next_run IS NULL AND :OLD.next_run IS NOT NULL AND :NEW.clock IS NOT NULL "
        "THEN :NEW.is_settled := 'N'; END IF; END;\n/",
        f"CREATE OR REPLACE TRIGGER GSC_CHANGED AFTER INSERT OR DELETE OR UPDATE ON {_CONFIGS} FOR EACH ROW BEGIN "
        f"IF DELETING OR {_updating(_OF_CONFIG)} THEN {_unsettle(':OLD', _NUMBERED)}; END IF; "
        f"IF INSERTING OR {_updating(_OF_CONFIG)} THEN {_unsettle(':NEW', _NUMBERED)}; END IF; END;\n/",
    ],
}
_REMOVE = {
    "sqlite": [
        f"DROP TRIGGER IF EXISTS {name}"
        for name in ("gmj_changed", "gmj_typed", "gmj_cleared", "gsc_added", "gsc_changed", "gsc_deleted")
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


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
