"""The list of changing statements: that nothing else is sent, and that the check which holds the steps to it notices."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from strategies import registry
from strategies.assessments import Finding, Severity
from strategies.plans import Limits, Step
from strategies.platforms.base import SessionTag
from strategies.platforms.sqlite import platform as sqlite
from tests.strategies.platforms.declared import declared, held, is_declared, pattern, patterns, sample, statements

PLATFORMS = sorted(registry.platforms())
CONCERNS = [
    (platform, routine) for platform in PLATFORMS for routine in registry.routines() if registry.supports(platform, routine)
]  # fmt: skip
FOLDER = Path(registry.__file__).parent / "platforms"
ROW = {
    "table": "generic_maintenance_jobs", "strategy": "S", "key": {"job_name": "it's"}, "values": {"schedule_type": "DAILY"},
    "number": 1, "place": None, "home": 1, "order": 0, "begins_active": True, "row_id": 7, "former": {"schedule_type": "WEEKLY"},
}  # fmt: skip
MEASURES = {
    "oracle": "SELECT t.num_rows AS figure FROM dba_tables t WHERE t.owner = 'A' AND t.table_name = 'B'",
    "postgresql": 'SELECT max("a")::text AS newest, (extract(epoch FROM clock_timestamp() - max("a")::timestamptz) / 3600)::float'
    ' AS figure FROM "a"."b"',
    "sqlite": 'SELECT count(*) AS figure FROM "main"."t"',
}
# Of each concern a finding that it builds a step for: its kind, what is asked for beside the defaults, and its evidence.
SEEN: dict[tuple[str, str], tuple[str, dict[str, Any], dict[str, Any]]] = {
    ("oracle", "ARCHIVE_MAINTENANCE"): ("old_rows", {}, {
        "place": {"owner": "A", "table_name": "B", "column": "AT", "age_type": "DATE", "cutoff_on": "2026-08-31",
                  "archive": "B_ARCHIVE", "columns": ["AT"], "returning": ["AT"], "takes_back": True},
        "archive_exists": False, "archive_table": "A.B_ARCHIVE", "last_batch": 0, "cutoff_at": "2026-08-31T00:00:00Z",
    }),
    ("oracle", "CLEANUP_MAINTENANCE"): ("old_rows", {}, {
        "place": {"owner": "A", "table_name": "B", "column": "AT", "age_type": "DATE", "cutoff_on": "2026-08-31"},
        "cutoff_at": "2026-08-31T00:00:00Z",
    }),
    ("oracle", "BACKUP_MAINTENANCE"): ("no_fresh_copy", {}, {
        "identity": {"owner": "A", "table_name": "B"}, "check": {"columns": ["C d"]}, "copy": "B_b2", "surplus": ["B_b1"],
    }),
    ("oracle", "INDEX_MAINTENANCE"): ("unusable_index", {}, {
        "owner": "A", "index_name": "B", "part_level": "INDEX", "part_name": None, "is_online": False, "rebuild_degree": 1,
        "degree": "1", "instances": "1",
    }),
    ("oracle", "INTEGRITY_VALIDATION"): ("failed_check", {}, {"owner": "A", "table_name": "B", "is_due": True}),
    ("oracle", "MONITORING_MAINTENANCE"): ("too_large", {}, {"is_due": True, "measure": {"statement": MEASURES["oracle"], "limit": 5}}),
    ("oracle", "SPACE_MAINTENANCE"): ("shrinkable_segment", {}, {
        "identity": {"owner": "A", "table_name": "B", "partition_name": None, "segment_type": "TABLE"}, "check": {},
        "row_movement": "DISABLED",
    }),
    ("oracle", "STATISTICS_MAINTENANCE"): ("old_dictionary_statistics", {"gather_dictionary": True}, {"last_analyzed": None}),
    ("postgresql", "ARCHIVE_MAINTENANCE"): ("old_rows", {}, {
        "place": {"schema_name": "s", "table_name": "t", "column": "at", "age_type": "date", "has_parts": False,
                  "cutoff_on": "2026-08-31", "archive": "t_archive", "columns": ["at"], "returning": ["at"], "is_overriding": True},
        "archive_exists": False, "archive_table": "s.t_archive", "last_batch": 0, "cutoff_at": "2026-08-31T00:00:00Z",
    }),
    ("postgresql", "CLEANUP_MAINTENANCE"): ("old_rows", {}, {
        "place": {"schema_name": "s", "table_name": "t", "column": "at", "age_type": "date", "has_parts": True,
                  "cutoff_on": "2026-08-31"},
        "cutoff_at": "2026-08-31T00:00:00Z",
    }),
    ("postgresql", "BACKUP_MAINTENANCE"): ("no_fresh_copy", {}, {
        "identity": {"schema_name": "s", "table_name": "t"}, "check": {"columns": ["a"]}, "copy": "t_b2", "surplus": ["t_b1"],
    }),
    ("postgresql", "INDEX_MAINTENANCE"): ("invalid_index", {}, {"schema_name": "s", "index_name": "i"}),
    ("postgresql", "INTEGRITY_VALIDATION"): ("unvalidated_constraint", {"validate_constraints": True}, {
        "schema_name": "s", "table_name": "t", "constraint_name": "c", "is_due": False,
    }),
    ("postgresql", "MONITORING_MAINTENANCE"): ("too_large", {}, {
        "is_due": True, "measure": {"statement": MEASURES["postgresql"], "limit": 5},
    }),
    ("postgresql", "SPACE_MAINTENANCE"): ("bloated_table", {}, {"schema_name": "s", "table_name": "t", "check": {}}),
    ("postgresql", "STATISTICS_MAINTENANCE"): ("stale_statistics", {}, {"schema_name": "s", "table_name": "t", "check": {}}),
    ("sqlite", "ARCHIVE_MAINTENANCE"): ("old_rows", {}, {
        "place": {"table": "t", "column": "at", "key": "rowid", "values": "texts", "cutoff_on": "2026-08-31", "archive": "t_archive",
                  "columns": ["at"], "returning": ["at"]},
        "archive_exists": False, "archive_table": "t_archive", "last_batch": 0, "cutoff_at": "2026-08-31T00:00:00Z",
    }),
    ("sqlite", "CLEANUP_MAINTENANCE"): ("old_rows", {}, {
        "place": {"table": "t", "column": "at", "key": '"a", "b"', "values": "seconds", "cutoff_on": "2026-08-31"},
        "cutoff_at": "2026-08-31T00:00:00Z",
    }),
    ("sqlite", "BACKUP_MAINTENANCE"): ("no_fresh_copy", {}, {
        "identity": {"table": "t"}, "check": {"columns": ["a"], "journal_mode": "wal"}, "copy": "t_b2", "surplus": ["t_b1"],
    }),
    ("sqlite", "INDEX_MAINTENANCE"): ("bloated_index", {}, {"index": "i", "table": "t", "journal_mode": "wal"}),
    ("sqlite", "INTEGRITY_VALIDATION"): ("failed_check", {}, {"table": "t", "journal_mode": "wal", "is_due": True}),
    ("sqlite", "MONITORING_MAINTENANCE"): ("too_large", {}, {"is_due": True, "measure": {"statement": MEASURES["sqlite"], "limit": 5}}),
    ("sqlite", "SPACE_MAINTENANCE"): ("free_pages", {}, {"auto_vacuum": 0, "journal_mode": "wal"}),
    **{(platform, "STRATEGY_DEPLOYMENT"): ("strategy_drift", {}, {"row": ROW}) for platform in PLATFORMS},
    ("sqlite", "STATISTICS_MAINTENANCE"): ("missing_statistics", {"analysis_limit": 100}, {
        "table": "t", "full_indexes": ["i"], "previous": {"statistics": [["i", "9 1"]], "samples": None},
    }),
}  # fmt: skip


class Evidence(dict[str, Any]):
    """What a test does not say is 1."""

    def __missing__(self, name: str) -> int:
        return 1


def built(platform: str, routine: str) -> list[Step]:
    """The steps that the concern itself builds of its finding."""
    kind, asked, evidence = SEEN[platform, routine]
    finding = Finding(kind, "o", "TABLE", Severity.WARNING, "s", "", Evidence(evidence))
    parameters = registry.routines()[routine].read_parameters(asked)
    steps: list[Step] = registry.concern(platform, routine).steps([finding], parameters)
    assert steps, f"{platform} {routine} builds no step of {kind}"
    return steps


@pytest.mark.parametrize(("platform", "routine"), CONCERNS)
def test_a_kind_that_is_missing_from_the_list_is_noticed_at_the_step_that_sends_it(platform: str, routine: str) -> None:
    steps = built(platform, routine)
    kinds = declared(platform, registry.routines()[routine].concern)
    assert held(lambda: steps, patterns(kinds), "here")() is steps
    for statement in statements(steps):
        others = [kind for kind in kinds if not pattern(kind.form).fullmatch(statement)]
        with pytest.raises(AssertionError, match="here declares no "):
            held(lambda: steps, patterns(others), "here")()


@pytest.mark.parametrize(("platform", "routine"), CONCERNS)
def test_the_steps_of_every_concern_are_held_to_its_list_while_tests_run(platform: str, routine: str) -> None:
    """By the fixture of this folder: the same builders fail once the list that they are held to has been emptied."""
    built(platform, routine)
    builder = vars(type(registry.concern(platform, routine)))["steps"]
    (forms,) = (cell.cell_contents for cell in builder.__closure__ if isinstance(cell.cell_contents, list))
    forms.clear()
    with pytest.raises(AssertionError, match=f"{platform} {routine} declares no "):
        built(platform, routine)


@pytest.mark.parametrize(
    ("platform", "concern", "statement"),
    [
        ("oracle", "indexes", 'DROP INDEX "A"."B"'),
        ("oracle", "indexes", 'ALTER INDEX "A"."B" REBUILD TABLESPACE "C"'),
        ("oracle", "indexes", 'ALTER INDEX "A"."B" REBUILD; DROP TABLE "A"."C"'),
        ("oracle", "indexes", "ALTER SESSION SET ddl_lock_timeout = 5 CURRENT_SCHEMA = x"),
        ("oracle", "statistics", "BEGIN DBMS_STATS.GATHER_TABLE_STATS(ownname => 'A'); EXECUTE IMMEDIATE 'x'; END;"),
        ("oracle", "statistics", "BEGIN DBMS_STATS.DELETE_SCHEMA_STATS('A'); END;"),
        ("oracle", "space", 'ALTER TABLE "A"."B" MOVE'),
        ("oracle", "space", 'DROP TABLE "A"."B" PURGE'),
        ("oracle", "backup", 'DROP TABLE "A"."B" PURGE'),
        ("oracle", "backup", 'DROP TABLE "A"."B" CASCADE CONSTRAINTS'),
        ("oracle", "integrity", 'ANALYZE TABLE "A"."B" VALIDATE STRUCTURE CASCADE'),
        ("oracle", "", "ALTER SYSTEM SET x = 1"),
        ("postgresql", "indexes", 'REINDEX (VERBOSE) INDEX "a"."b"'),
        ("postgresql", "indexes", 'DROP INDEX "a"."b"'),
        ("postgresql", "indexes", 'REINDEX (VERBOSE) INDEX CONCURRENTLY "a"."b"; DROP TABLE "c"'),
        ("postgresql", "statistics", 'ANALYZE (VERBOSE) "a"."b", "c"'),
        ("postgresql", "space", 'VACUUM (VERBOSE, TRUNCATE) "a"."b"'),
        ("postgresql", "space", "TRUNCATE t"),
        ("postgresql", "backup", 'DROP TABLE "a"."b" CASCADE'),
        ("postgresql", "backup", 'CREATE TABLE "a"."b" AS SELECT * FROM "a"."c" WHERE false'),
        ("postgresql", "integrity", "SELECT lo_unlink(1)"),
        ("postgresql", "integrity", "SELECT pg_terminate_backend(1)"),
        ("postgresql", "integrity", "SELECT amcheck.bt_index_parent_check('i'::regclass, true)"),
        ("sqlite", "indexes", 'DROP INDEX "main"."i"'),
        ("sqlite", "statistics", 'DELETE FROM "main"."t" WHERE tbl = \'t\''),
        ("sqlite", "space", "PRAGMA writable_schema = ON"),
        ("sqlite", "monitoring", 'SELECT count(*) AS figure FROM "main"."t"; DROP TABLE "t"'),
        ("sqlite", "backup", 'CREATE TABLE "main"."t" (/* a */ b */ "c")'),
        ("sqlite", "integrity", "SELECT load_extension('x')"),
    ],
)
def test_a_statement_that_nobody_declared_is_noticed(platform: str, concern: str, statement: str) -> None:
    step = Step(
        key="k", operation_type="o", object="o", object_type="TABLE", statements=(statement,), reason="r", undo_note="n"
    )
    with pytest.raises(AssertionError, match="declares no"):
        held(lambda: [step], patterns(declared(platform, concern)), "here")()


@pytest.mark.parametrize("part", ["settings", "begin", "undo"])
def test_whatever_a_step_sends_is_looked_at(part: str) -> None:
    sent: Any = "DROP TABLE t" if part == "begin" else ("DROP TABLE t",)
    step = Step(
        key="k", operation_type="o", object="o", object_type="TABLE", statements=(), reason="r", undo_note="", **{part: sent}
    )  # fmt: skip
    assert list(statements([step])) == ["DROP TABLE t"]


@pytest.mark.parametrize(("platform", "routine"), CONCERNS)
def test_no_kind_hides_in_another(platform: str, routine: str) -> None:
    """A statement of each form fits that form, and none of the others: leaving it out of the list is noticed."""
    kinds = declared(platform, registry.routines()[routine].concern)
    for kind in kinds:
        statement = sample(kind.form)
        assert pattern(kind.form).fullmatch(statement), (kind.form, statement)
        others = [other.form for other in kinds if other.form != kind.form]
        assert [form for form in others if pattern(form).fullmatch(statement)] == [], statement


_SETTING = re.compile(r"(?:SET|PRAGMA|ALTER SESSION SET|ALTER SYSTEM) \S+.*|COMMIT|ROLLBACK")


def written(platform: str) -> Iterator[str]:
    """Statements about a session that stand in the platform's source; 7 stands for what is filled in while it runs."""
    for path in sorted((FOLDER / platform).glob("*.py")):
        if path.name in (
            "changes.py",
            "grants.py",
        ):  # forms, and lines for people's own shells: no session is sent these
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
        module = import_module(f"strategies.platforms.{platform}.{path.stem}")
        for node in nodes:
            text = "".join(_text(piece, module) for piece in node.values) if isinstance(node, ast.JoinedStr) else ""
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
                text = node.value
            if _SETTING.fullmatch(text):
                yield text


def _text(piece: ast.expr, module: ModuleType) -> str:
    if isinstance(piece, ast.Constant):
        return str(piece.value)
    named = piece.value if isinstance(piece, ast.FormattedValue) else piece
    return str(getattr(module, named.id, 7)) if isinstance(named, ast.Name) else "7"


def forms_of(platform: str) -> list[re.Pattern[str]]:
    """All that a platform declares, whichever of its modules."""
    concerns = [*(routine.concern for routine in registry.routines().values()), "framework"]
    return patterns(kind for concern in concerns for kind in declared(platform, concern))


@pytest.mark.parametrize("platform", ["oracle", "postgresql"])
def test_what_is_said_to_a_session_is_on_the_list(platform: str) -> None:
    found = set(written(platform))
    assert len(found) >= 4
    assert [text for text in sorted(found) if not is_declared(text, forms_of(platform))] == []


def test_a_setting_that_is_new_in_a_platforms_source_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sqlite").mkdir()
    (tmp_path / "sqlite" / "names.py").write_text('def f(x): return f"SET role = {x}", "PRAGMA a = 1", "Set it."')
    monkeypatch.setitem(globals(), "FOLDER", tmp_path)
    assert set(written("sqlite")) == {"PRAGMA a = 1", "SET role = 7"}


@pytest.mark.parametrize(
    ("platform", "limits"),
    [
        ("oracle", Limits(parallel_degree=1)),
        ("postgresql", Limits(memory_mb=64, parallel_degree=2)),
        ("sqlite", Limits(memory_mb=64, parallel_degree=2)),
    ],
)
def test_the_limits_of_a_session_are_on_the_list(platform: str, limits: Limits) -> None:
    settings = registry.platforms()[platform].limit_settings(limits)
    assert settings
    assert [text for text in settings if not is_declared(text, patterns(registry.changes(platform, "")))] == []


def test_what_sqlite_is_told_while_a_step_runs_is_on_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SQLite itself traces it."""
    path, sent, connect = tmp_path / "shop.db", list[str](), sqlite3.connect
    connect(path).executescript("CREATE TABLE t (a); CREATE INDEX i ON t (a);")

    def traced(*args: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*args, **named)
        connection.set_trace_callback(sent.append)
        return connection

    monkeypatch.setattr(sqlite.sqlite3, "connect", traced)
    limits = sqlite.PLATFORM.limit_settings(Limits(memory_mb=64, parallel_degree=2))
    (step,) = built("sqlite", "INDEX_MAINTENANCE")
    with sqlite.PLATFORM.connect(
        sqlite.PLATFORM.address(f"sqlite:///{path}"), None, SessionTag("0" * 8, "check")
    ) as opened:
        assert opened.facts().product == "SQLite"
        for begin in (step.begin, ""):
            one = Step(
                key="k", operation_type="o", object="o", object_type="INDEX", statements=step.statements, begin=begin,
                settings=(*limits, *step.settings), reason="r", undo_note="n",
            )  # fmt: skip
            assert opened.execute(one).error is None
    assert {"BEGIN IMMEDIATE", "COMMIT", 'REINDEX "main"."i"'} <= set(sent)
    forms = patterns(declared("sqlite", "indexes"))
    reads = re.compile(r"(--|\s*SELECT\b|PRAGMA \w+$)")
    assert [text for text in sent if not is_declared(text, forms) and not reads.match(text)] == []
