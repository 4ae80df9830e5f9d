from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from strategies.assessments import Assessment, Severity
from strategies.plans import ErrorClass, LeftBehind, Outcome, Step, TargetError
from strategies.platforms.base import ObjectUnknown, PlatformError
from strategies.platforms.oracle import statistics_findings, statistics_statements, system_statistics
from strategies.platforms.oracle.statistics import CONCERN, automatic_words
from strategies.platforms.oracle.statistics_findings import Clock, Preferences
from strategies.routines.statistics_maintenance import StatisticsParameters
from tests.strategies.platforms.oracle.dictionary import Answer, Dictionary, account, no_right, row_of, statistics

DEFAULTS = StatisticsParameters()
NOW, OLD, BEFORE = "2026-11-28 02:41:29.123456", "2026-10-28 02:41:29.000000", "2026-11-01 22:00:05"
CLOCK = Clock(NOW, OLD, 31)
RESTORE = (
    "BEGIN\n"
    "  DBMS_STATS.RESTORE_TABLE_STATS(ownname => '\"SALES\"', tabname => '\"ORDERS\"',"
    f" as_of_timestamp => TIMESTAMP '{NOW} +00:00', no_invalidate => FALSE);\n"
    "END;"
)
Row = Mapping[str, Any]


def changed(
    name: str = "ORDERS", *, inserts: int = 0, updates: int = 0, deletes: int = 0, **values: Any
) -> dict[str, Any]:
    return statistics(name, **{"inserts": inserts, "updates": updates, "deletes": deletes, "truncated": "NO", **values})


def never(**values: Any) -> dict[str, Any]:
    return statistics(**{"last_analyzed": None, "num_rows": None, "stale_stats": None, **values})


def judge(
    rows: Sequence[Row], parameters: StatisticsParameters = DEFAULTS, clock: Clock = CLOCK, *, is_incremental: bool = False,
    is_published: bool = True,
) -> Assessment:  # fmt: skip
    preferences = {("SALES", "ORDERS"): Preferences(is_incremental=is_incremental, is_published=is_published)}
    return statistics_findings.judge(rows, preferences, parameters, clock)


@pytest.mark.parametrize(
    ("row", "parameters", "kind"),
    [
        (statistics(), DEFAULTS, None),
        (changed(updates=1000), DEFAULTS, "stale_statistics"),
        (changed(updates=999), DEFAULTS, None),
        (changed(inserts=400, updates=300, deletes=300), DEFAULTS, "stale_statistics"),
        (changed(updates=1000, num_rows=10_001), DEFAULTS, None),
        (changed(updates=5, num_rows=10), StatisticsParameters(stale_rows=1), "stale_statistics"),
        (changed(updates=1000, num_rows=0), DEFAULTS, None),
        (changed(inserts=1000, num_rows=0), DEFAULTS, "stale_statistics"),
        (changed(updates=1, truncated="YES"), DEFAULTS, "stale_statistics"),
        (changed(updates=5000), StatisticsParameters(gather_stale=False), None),
        (changed(updates=1000, stale_stats="YES", num_rows=1_000_000), DEFAULTS, None),
        (statistics(stale_stats="YES"), DEFAULTS, "stale_statistics"),
        (never(), DEFAULTS, "missing_statistics"),
        (never(), StatisticsParameters(gather_missing=False), None),
        (never(segment_created="NO"), DEFAULTS, None),
        (never(inserts=50), StatisticsParameters(minimum_rows=51), None),
        (never(inserts=51), StatisticsParameters(minimum_rows=51), "missing_statistics"),
    ],
)
def test_each_table_is_judged_by_the_limits(row: Row, parameters: StatisticsParameters, kind: str | None) -> None:
    assert statistics_findings.need(row, parameters) == kind


GATHER = "BEGIN\n  DBMS_STATS.GATHER_TABLE_STATS(ownname => '\"SALES\"', tabname => '\"ORDERS\"'{more});\nEND;"


def partitioned(level: str, name: str | None = None, **values: Any) -> dict[str, Any]:
    return changed(**{"updates": 5000, "part_level": level, "part_name": name, "partitioned": "YES", **values})


@pytest.mark.parametrize(
    ("rows", "is_incremental", "expected"),
    [
        pytest.param([changed(updates=5000)], False, [GATHER.format(more="")], id="a table"),
        pytest.param([never()], False, [GATHER.format(more="")], id="a table without statistics"),
        pytest.param(
            [partitioned("TABLE", updates=1), partitioned("PARTITION", "P 1")], False,
            [GATHER.format(more=", partname => '\"P 1\"', granularity => 'PARTITION'")], id="only the partition that needs it",
        ),
        pytest.param(
            [partitioned("TABLE"), partitioned("SUBPARTITION", "SP's")], False,
            [GATHER.format(more=", granularity => 'GLOBAL'"),
             GATHER.format(more=", partname => '\"SP''s\"', granularity => 'SUBPARTITION'")],
            id="the whole and a subpartition",
        ),
        pytest.param(
            [partitioned("TABLE", updates=1), partitioned("PARTITION", "P1"), partitioned("PARTITION", "P2")], True,
            [GATHER.format(more="")], id="incrementally in one call",
        ),
    ],
)  # fmt: skip
def test_each_situation_has_exactly_its_calls(rows: list[Row], is_incremental: bool, expected: list[str]) -> None:
    (step,) = statistics_findings.steps(judge(rows, is_incremental=is_incremental).findings)
    assert list(step.statements) == expected


def test_hostile_names_stay_in_their_quotes() -> None:
    row = never(owner="select", table_name="Order lines'; DROP ü$#")
    (step,) = statistics_findings.steps(judge([row]).findings)
    call = "DBMS_STATS.GATHER_TABLE_STATS(ownname => '\"select\"', tabname => '\"Order lines''; DROP ü$#\"')"
    assert step.statements == (f"BEGIN\n  {call};\nEND;",)


def test_a_name_with_a_double_quote_is_left_out_with_a_note() -> None:
    assessment = judge([never(table_name='A"B')])
    assert assessment.findings == ()
    assert assessment.notes[0].startswith("1 tables are left out")


@pytest.mark.parametrize(
    ("row", "is_published", "why"),
    [
        (changed(updates=5000, stattype_locked="ALL"), True, "its statistics are locked"),
        (changed(updates=5000), False, "kept pending"),
    ],
)
def test_locked_and_pending_statistics_are_reported_and_not_forced(row: Row, is_published: bool, why: str) -> None:
    (finding,) = judge([row], is_published=is_published).findings
    assert why in finding.advice
    assert finding.severity is Severity.INFO, "somebody wants it so"
    assert statistics_findings.steps([finding]) == []


def test_a_part_that_is_locked_keeps_no_other_from_being_gathered() -> None:
    rows = [partitioned("PARTITION", "P1", stattype_locked="ALL"), partitioned("PARTITION", "P2")]
    assessment = judge(rows)
    (step,) = statistics_findings.steps(assessment.findings)
    assert step.statements == (GATHER.format(more=", partname => '\"P2\"', granularity => 'PARTITION'"),)
    assert assessment.notes == ("SALES.ORDERS: parts whose statistics are locked are left alone (1).",)
    (finding,) = judge(rows, is_incremental=True).findings
    assert "its statistics are locked" in finding.advice, "one call would reach the locked part, too"


@pytest.mark.parametrize(
    ("own", "row", "kind"),
    [
        (None, changed(updates=5000), "stale_statistics"),
        (60.0, changed(updates=5000), None),
        (60.0, changed(updates=6000), "stale_statistics"),
        (1.0, changed(updates=1000, num_rows=100_000), "stale_statistics"),
        (1.0, changed(updates=999, num_rows=10_000), None),
    ],
    ids=["none", "more patient", "past its own limit", "less patient", "too few rows"],
)
def test_the_limit_that_somebody_set_for_one_table_comes_first(own: float | None, row: Row, kind: str | None) -> None:
    assert statistics_findings.need(row, DEFAULTS, own) == kind
    preferences = {("SALES", "ORDERS"): Preferences(is_incremental=False, is_published=True, stale_percent=own)}
    assert bool(statistics_findings.judge([row], preferences, DEFAULTS, CLOCK).findings) is bool(kind)


def test_preferences_of_the_database_hold_where_a_table_has_none() -> None:
    rows = [
        row_of(
            "statistics_preferences", owner="S", table_name="A", preference_name="INCREMENTAL", preference_value="TRUE"
        ),
        row_of("statistics_preferences", owner="S", table_name="B", preference_name="PUBLISH", preference_value="TRUE"),
        row_of(
            "statistics_preferences", owner="S", table_name="C", preference_name="STALE_PERCENT", preference_value="2.5"
        ),
        row_of(
            "statistics_preferences",
            owner="S",
            table_name="D",
            preference_name="STALE_PERCENT",
            preference_value="AUTO",
        ),
    ]
    clock = Clock(NOW, OLD, 31, publish="FALSE", incremental="FALSE")
    assert statistics_findings.preferences_of(rows, clock) == {
        ("S", "A"): Preferences(is_incremental=True, is_published=False),
        ("S", "B"): Preferences(is_incremental=False, is_published=True),
        ("S", "C"): Preferences(is_incremental=False, is_published=False, stale_percent=2.5),
        ("S", "D"): Preferences(is_incremental=False, is_published=False),
    }
    (finding,) = statistics_findings.judge([changed(updates=5000)], {}, DEFAULTS, clock).findings
    assert not finding.evidence["can_plan"]


def test_a_finding_says_what_changed_and_since_when() -> None:
    (finding,) = judge([changed(updates=5000)]).findings
    assert (
        finding.summary
        == f"SALES.ORDERS has 5,000 changes to 10,000 rows since its statistics were gathered on {BEFORE} (the database's time)."
    )
    many = [partitioned("PARTITION", f"P{number}") for number in range(8)]
    assert judge(many).findings[0].summary.endswith("; and 3 more of its partitions.")


def test_an_undo_restores_what_held_by_the_databases_own_clock() -> None:
    (step,) = statistics_findings.steps(judge([changed(updates=5000)]).findings)
    assert step.undo == (RESTORE,)
    assert step.reversal().begin == "", "PL/SQL in one block: Oracle has no statement that opens a transaction"


def test_statistics_that_somebody_set_by_hand_cannot_be_brought_back() -> None:
    (step,) = statistics_findings.steps(judge([changed(updates=5000, user_stats="YES")]).findings)
    assert not step.is_reversible
    assert (
        step.undo_note
        == "Not reversible: its statistics were set by hand, and Oracle restores only those that it gathered."
    )


def test_a_first_gathering_is_undone_by_deleting_and_leaves_the_indexes_theirs() -> None:
    """An index has statistics from its creation on, whether its table has any or not."""
    (step,) = statistics_findings.steps(judge([never()]).findings)
    call = (
        "DBMS_STATS.DELETE_TABLE_STATS(ownname => '\"SALES\"', tabname => '\"ORDERS\"',"
        " cascade_indexes => FALSE, no_invalidate => FALSE)"
    )
    assert step.undo == (f"BEGIN\n  {call};\nEND;",)


def test_an_undo_restores_some_parts_and_empties_those_that_had_nothing() -> None:
    rows = [partitioned("TABLE"), never(part_level="PARTITION", part_name="P9", partitioned="YES")]
    (step,) = statistics_findings.steps(judge(rows).findings)
    (block,) = step.undo
    restore, delete = block.splitlines()[1:3]
    assert restore == RESTORE.splitlines()[1]
    assert delete == (
        "  DBMS_STATS.DELETE_TABLE_STATS(ownname => '\"SALES\"', tabname => '\"ORDERS\"', partname => '\"P9\"',"
        " cascade_parts => FALSE, cascade_indexes => FALSE, no_invalidate => FALSE);"
    )


@pytest.mark.parametrize(
    ("clock", "is_reversible"),
    [
        (CLOCK, True),
        (Clock(NOW, None, None), True),
        (Clock(NOW, OLD, -1), True),
        (Clock(NOW, OLD, 0), False),
        (Clock(NOW, "2026-11-28 02:41:30.000000", 31), False),
    ],
)
def test_no_undo_is_offered_where_the_database_keeps_no_history(clock: Clock, is_reversible: bool) -> None:
    (step,) = statistics_findings.steps(judge([changed(updates=5000)], clock=clock).findings)
    assert step.is_reversible is is_reversible
    assert is_reversible or step.undo_note.startswith("Not reversible")


def test_a_first_gathering_can_be_taken_back_without_any_history() -> None:
    (step,) = statistics_findings.steps(judge([never()], clock=Clock(NOW, OLD, 0)).findings)
    assert step.is_reversible


@pytest.mark.parametrize("text", ["2026-11-28", "2026-11-28 02:41:29.123456' OR '1", ""])
def test_only_an_instant_of_the_database_becomes_a_literal(text: str) -> None:
    with pytest.raises(ValueError, match="written as"):
        statistics_statements.instant(text)


# The concern, with a scripted dictionary


def clock(**values: Any) -> Row:
    plain = {
        "now_utc": NOW,
        "restorable_from_utc": OLD,
        "retention_days": 31,
        "publish": "TRUE",
        "incremental": "FALSE",
    }
    return row_of("statistics_clock", **plain | values)


def automatic(**values: Any) -> Row:
    plain = {"status": "ENABLED", "windows": 7, "open_windows": 0, "next_utc": "2026-11-28 22:00"}
    return row_of("automatic_statistics", **plain | values)


def database(**answers: Answer) -> Dictionary:
    """With one stale table."""
    usual: dict[str, Answer] = {
        "table_statistics": [changed(updates=5000)], "statistics_clock": [clock()], "automatic_statistics": [automatic()],
    }  # fmt: skip
    return Dictionary({**usual, **answers})


def the_step(session: Dictionary, parameters: StatisticsParameters = DEFAULTS) -> Step:
    (step,) = CONCERN.steps(CONCERN.assess(session, parameters, "ALL").findings, parameters)
    return step


def gathered(**values: Any) -> dict[str, Any]:
    return statistics(**{"last_analyzed": "2026-11-28 02:45:00", **values})


def verdict(step: Step, session: Dictionary) -> tuple[bool, str]:
    checked = CONCERN.verify(session, step, Outcome(1))
    return checked.ok, checked.message


def test_a_stale_table_is_gathered_and_seen_to_be_new() -> None:
    session = database()
    step = the_step(session)
    assert CONCERN.is_needed(session, step).is_needed
    assert verdict(step, session) == (False, "It was not gathered: the dictionary shows the old figures.")
    session.answers["table_statistics"] = [gathered()]
    assert verdict(step, session) == (True, "Gathered: 10,000 rows.")
    assert not CONCERN.is_needed(session, step).is_needed
    session.answers["table_statistics"] = [gathered(stale_stats="YES")]
    assert verdict(step, session) == (False, "Gathered, and stale again by the database's own count.")
    session.answers["table_statistics"] = [gathered(last_analyzed="2026-10-01 00:00:00")]
    assert not verdict(step, session)[0], "older figures, such as restored ones, are not what the step was to bring"


def test_figures_that_oracle_added_by_itself_are_not_taken_for_a_gathering() -> None:
    row = changed(updates=5000)
    added = {**row, "last_analyzed": "2026-11-20 10:00:00", "stale_stats": None}
    for rows in ([row, added], [added, row]):
        session = database(table_statistics=rows)
        step = the_step(session)
        assert [part["last_analyzed"] for part in step.check["parts"]] == [BEFORE]
        assert CONCERN.is_needed(session, step).is_needed
        assert not verdict(step, session)[0]


def test_a_table_that_is_gone_needs_nothing() -> None:
    session = database()
    step = the_step(session)
    session.answers["table_statistics"] = []
    assert not CONCERN.is_needed(session, step).is_needed
    assert verdict(step, session) == (False, "The table is gone.")


def test_parts_that_were_not_gathered_are_counted() -> None:
    rows = [partitioned("PARTITION", "P1"), partitioned("PARTITION", "P2")]
    session = database(table_statistics=rows)
    step = the_step(session)
    session.answers["table_statistics"] = [gathered(part_level="PARTITION", part_name="P1", partitioned="YES"), rows[1]]
    assert verdict(step, session) == (
        False,
        "1 of its 2 parts were not gathered: the dictionary shows the old figures.",
    )
    assert CONCERN.is_needed(session, step).is_needed
    left = CONCERN.state_left(session, step)
    assert (left.kind, left.message.split(".")[0]) == (LeftBehind.CLEAN, "1 of 2 parts have new statistics")


def test_a_step_for_a_partition_that_was_dropped_or_merged_meanwhile_is_left_to_the_next_look() -> None:
    session = database(table_statistics=[partitioned("PARTITION", "P1"), never(part_level="PARTITION", part_name="P2")])
    step = the_step(session)
    session.answers["table_statistics"] = [partitioned("PARTITION", "P1")]
    need = CONCERN.is_needed(session, step)
    assert (need.is_needed, need.why) == (
        False,
        "parts that it names are gone: the next look plans for those that are there.",
    )


def test_a_partition_that_goes_while_others_are_gathered_is_no_failure() -> None:
    rows = [partitioned("PARTITION", "P1"), partitioned("PARTITION", "P2")]
    session = database(table_statistics=rows)
    step = the_step(session)
    session.answers["table_statistics"] = [gathered(part_level="PARTITION", part_name="P2", partitioned="YES")]
    assert verdict(step, session) == (True, "Gathered: 10,000 rows.")
    assert CONCERN.state_left(session, step).message.startswith("1 of 1 parts have new statistics.")
    session.answers["table_statistics"] = [rows[1]]
    assert CONCERN.verify_undo(session, step.reversal()).ok
    session.answers["table_statistics"] = [statistics()]
    assert verdict(step, session) == (False, "Every part that was to be gathered is gone.")


def test_the_clock_is_read_after_the_tables() -> None:
    session = database()
    CONCERN.assess(session, DEFAULTS, "ALL")
    asked = [name for name, _ in session.asked]
    assert asked.index("table_statistics") < asked.index("statistics_clock")


def test_the_counters_are_written_down_first_and_a_refusal_is_a_note() -> None:
    session = database()
    assert CONCERN.assess(session, DEFAULTS, "ALL").notes == (
        "Oracle's own statistics job is on, its next window opens at 2026-11-28 22:00 UTC: found here is what it missed.",
    )
    assert session.sent == ["BEGIN\n  DBMS_STATS.FLUSH_DATABASE_MONITORING_INFO;\nEND;"]
    session.refuses = TargetError(ErrorClass.PERMANENT, "ORA-20000", "insufficient privileges")
    assert "may not be counted" in CONCERN.assess(session, DEFAULTS, "ALL").notes[0]
    session.refuses = TargetError(ErrorClass.CANCELLED, "ORA-01013", "stopped on request")
    with pytest.raises(PlatformError):
        CONCERN.assess(session, DEFAULTS, "ALL")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (None, "is off on this database"),
        (automatic(status="DISABLED"), "is off on this database"),
        (automatic(windows=0), "is off on this database"),
        (automatic(open_windows=1), "one of its windows is open now"),
        (automatic(), "its next window opens at 2026-11-28 22:00 UTC"),
        (automatic(next_utc=None), "when its next window opens is not known"),
    ],
)
def test_what_oracle_does_by_itself_is_said(row: Row | None, words: str) -> None:
    assert words in automatic_words(row)


def test_windows_that_cannot_be_seen_are_a_note() -> None:
    notes = CONCERN.assess(database(automatic_statistics=no_right("DBA_AUTOTASK_CLIENT")), DEFAULTS, "ALL").notes
    assert "cannot be seen" in notes[0]


def test_an_index_has_no_statistics_of_its_own_to_gather() -> None:
    found = [row_of("find_table_or_index", owner="SALES", object_type="INDEX")]
    with pytest.raises(ObjectUnknown, match="is an index"):
        CONCERN.assess(database(find_table_or_index=found), DEFAULTS, "sales.orders_ix")


def test_without_any_privilege_only_what_the_account_owns_is_gathered() -> None:
    rows = [changed(updates=5000), changed("MINE", updates=5000, owner="ME")]
    session = database(table_statistics=rows, **account(name="ME", privileges=["CREATE SESSION"]))
    findings = CONCERN.assess(session, DEFAULTS, "ALL").findings
    assert [step.object for step in CONCERN.steps(findings, DEFAULTS)] == ["ME.MINE"]


def test_oracles_own_tables_ask_for_a_right_of_their_own_where_they_are_to_be_gathered() -> None:
    session = database(**account(privileges=["SELECT ANY DICTIONARY", "ANALYZE ANY"]))
    blocking = [[r.right for r in CONCERN.missing_rights(session, p) if r.blocks] for p in (DEFAULTS, SYSTEM)]
    assert [["ANALYZE ANY DICTIONARY" in rights for rights in blocking], "ANALYZE ANY" in blocking[0]] == [
        [False, True],
        False,
    ]


def test_the_dictionary_takes_two_rights_and_owning_tables_does_not_make_up_for_one() -> None:
    """DBMS_STATS: GATHER_DICTIONARY_STATS and RESTORE_DICTIONARY_STATS need both, those of fixed objects only the second."""
    owner = {**account(privileges=["SELECT ANY DICTIONARY"]), "own_tables": [row_of("own_tables", table_name="T")]}
    for parameters, rights in (
        (StatisticsParameters(gather_dictionary=True), {"ANALYZE ANY", "ANALYZE ANY DICTIONARY"}),
        (StatisticsParameters(gather_fixed=True), {"ANALYZE ANY DICTIONARY"}),
    ):
        missing = CONCERN.missing_rights(database(**owner), parameters)
        assert {right.right for right in missing if right.blocks and right.right.startswith("ANALYZE")} == rights


def test_an_undo_is_proved_by_the_old_figures() -> None:
    session = database()
    back = the_step(session).reversal()
    assert not CONCERN.is_needed(session, back).is_needed, "nothing was gathered yet"
    session.answers["table_statistics"] = [gathered()]
    assert CONCERN.is_needed(session, back).is_needed
    assert not CONCERN.verify_undo(session, back).ok
    session.answers["table_statistics"] = [statistics()]
    assert CONCERN.verify_undo(session, back).ok


def test_the_undo_of_a_first_gathering_is_proved_by_nothing() -> None:
    session = database(table_statistics=[never()])
    back = the_step(session).reversal()
    session.answers["table_statistics"] = [gathered()]
    assert not CONCERN.verify_undo(session, back).ok
    session.answers["table_statistics"] = [never()]
    assert CONCERN.verify_undo(session, back).ok


def test_an_undo_that_the_history_no_longer_holds_is_refused_before_it_is_sent() -> None:
    session = database()
    back = the_step(session).reversal()
    session.answers |= {
        "table_statistics": [gathered()],
        "statistics_clock": [clock(restorable_from_utc="2026-11-28 02:41:29.123457")],
    }
    with pytest.raises(PlatformError, match="keeps earlier statistics from") as refusal:
        CONCERN.is_needed(session, back)
    assert refusal.value.error.error_class is ErrorClass.PERMANENT


# The dictionary and the fixed objects


def system(query: str, **values: Any) -> Row:
    return row_of(query, **{"tables": 1000, "analysed": 990, "last_analyzed": BEFORE, "age_days": 200, **values})


SYSTEM = StatisticsParameters(gather_dictionary=True, gather_fixed=True)


def test_oracles_own_tables_are_only_looked_at_when_asked() -> None:
    session = database(table_statistics=[])
    CONCERN.assess(session, DEFAULTS, "ALL")
    assert {name for name, _ in session.asked}.isdisjoint({"dictionary_statistics", "fixed_statistics"})


def test_old_statistics_of_the_dictionary_and_the_fixed_objects_are_gathered_and_restored() -> None:
    session = database(
        table_statistics=[],
        dictionary_statistics=[system("dictionary_statistics")],
        fixed_statistics=[system("fixed_statistics", last_analyzed=None, analysed=0, age_days=None)],
    )
    findings = CONCERN.assess(session, SYSTEM, "ALL").findings
    assert [finding.severity for finding in findings] == [Severity.INFO, Severity.WARNING]
    dictionary, fixed = CONCERN.steps(findings, SYSTEM)
    assert dictionary.statements == ("BEGIN\n  DBMS_STATS.GATHER_DICTIONARY_STATS;\nEND;",)
    as_of = f"TIMESTAMP '{NOW} +00:00'"
    assert dictionary.undo == (
        f"BEGIN\n  DBMS_STATS.RESTORE_DICTIONARY_STATS(as_of_timestamp => {as_of}, no_invalidate => FALSE);\nEND;",
    )
    assert fixed.statements == ("BEGIN\n  DBMS_STATS.GATHER_FIXED_OBJECTS_STATS;\nEND;",)
    assert fixed.undo == ("BEGIN\n  DBMS_STATS.DELETE_FIXED_OBJECTS_STATS(no_invalidate => FALSE);\nEND;",)
    for step, query in ((dictionary, "dictionary_statistics"), (fixed, "fixed_statistics")):
        assert CONCERN.is_needed(session, step).is_needed
        assert not verdict(step, session)[0]
        session.answers[query] = [system(query, last_analyzed="2026-11-28 02:45:00", age_days=0)]
        assert verdict(step, session) == (True, "Gathered.")
        assert not CONCERN.is_needed(session, step).is_needed
        assert not CONCERN.verify_undo(session, step.reversal()).ok


@pytest.mark.parametrize(("age_days", "is_found"), [(179, False), (180, True)])
def test_newer_statistics_of_oracles_own_tables_are_left_alone(age_days: int, is_found: bool) -> None:
    row = system("fixed_statistics", age_days=age_days)
    assert (system_statistics.judge(system_statistics.FIXED, row, 180, CLOCK) is not None) is is_found


def test_a_step_is_kept_as_json_and_read_back() -> None:
    step = the_step(database())
    assert Step.from_json(step.as_json()) == step
