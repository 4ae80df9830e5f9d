"""CLEANUP_MAINTENANCE and ARCHIVE_MAINTENANCE on Oracle: dictionary rows in, exact statements out. No server was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from strategies import registry
from strategies.plans import LeftBehind, Locks, Outcome, Plan, Step
from strategies.platforms.base import ObjectUnknown, Row
from strategies.platforms.old_rows import OF_A_PORTAL
from strategies.platforms.oracle import archive, cleanup
from tests.strategies.platforms.oracle.dictionary import Dictionary, account, row_of
from tests.strategies.platforms.oracle.test_session import a_session, sent
from tests.strategies.platforms.oracle.transport import Connection, oracle_error
from tests.strategies.platforms.oracle.views import asked

CLEANUP, ARCHIVE = "CLEANUP_MAINTENANCE", "ARCHIVE_MAINTENANCE"
CONCERNS: dict[str, Any] = {CLEANUP: cleanup.CONCERN, ARCHIVE: archive.CONCERN}
HOSTILE = ["lower", "Two Words", "SELECT", "naïve 表", "it's", "a;DROP TABLE t--", "100% {x} :name", "X" * 110]
ON_TABLES = ("SELECT ANY TABLE", "DELETE ANY TABLE", "INSERT ANY TABLE", "CREATE ANY TABLE", "CREATE ANY INDEX")
CUTOFF = "2026-08-31"
DELETING = """DECLARE
  TYPE places IS TABLE OF ROWID;
  chosen places;
BEGIN
  SELECT t.ROWID BULK COLLECT INTO chosen FROM "SALES"."ORDERS" t
   WHERE t."CREATED" < {cutoff} AND ROWNUM <= 4 FOR UPDATE WAIT 5;
  FORALL i IN 1 .. chosen.COUNT
    DELETE FROM "SALES"."ORDERS" t WHERE t.ROWID = chosen(i);
  IF SQL%ROWCOUNT != chosen.COUNT THEN
    RAISE_APPLICATION_ERROR(-20001, 'Not every row of the batch was found again, or a trigger keeps some.');
  END IF;
END;"""


class Sales:
    """SALES.ORDERS with some old rows, and the archive beside it once it is there."""

    def __init__(self, **table: Any) -> None:
        self.table = {"owner": "SALES", "table_name": "ORDERS", "oracle_maintained": "N", "temporary": "N", "nested": "NO",
                      "is_external": "NO", "age_type": "DATE", "immovable_columns": 0, "leading_indexes": 1, **table}  # fmt: skip
        self.old, self.moved, self.archive = 6, dict[str, int](), list[str]()
        self.columns: list[dict[str, Any]] = [self.column("ID"), self.column("CREATED")]
        self.more: dict[str, Any] = {}

    @staticmethod
    def column(name: str, **values: Any) -> dict[str, Any]:
        return row_of("aged_columns", column_name=name, **{"virtual_column": "NO", **values})

    def session(self, *, name: str = "PORTAL", privileges: Sequence[str] = ON_TABLES) -> Dictionary:
        return Dictionary({
            **account(name=name, privileges=privileges),
            "find_table_or_index": [{"owner": self.table["owner"], "object_type": "TABLE"}],
            "aged_table": self._table, "aged_columns": self._columns, "aged_cutoff": [{"cutoff_on": CUTOFF}],
            "old_rows": lambda binds: [{"row_count": min(self.old, binds["most"])}],
            "archived_rows": lambda binds: [{"row_count": self.moved.get(binds["batch"], 0)}],
            "archived_batches": lambda _: [{"batch": text} for text in self.moved], **self.more,
        })  # fmt: skip

    def _table(self, binds: Mapping[str, Any]) -> Sequence[Row]:
        if binds["table_name"] == self.table["table_name"]:
            return [row_of("aged_table", **self.table)]
        is_there = self.archive and binds["table_name"].upper().endswith("ARCHIVE")
        return [row_of("aged_table", owner=binds["owner"], table_name=binds["table_name"])] if is_there else []

    def _columns(self, binds: Mapping[str, Any]) -> Sequence[Row]:
        if binds["table_name"] == self.table["table_name"]:
            return self.columns
        return [self.column(name) for name in self.archive]


def plan(
    sales: Sales, strategy: str, table: str = "sales.orders", session: Dictionary | None = None, **typed: Any
) -> Plan:
    """As it is kept: through JSON."""
    routine = registry.routines()[strategy]
    parameters = routine.read_parameters({"age_column": "created", "batch_rows": 4, **typed})
    seen = routine.assess(session or sales.session(), CONCERNS[strategy], parameters, table)
    made = routine.plan(
        platform="oracle", target="t", concern=CONCERNS[strategy], parameters=parameters, assessment=seen
    )
    return Plan.from_json(json.loads(json.dumps(made.as_json())))


@pytest.mark.parametrize(
    ("age_type", "cutoff"),
    [
        ("DATE", "DATE '2026-08-31'"),
        ("TIMESTAMP(6)", "TIMESTAMP '2026-08-31 00:00:00'"),
        ("TIMESTAMP(9) WITH TIME ZONE", "TIMESTAMP '2026-08-31 00:00:00 +00:00'"),
        ("TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP '2026-08-31 00:00:00 +00:00'"),
    ],
)
def test_each_batch_locks_its_rows_and_deletes_just_these(age_type: str, cutoff: str) -> None:
    first, last = plan(Sales(age_type=age_type), CLEANUP).steps
    assert first.statements == last.statements == (DELETING.format(cutoff=cutoff),)
    assert (first.settings, first.begin, first.locks) == ((), "", Locks.ROWS)
    assert (first.is_destructive, first.is_reversible, last.after) == (True, False, (first.key,))
    assert (first.check["rows"], first.check["left"], last.check["rows"], last.check["left"]) == (4, 2, 2, 0)


def test_a_batch_is_proved_by_what_is_left() -> None:
    sales = Sales()
    first, last = plan(sales, CLEANUP).steps
    session = sales.session()
    concern = CONCERNS[CLEANUP]
    assert concern.is_needed(session, first).is_needed
    assert not concern.verify(session, first, Outcome(5)).ok
    sales.old = 2
    for outcome in (Outcome(5), None):
        assert concern.verify(session, first, outcome).ok
        assert not concern.verify(session, last, outcome).ok
    sales.old = 0
    assert concern.verify(session, last, None).message == "No row is that old any more."
    assert not concern.is_needed(session, last).is_needed
    assert concern.state_left(session, last).kind is LeftBehind.CLEAN
    sales.table["age_type"] = "NUMBER"
    assert not concern.is_needed(session, last).is_needed


def test_of_more_rows_than_a_run_works_on_only_the_block_itself_can_tell() -> None:
    sales = Sales()
    step = plan(sales, CLEANUP, max_objects=1).steps[0]
    assert step.check["left"] is None
    assert CONCERNS[CLEANUP].verify(sales.session(), step, Outcome(5)).ok
    assert not CONCERNS[CLEANUP].verify(sales.session(), step, None).ok


def test_rows_are_moved_with_their_batch_and_come_back() -> None:
    sales = Sales()
    sales.columns.append(sales.column("LOUD", virtual_column="YES"))
    create, first, last = plan(sales, ARCHIVE, lock_wait_seconds=7).steps
    assert create.settings == ("ALTER SESSION SET ddl_lock_timeout = 7",)
    assert create.statements == (
        'CREATE TABLE "SALES"."ORDERS_ARCHIVE" AS SELECT t."ID", t."CREATED", t."LOUD", CAST(NULL AS VARCHAR2(40)) AS "ARCHIVE_BATCH"'
        ' FROM "SALES"."ORDERS" t WHERE 1 = 0',
        'CREATE INDEX "SALES"."ORDERS_ARCHIVE_IX" ON "SALES"."ORDERS_ARCHIVE" ("ARCHIVE_BATCH")',
    )
    assert (first.after, last.after) == ((create.key,), (first.key,))
    (block,) = last.statements
    assert [line.strip() for line in block.splitlines() if "INSERT" in line or "DELETE" in line] == [
        'INSERT INTO "SALES"."ORDERS_ARCHIVE" ("ID", "CREATED", "LOUD", "ARCHIVE_BATCH") SELECT t."ID", t."CREATED", t."LOUD",'
        ' \'2026-08-31T00:00:00Z/2\' FROM "SALES"."ORDERS" t WHERE t.ROWID = chosen(i);',
        'DELETE FROM "SALES"."ORDERS" t WHERE t.ROWID = chosen(i);',
    ]
    assert block.count("SQL%ROWCOUNT != chosen.COUNT") == 2
    assert "FOR UPDATE WAIT 7;" in block
    (back,) = last.undo
    assert (
        '  INSERT INTO "SALES"."ORDERS" ("ID", "CREATED") SELECT a."ID", a."CREATED" FROM "SALES"."ORDERS_ARCHIVE" a'
        in back
    )
    assert '  DELETE FROM "SALES"."ORDERS_ARCHIVE" a WHERE a."ARCHIVE_BATCH" = \'2026-08-31T00:00:00Z/2\';' in back


def test_a_move_is_proved_by_the_rows_of_its_batch_in_the_archive() -> None:
    sales = Sales()
    create, first, _ = plan(sales, ARCHIVE).steps
    session, concern = sales.session(), CONCERNS[ARCHIVE]
    assert concern.is_needed(session, create).is_needed
    assert not concern.verify(session, create, Outcome(5)).ok
    sales.archive = ["ID", "CREATED", "ARCHIVE_BATCH"]
    assert concern.verify(session, create, None).ok
    assert not concern.is_needed(session, create).is_needed
    assert concern.is_needed(session, first).is_needed
    assert not concern.verify(session, first, Outcome(5)).ok
    sales.moved[first.check["label"]] = 4
    assert concern.verify(session, first, None).message == "4 rows moved."
    assert not concern.is_needed(session, first).is_needed, "its worker was lost after the commit"
    back: Step = first.reversal()
    assert concern.is_needed(session, back).is_needed
    assert not concern.verify_undo(session, back).ok
    sales.moved.clear()
    assert concern.verify_undo(session, back).ok
    sales.archive = []
    assert not concern.is_needed(session, back).is_needed


def test_batches_of_a_second_run_on_the_same_day_have_numbers_of_their_own() -> None:
    sales = Sales()
    sales.archive = ["ID", "CREATED", "ARCHIVE_BATCH"]
    sales.moved = {"2026-08-31T00:00:00Z/2": 4, "2026-08-31T00:00:00Z/10": 4}
    assert [step.check["label"].rpartition("/")[2] for step in plan(sales, ARCHIVE).steps] == ["11", "12"]


def test_a_table_whose_identity_is_always_generated_takes_no_rows_back_and_says_so() -> None:
    sales = Sales()
    sales.columns[0]["generation_type"] = "ALWAYS"
    step = plan(sales, ARCHIVE).steps[1]
    assert not step.is_reversible
    assert step.undo_note.startswith("Not reversible: the identity of the table is always generated")


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_that_can_be_quoted_may_be_that_of_a_table_and_its_columns(name: str) -> None:
    sales = Sales(table_name=name)
    made = plan(sales, ARCHIVE, f'"SALES"."{name}"', age_column=f'"{name}"')
    assert f'FROM "SALES"."{name}" t\n   WHERE t."{name}" < DATE' in made.steps[1].statements[0]
    (first, _) = plan(sales, CLEANUP, f'"SALES"."{name}"', age_column=f'"{name}"').steps
    assert f'DELETE FROM "SALES"."{name}" t' in first.statements[0]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"oracle_maintained": "Y"}, "it belongs to Oracle itself"),
        ({"temporary": "Y"}, "it is a temporary table"),
        ({"is_external": "YES"}, "it is an external table"),
        ({"nested": "YES"}, "it is a nested table"),
        ({"iot_type": "IOT"}, "it is index-organized or lies in a cluster"),
        ({"cluster_name": "C"}, "it is index-organized or lies in a cluster"),
        ({"age_type": "NUMBER"}, "CREATED is of the type NUMBER, and neither a date nor a timestamp"),
    ],
)
@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_what_rows_cannot_be_taken_from_is_told_and_left_alone(
    strategy: str, table: dict[str, Any], words: str
) -> None:
    made = plan(Sales(**table), strategy)
    assert made.steps == ()
    assert words in made.notes[0]


def test_columns_that_no_query_can_copy_keep_a_table_from_being_archived_only() -> None:
    sales = Sales(immovable_columns=1)
    assert "it has a LONG column" in plan(sales, ARCHIVE).notes[0]
    assert plan(sales, CLEANUP).steps
    sales.table["immovable_columns"] = 0
    sales.columns.append(sales.column('a"b'))
    assert "a double quote cannot be written" in plan(sales, ARCHIVE).notes[0]


@pytest.mark.parametrize(
    ("archive_columns", "words"),
    [(["ID", "ARCHIVE_BATCH"], "SALES.ORDERS_ARCHIVE lacks CREATED"), (["ID", "CREATED"], "lacks ARCHIVE_BATCH")],
)
def test_an_archive_that_lacks_columns_is_named_and_left_to_people(archive_columns: list[str], words: str) -> None:
    sales = Sales()
    sales.archive = archive_columns
    made = plan(sales, ARCHIVE)
    assert made.steps == ()
    assert words in made.notes[0]


def test_foreign_keys_that_change_other_tables_are_obeyed_only_where_that_is_allowed() -> None:
    sales = Sales()
    sales.more = {
        "referring_tables": [
            row_of("referring_tables", owner="SALES", table_name="LINES", delete_rule="CASCADE"),
            row_of("referring_tables", owner="SALES", table_name="BILLS", delete_rule="NO ACTION"),
        ],
        "delete_triggers": [row_of("delete_triggers", owner="SALES", trigger_name="AUDIT_IT")],
    }
    made = plan(sales, CLEANUP)
    assert made.steps == ()
    assert "(SALES.LINES ON DELETE CASCADE)" in made.notes[0]
    (first, _) = plan(sales, CLEANUP, allow_cascade=True).steps
    assert first.evidence["refers"] == ["SALES.LINES", "SALES.BILLS"]
    assert first.evidence["delete_triggers"] == ["SALES.AUDIT_IT"]


def test_the_owner_needs_no_right_of_others_and_others_are_told_which() -> None:
    sales = Sales()
    assert plan(sales, ARCHIVE, session=sales.session(name="SALES", privileges=["CREATE TABLE"])).steps
    made = plan(sales, CLEANUP, session=sales.session(privileges=["SELECT ANY TABLE"]))
    assert made.notes[0].endswith('lacks a right. GRANT DELETE ON "SALES"."ORDERS" TO "PORTAL";')
    sales.more = {"table_rights": [{"privilege": "SELECT"}, {"privilege": "DELETE"}]}
    assert plan(sales, CLEANUP, session=sales.session(privileges=[])).steps
    note = plan(sales, ARCHIVE, session=sales.session(privileges=["SELECT ANY TABLE", "INSERT ANY TABLE"])).notes[0]
    assert note.endswith('or GRANT CREATE ANY TABLE TO "PORTAL"; GRANT CREATE ANY INDEX TO "PORTAL";')


@pytest.mark.parametrize(
    ("table", "typed", "words"),
    [
        ("ALL", {}, "ALL cannot be worked on"),
        ("sales.orders", {"age_column": ""}, "age_column: name the column"),
        ("sales.orders", {"age_column": "a.b"}, "age_column: a.b is no name by itself"),
        ("sales.orders", {"age_column": "two words"}, "age_column: two words is no name by itself"),
    ],
)
def test_what_is_not_named_is_refused(table: str, typed: dict[str, Any], words: str) -> None:
    with pytest.raises(ObjectUnknown, match=words.replace(".", r"\.")):
        plan(Sales(), CLEANUP, table, **typed)


def test_a_column_that_is_not_there_or_holds_no_values_is_refused() -> None:
    with pytest.raises(ObjectUnknown, match=r"SALES\.ORDERS has no column CREATED that holds values"):
        plan(Sales(age_type=None), CLEANUP)


@pytest.mark.parametrize("name", ["orders", '"ORDERS"', "x" * 126, "a.b"])
def test_an_archive_has_a_name_of_its_own_that_fits(name: str) -> None:
    with pytest.raises(ObjectUnknown, match="archive_table: "):
        plan(Sales(), ARCHIVE, archive_table=name)


def test_the_portals_own_tables_are_left_alone() -> None:
    session = Sales().session()
    session.longest_hold_seconds = 30.0
    assert "the portal's own database" in plan(Sales(), CLEANUP, session=session).notes[0]


@pytest.mark.parametrize("strategy", [CLEANUP, ARCHIVE])
def test_tables_of_a_portal_are_left_alone_under_whichever_name_it_is_registered(strategy: str) -> None:
    of_portal = Sales(table_name="PORTAL_STRATEGY_VERSION")
    for sales, marks, is_left in ((of_portal, 1, False), (of_portal, 2, True), (Sales(), 2, False)):
        sales.more = {"portal_marks": [{"table_name": f"T{number}"} for number in range(marks)]}
        made = plan(sales, strategy, f"sales.{sales.table['table_name']}")
        assert (made.steps == (), any(note.endswith(OF_A_PORTAL) for note in made.notes)) == (is_left, is_left)


def test_the_marks_of_a_portal_lie_in_the_schema_of_its_tables() -> None:
    owners = {"PORTAL_INSTALLATION": "SALES", "DJANGO_MIGRATIONS": "SALES", "ORDERS": "SALES"}
    views = {"dba_tables": [
        *({"owner": owner, "table_name": name} for name, owner in owners.items()),
        {"owner": "HR", "table_name": "PORTAL_INSTALLATION"},
        {"owner": "HR", "table_name": "DJANGO_MIGRATIONS", "dropped": "YES"},
    ]}  # fmt: skip
    assert len(asked("portal_marks", views, owner="SALES")) == 2
    assert len(asked("portal_marks", views, owner="HR")) == 1


def test_a_lock_that_others_keep_for_too_long_may_pass() -> None:
    (first, _) = plan(Sales(), CLEANUP).steps
    connection = Connection(
        {**account(), "~FOR UPDATE WAIT": oracle_error(30006, "resource busy; acquire with WAIT timeout expired")}
    )
    session = a_session(connection)
    error = session.execute(first).error
    assert error is not None
    assert error.error_class.may_pass
    assert sent(connection) == [first.statements[0]], "nothing opens a transaction: the block is one by itself"


def test_what_refers_is_read_by_the_key_that_it_refers_to() -> None:
    def constraint(table: str, kind: str, **values: Any) -> dict[str, Any]:
        return {"owner": "SALES", "table_name": table, "constraint_name": f"{table}_{kind}", "constraint_type": kind,
                "status": "ENABLED", **values}  # fmt: skip

    views = {
        "dba_constraints": [
            constraint("ORDERS", "P"),
            constraint("LINES", "R", r_owner="SALES", r_constraint_name="ORDERS_P", delete_rule="CASCADE"),
            constraint(
                "OFF", "R", r_owner="SALES", r_constraint_name="ORDERS_P", delete_rule="CASCADE", status="DISABLED"
            ),
            constraint("OTHER", "R", r_owner="HR", r_constraint_name="ORDERS_P", delete_rule="CASCADE"),
        ]
    }
    assert asked("referring_tables", views, owner="SALES", table_name="ORDERS") == [
        {"owner": "SALES", "table_name": "LINES", "delete_rule": "CASCADE"}
    ]


def test_an_invisible_index_helps_no_batch_and_a_dropped_table_is_none() -> None:
    of = {"owner": "SALES", "table_name": "ORDERS"}
    on = {
        "table_owner": "SALES",
        "table_name": "ORDERS",
        "index_owner": "SALES",
        "column_name": "CREATED",
        "column_position": 1,
    }
    views: dict[str, Any] = {
        "dba_tables": [{**of, "temporary": "N", "nested": "NO", "external": "NO"}, {**of, "owner": "HR", "dropped": "YES"}],
        "dba_users": [{"username": "SALES", "oracle_maintained": "N"}, {"username": "HR", "oracle_maintained": "N"}],
        "dba_tab_cols": [
            {**of, "column_name": "CREATED", "data_type": "DATE", "virtual_column": "NO"},
            {**of, "column_name": "BORN", "data_type": "DATE", "virtual_column": "YES"},
            {**of, "column_name": "T", "data_type": "LONG", "virtual_column": "NO"},
        ],
        "dba_indexes": [
            {"owner": "SALES", "index_name": "A", "visibility": "VISIBLE"},
            {"owner": "SALES", "index_name": "B", "visibility": "INVISIBLE"},
        ],
        "dba_ind_columns": [
            {**on, "index_name": "A"}, {**on, "index_name": "B"}, {**on, "index_name": "A", "column_position": 2, "column_name": "T"},
        ],
    }  # fmt: skip
    (row,) = asked("aged_table", views, **of, column_name="CREATED")
    assert (row["age_type"], row["leading_indexes"], row["immovable_columns"]) == ("DATE", 1, 1)
    (row,) = asked("aged_table", views, **of, column_name="T")
    assert row["leading_indexes"] == 0
    (row,) = asked("aged_table", views, **of, column_name="BORN")
    assert row["age_type"] is None
    assert asked("aged_table", views, owner="HR", table_name="ORDERS", column_name="CREATED") == []
