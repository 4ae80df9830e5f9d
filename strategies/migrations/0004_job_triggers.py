"""The database itself marks jobs whose definition was changed, so that the next tick reads them anew.

As they were then; today's are those of strategies/job_triggers.py.
"""

from typing import Any

from django.db import migrations

_JOBS, _CONFIGS = "generic_maintenance_jobs", "generic_strategy_config"
_OF_JOB = (
    "strategy_name, job_name, schedule_type, schedule_value, schedule_timezone, target_object, target_type, target_id, is_active, "
    "job_parameters, depends_on_jobs, prerequisite_checks, max_parallel_degree, resource_limits"
)
_OF_CONFIG = (
    "strategy_name, target_object, target_type, target_id, is_active, execution_mode, schedule_expression, schedule_timezone, "
    "strategy_config, depends_on_strategies, prerequisite_checks, parallel_degree, batch_size, resource_limits"
)
_UNSETTLE = f"UPDATE {_JOBS} SET is_settled = 'N', next_run = NULL WHERE"  # noqa: S608 (names of ours only)

_INSTALL = {
    "sqlite": [
        f"CREATE TRIGGER gmj_changed AFTER UPDATE OF {_OF_JOB} ON {_JOBS} BEGIN {_UNSETTLE} job_id = NEW.job_id; END",
        f"CREATE TRIGGER gmj_cleared AFTER UPDATE OF next_run ON {_JOBS} "
        "WHEN NEW.next_run IS NULL AND OLD.next_run IS NOT NULL AND NEW.is_settled = 'Y' "
        f"BEGIN {_UNSETTLE} job_id = NEW.job_id; END",
        f"CREATE TRIGGER gsc_added AFTER INSERT ON {_CONFIGS} BEGIN {_UNSETTLE} strategy_name = NEW.strategy_name; END",
        f"CREATE TRIGGER gsc_changed AFTER UPDATE OF {_OF_CONFIG} ON {_CONFIGS} "
        f"BEGIN {_UNSETTLE} strategy_name IN (OLD.strategy_name, NEW.strategy_name); END",
        f"CREATE TRIGGER gsc_deleted AFTER DELETE ON {_CONFIGS} "
        f"BEGIN {_UNSETTLE} strategy_name = OLD.strategy_name; END",
    ],
    "postgresql": [
        "CREATE FUNCTION gmj_unsettle() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.is_settled := 'N'; NEW.next_run := NULL; RETURN NEW; END $$",
        f"CREATE TRIGGER gmj_changed BEFORE UPDATE OF {_OF_JOB} ON {_JOBS} "
        "FOR EACH ROW EXECUTE FUNCTION gmj_unsettle()",
        f"CREATE TRIGGER gmj_cleared BEFORE UPDATE OF next_run ON {_JOBS} FOR EACH ROW "
        "WHEN (NEW.next_run IS NULL AND OLD.next_run IS NOT NULL AND NEW.is_settled = 'Y') EXECUTE FUNCTION gmj_unsettle()",
        "CREATE FUNCTION gsc_unsettle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_UNSETTLE} strategy_name = OLD.strategy_name; END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_UNSETTLE} strategy_name = NEW.strategy_name; END IF; "
        "RETURN NULL; END $$",
        f"CREATE TRIGGER gsc_changed AFTER INSERT OR DELETE OR UPDATE OF {_OF_CONFIG} ON {_CONFIGS} "
        "FOR EACH ROW EXECUTE FUNCTION gsc_unsettle()",
    ],
    "oracle": [],  # it refuses a trigger on the change of a LOB; a later migration installs others
}
_REMOVE = {
    "sqlite": [
        f"DROP TRIGGER IF EXISTS {name}"
        for name in ("gmj_changed", "gmj_cleared", "gsc_added", "gsc_changed", "gsc_deleted")
    ],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS gmj_changed ON {_JOBS}",
        f"DROP TRIGGER IF EXISTS gmj_cleared ON {_JOBS}",
        f"DROP TRIGGER IF EXISTS gsc_changed ON {_CONFIGS}",
        "DROP FUNCTION IF EXISTS gmj_unsettle()",
        "DROP FUNCTION IF EXISTS gsc_unsettle()",
    ],
    "oracle": [],
}


def install(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _INSTALL)


def remove(apps: Any, schema_editor: Any) -> None:
    _run(schema_editor.connection, _REMOVE)


def _run(connection: Any, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0003_jobs_by_the_clock")]

    operations = [migrations.RunPython(install, remove)]
