"""Every query file for Oracle, and every right that a concern names: what they speak of exists, and headers say what is read."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

from strategies.platforms import oracle
from strategies.platforms.base import Concern
from strategies.platforms.oracle.grants import PLATFORM_RIGHTS
from strategies.platforms.oracle.names import filled
from strategies.platforms.oracle.platform import PLATFORM
from strategies.platforms.oracle.sign_in import SESSION_SETTINGS
from strategies.platforms.queries import Query, load_query
from tests.oracle import dictionary, grammar
from tests.oracle.recorder import Recorder

FOLDER = Path(oracle.__file__).parent
PLACES = {"oracle": FOLDER / "queries", "oracle/smoke": FOLDER / "smoke" / "queries"}
QUERIES = sorted(f"{place}:{path.stem}" for place, folder in PLACES.items() for path in folder.glob("*.sql"))
CONCERNS = {
    name: found.CONCERN
    for _, name, _ in pkgutil.iter_modules([str(FOLDER)])
    if isinstance(getattr(found := import_module(f"{oracle.__name__}.{name}"), "CONCERN", None), Concern)
}


# What stands in the place of tables and columns that people name.
SAMPLES = {"table": "dual", "archive": "dual", "batch": "dummy", "condition": "t.dummy < 'X'"}


def query(name: str) -> Query:
    return filled(load_query(*name.split(":")), **SAMPLES)


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_names_only_what_exists(name: str, statements_for_oracle: Recorder) -> None:
    """The grammar is asked, too, beside the tests."""
    found = query(name)
    assert not dictionary.faults(found.sql)
    assert not grammar.own_faults(found.sql)
    statements_for_oracle.seen(found.sql)


@pytest.mark.parametrize("name", QUERIES)
def test_the_grants_of_a_header_are_what_the_query_reads(name: str) -> None:
    found = query(name)
    assert list(dictionary.header_faults(found.sql, found.needs)) == []


def test_there_are_queries_and_concerns() -> None:
    assert {name.split(":")[0] for name in QUERIES} == PLACES.keys()
    assert {"indexes", "statistics"} <= CONCERNS.keys()


def test_what_is_built_when_modules_are_read_can_be_read(statements_for_oracle: Recorder) -> None:
    for setting in SESSION_SETTINGS:
        statements_for_oracle.read(setting)
    statements_for_oracle.fresh.extend(statements_for_oracle.imported)
    assert statements_for_oracle.fresh


@pytest.mark.parametrize("name", CONCERNS)
def test_the_rights_of_a_concern_can_be_granted(name: str) -> None:
    for right in CONCERNS[name].rights:
        assert list(dictionary.grant_faults(right.privilege)) == []


def test_the_rights_of_the_platform_can_be_granted() -> None:
    for right in (*PLATFORM_RIGHTS, *PLATFORM.rights):
        assert list(dictionary.grant_faults(right.privilege)) == []


MISTAKES = {
    "a view": ("SELECT x.owner FROM dba_indices x", "there is no view DBA_INDICES"),
    "a column": ("SELECT i.owner, i.leafs FROM dba_indexes i", "there is no column DBA_INDEXES.LEAFS"),
    "a column without its table": ("SELECT leafs FROM dba_indexes", "there is no column DBA_INDEXES.LEAFS"),
    "a column of another table": (
        "SELECT i.owner FROM dba_indexes i JOIN dba_users u ON u.username = i.owner WHERE u.num_rows > 1",
        "there is no column DBA_USERS.NUM_ROWS",
    ),
    "a column of a query within": (
        "SELECT q.b FROM (SELECT i.owner AS a FROM dba_indexes i) q",
        "there is no column a query.B",
    ),
    "a column of an outer query": (
        "SELECT i.owner FROM dba_indexes i WHERE EXISTS (SELECT 1 FROM dba_users u WHERE u.username = i.ownr)",
        "there is no column DBA_INDEXES.OWNR",
    ),
    "an alias": ("SELECT z.owner FROM dba_indexes i", "there is no column Z.OWNER"),
    "a twin of all instances": (
        "SELECT b.status FROM gv$block_change_tracking b",
        "there is no GV$BLOCK_CHANGE_TRACKING: only V$BLOCK_CHANGE_TRACKING of the instance itself",
    ),
    "INST_ID of one instance": ("SELECT s.inst_id FROM v$session s", "there is no column V$SESSION.INST_ID"),
    "a column that not every 19c has": (
        "SELECT t.hybrid FROM dba_tables t",
        "DBA_TABLES.HYBRID is not in every 19c (the manual hangs a footnote on it); it must be stated in STATED",
    ),
    "a view without a page": (
        "SELECT s.username FROM v$sort_usage s",
        "V$SORT_USAGE has no page in the manual; it must be stated in STATED",
    ),
    "a procedure without a page": (
        "BEGIN DBMS_SPACE.AUTO_SPACE_ADVISOR_JOB_PROC; END;",
        "DBMS_SPACE.AUTO_SPACE_ADVISOR_JOB_PROC has no page in the manual; it must be stated in STATED",
    ),
    "a parameter of one source": (
        "BEGIN DBMS_UTILITY.VALIDATE(object_id => 1, edition_name => 'A'); END;",
        "DBMS_UTILITY.VALIDATE: the parameter EDITION_NAME is in the manual of 19c only; it must be stated in STATED",
    ),
    "a package": ("BEGIN DBMS_STATISTICS.GATHER; END;", "there is no package DBMS_STATISTICS"),
    "a procedure": ("BEGIN DBMS_STATS.GATHER_TABLE; END;", "there is no DBMS_STATS.GATHER_TABLE"),
    "a parameter": (
        "BEGIN DBMS_STATS.GATHER_TABLE_STATS(ownname => 'A', tabname => 'B', part => 'C'); END;",
        "DBMS_STATS.GATHER_TABLE_STATS has no parameter PART",
    ),
    "a parameter too few": (
        "BEGIN DBMS_STATS.GATHER_TABLE_STATS(ownname => 'A, tabname => B'); END;",
        "DBMS_STATS.GATHER_TABLE_STATS is called without TABNAME",
    ),
    "a function in a query": (
        "SELECT DBMS_STATS.GET_PREFERENCES('X') FROM dual",
        "there is no DBMS_STATS.GET_PREFERENCES",
    ),
    "what cannot be resolved": ("SELECT FROM WHERE", "its names cannot be resolved"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_statement_is_found(name: str) -> None:
    sql, fault = MISTAKES[name]
    assert any(found.startswith(fault) for found in dictionary.faults(sql)), dictionary.faults(sql)


def test_what_is_stated_is_in_use() -> None:
    texts = [path.read_text().upper() for path in FOLDER.rglob("*") if path.suffix in (".py", ".sql")]
    for name in dictionary.STATED:
        assert any(name in text for text in texts), name


GRANTS = {
    "a synonym instead of its view": ("SELECT ON SYS.V$SESSION", "the grant is on V_$SESSION"),
    "a view that is not there": ("SELECT ON SYS.DBA_INDICES", "there is no view DBA_INDICES"),
    "a view by another name": ("SELECT ON SYS.V_$TEMPSEG_USAGE", "the grant is on V_$SORT_USAGE"),
    "a package that is not there": ("EXECUTE ON SYS.DBMS_STATISTICS", "there is no package DBMS_STATISTICS"),
    "another owner": ("SELECT ON SYSTEM.DBA_INDEXES", "the dictionary is SYS's"),
    "a privilege that is not there": ("ALTER EACH INDEX", "there is no privilege ALTER EACH INDEX"),
}


@pytest.mark.parametrize("name", GRANTS)
def test_a_mistake_in_a_grant_is_found(name: str) -> None:
    grant, fault = GRANTS[name]
    assert any(fault in found for found in dictionary.grant_faults(grant))


@pytest.mark.parametrize(
    ("needs", "fault"),
    [
        ("CREATE SESSION", "it reads what no grant is named for: SELECT ON SYS.V_$SESSION"),
        (
            "SELECT ON SYS.V_$SESSION, SELECT ON SYS.DBA_USERS",
            "it names a grant and does not read that: SELECT ON SYS.DBA_USERS",
        ),
    ],
)
def test_a_header_that_says_too_little_or_too_much_is_found(needs: str, fault: str) -> None:
    assert list(dictionary.header_faults("SELECT s.sid FROM v$session s", needs)) == [fault]


def test_a_header_that_says_what_is_read_is_right() -> None:
    sql = "SELECT s.sid, DBMS_STATS.GET_PREFS('STALE_PERCENT') FROM v$session s, dual"
    assert list(dictionary.header_faults(sql, "SELECT ON SYS.V_$SESSION, EXECUTE ON SYS.DBMS_STATS")) == []


TEXTS = {
    "BEGIN NULL; END": "a block ends with",
    "SELECT 1 FROM dual;": "a statement of SQL ends without",
    "SELECT SYSDATE + INTERVAL '1 day' FROM dual": "the unit of an interval",
    "BEGIN DBMS_STATS.DELETE_TABLE_STATS(ownname = > 'A', tabname => 'B'); END;": "an arrow",
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_the_grammar_lets_pass_is_found(text: str) -> None:
    (fault,) = grammar.own_faults(text)
    assert fault.startswith(TEXTS[text])


@pytest.mark.parametrize(
    "text", ["BEGIN NULL; END;", "BEGIN NULL; END;\n/", "SELECT INTERVAL '1' DAY, ' = > ' FROM dual"]
)
def test_what_is_right_is_let_pass(text: str) -> None:
    assert grammar.own_faults(text) == []
