from __future__ import annotations

import re
import threading

import pytest

from maintenance_portal.management.commands.oracle_smoke import tried
from strategies.capabilities import capabilities
from strategies.platforms.oracle.smoke import catalogue, reading
from strategies.platforms.oracle.smoke.items import Item, Report, State
from strategies.platforms.oracle.smoke.running import STOPPED, result_of, trial
from strategies.platforms.oracle.smoke.stage import Stage
from strategies.platforms.queries import load_query
from tests.strategies.platforms.oracle.smoke.server import Server, ServerConnection
from tests.strategies.platforms.oracle.smoke.stages import URL, a_stage
from tests.strategies.platforms.oracle.transport import driver_error, oracle_error

ITEMS = catalogue.items(tried())
BY_NAME = {item.name: item for item in ITEMS}
WITH_OBJECTS = [item.name for item in ITEMS if item.changes]
FILES = [
    (f"oracle{folder}", name)
    for folder, place in (("", "queries"), ("/smoke", "smoke/queries"))
    for name in reading.names_of(place)
]
FULL = oracle_error(1536, "space quota exceeded for tablespace 'USERS'")


def run(stage: Stage, *names: str) -> Report:
    chosen = [BY_NAME[name] for name in names] if names else ITEMS
    return trial(chosen, stage, stop=threading.Event())


def found(report: Report) -> dict[str, tuple[State, str]]:
    return {result.name: (result.state, result.words) for result in report.results}


def test_a_whole_trial_passes_and_leaves_nothing(server: Server) -> None:
    report = run(a_stage())
    by_state = {state: [name for name, seen in found(report).items() if seen[0] is state] for state in State}
    assert {name: found(report)[name] for name in by_state[State.FAILED]} == {}
    assert by_state[State.NOT_APPLICABLE] == ["catalogue_role", "audit_zone"]
    assert [result.name for result in report.results] == [item.name for item in ITEMS]
    assert report.is_good
    assert server.is_empty
    assert all(connection.is_closed for connection in server.connections)


def test_names_of_items_are_unique() -> None:
    assert len(BY_NAME) == len(ITEMS)


def test_only_objects_of_the_trial_are_changed(server: Server) -> None:
    run(a_stage(), *WITH_OBJECTS)
    changing = (
        "CREATE",
        "INSERT",
        "DELETE",
        "ALTER INDEX",
        "ALTER TABLE",
        "ALTER PROCEDURE",
        "DROP",
        "PURGE",
        "ANALYZE",
    )
    seen = [statement for statement in server.sent if statement.startswith(changing)]
    assert seen
    for statement in seen:
        first = statement.split("\n", 1)[0]
        named = re.search(r'"PORTAL"\."(?:BIN\$)?([^"]+)"|\b(?:TABLE|INDEX|PACKAGE BODY|PACKAGE|TRIGGER) (\w+)', first)
        assert named is not None, statement
        assert (named[1] or named[2].upper()).startswith("MPORTAL_SMOKE_1A2B3C4D_"), statement


@pytest.mark.parametrize("edition", ["", "?edition=SE2"])
def test_without_enterprise_edition_nothing_of_it_is_sent(server: Server, edition: str) -> None:
    report = run(a_stage(f"{URL.partition('?')[0]}{edition}"))
    assert {name for name, seen in found(report).items() if seen[0] is State.FAILED} == set()
    left_out = {name for name, seen in found(report).items() if seen[0] is State.NOT_APPLICABLE}
    assert {"index_degree", "index_degree_sticks", "space_move", "index_cancel", "meters_parallel"} <= left_out
    assert not [
        text
        for text in server.sent
        if " ONLINE" in text and "ANALYZE" not in text and not text.startswith(("SELECT", "CREATE OR REPLACE PACKAGE"))
    ]
    assert not [text for text in server.sent if "REBUILD" in text and "PARALLEL" in text]


@pytest.mark.parametrize("name", WITH_OBJECTS)
def test_an_item_that_the_server_refuses_fails_with_its_words_and_leaves_nothing(server: Server, name: str) -> None:
    """Each kind of object is refused, so that every item with objects comes upon one."""
    server.refuses = {"INSERT INTO": FULL, "CREATE INDEX": FULL, "CREATE PROCEDURE": FULL, "CREATE_JOB": FULL}
    if name == "space_purge":
        server.refuses = {"CREATE TABLE": FULL}
    report = run(a_stage(), name, "facts")
    state, words = found(report)[name]
    assert state is State.FAILED
    assert words.startswith("ORA-01536: space quota exceeded for tablespace 'USERS'")
    assert found(report)["facts"][0] is State.PASSED
    assert server.is_empty
    assert report.left == ()


WORDS = {
    "index_rebuild": ("REBUILD ONLINE", 1652, "unable to extend temp segment by 128 in tablespace TEMP"),
    "index_degree": ("NOPARALLEL", 54, "resource busy"),
    "statistics_first": ("GATHER_TABLE_STATS", 20000, "Unable to analyze TABLE"),
    "space_shrink": ("SHRINK SPACE", 10635, "Invalid segment or tablespace type"),
    "space_move": ("MOVE ONLINE", 14808, "table does not support ONLINE MOVE TABLE"),
    "space_purge": ("PURGE TABLE", 38302, "invalid PURGE option"),
    "integrity_validate": ("ANALYZE TABLE", 1499, "table/index cross reference failure - see trace file"),
    "backup_job": ("CREATE_JOB", 27399, "job type EXECUTABLE requires the CREATE EXTERNAL JOB privilege"),
    "cancel_beside": ("CANCEL SQL", 27, "cannot kill current session"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_step_that_the_server_refuses_is_told_in_its_words(server: Server, name: str) -> None:
    part, number, text = WORDS[name]
    server.refuses = {part: oracle_error(number, text)}
    report = run(a_stage(), name)
    state, words = found(report)[name]
    assert state is State.FAILED
    assert words.startswith(f"ORA-{number:05d}: {text}")


def test_an_order_that_the_database_does_not_take_fails(server: Server) -> None:
    server.refuses = {"KILL SESSION": oracle_error(30, "User session ID does not exist.")}
    state, words = found(run(a_stage(), "lost_connection"))["lost_connection"]
    assert state is State.FAILED
    assert "did not take the order" in words


def test_a_query_that_the_account_may_not_run_says_which_grant_is_missing(server: Server) -> None:
    server.refuses = {"recycle_bin": oracle_error(942, "table or view does not exist")}
    report = run(a_stage(), "query_recycle_bin", "query_tablespaces")
    state, words = found(report)["query_recycle_bin"]
    assert state is State.FAILED
    assert "ORA-00942" in words
    assert "It needs SELECT ON SYS.DBA_RECYCLEBIN" in words
    assert found(report)["query_tablespaces"] == (State.PASSED, "0 rows.")


@pytest.mark.parametrize(
    ("item", "query", "grant"),
    [
        ("health_host", "health_host", "SELECT ON SYS.V_$OSSTAT"),
        ("audit_zone", "audit_archived", "SELECT ON SYS.DBA_AUDIT_MGMT_LAST_ARCH_TS"),
        ("limits", "own_limits", "SELECT ON SYS.V_$SESSION"),
    ],
)
def test_what_only_the_trial_reads_and_the_account_may_not_is_not_applicable(
    server: Server, item: str, query: str, grant: str
) -> None:
    server.refuses = {query: oracle_error(942, "table or view does not exist")}
    server.privileges.remove("SELECT ANY DICTIONARY")
    state, words = found(run(a_stage(), item))[item]
    assert state is State.NOT_APPLICABLE
    assert words == f'The account lacks {grant}: GRANT {grant} TO "PORTAL";'


def test_what_the_account_may_read_and_the_server_refuses_fails(server: Server) -> None:
    server.refuses = {"health_host": oracle_error(942, "table or view does not exist")}
    state, words = found(run(a_stage(), "health_host"))["health_host"]
    assert state is State.FAILED
    assert "It needs SELECT ON SYS.V_$OSSTAT" in words


def test_an_account_with_exactly_the_rights_that_the_script_grants_fails_nothing(server: Server) -> None:
    """Neither what is optional for the portal, nor what only the trial reads."""
    granted = {right.privilege for one in capabilities("oracle") for right in one.rights if not right.is_optional} | {
        "CREATE TABLE"
    }  # without which no trial begins
    objects = [match.groups() for name in granted if (match := re.fullmatch(r"(\w+) ON (\w+)\.(\S+)", name))]
    server.privileges = [name for name in granted if " ON " not in name]
    server.answers["object_privileges"] = [
        {"privilege": kind, "owner": owner, "name": name} for kind, owner, name in objects
    ]
    queries = (load_query(folder, name) for folder, name in FILES)
    server.refuses = {
        query.name: oracle_error(942, "table or view does not exist")
        for query in queries
        if not granted.issuperset(query.privileges)
    }
    assert {"health_host", "audit_archived"} < server.refuses.keys()
    report = run(a_stage())
    assert {name: seen for name, seen in found(report).items() if seen[0] is State.FAILED} == {}
    assert report.cut_short == ""


def test_a_session_that_may_still_work_in_parallel_fails_the_limits(server: Server) -> None:
    server.answers = {"own_limits": [{"pq_status": "DISABLED", "pdml_status": "DISABLED", "pddl_status": "FORCED"}]}
    state, words = found(run(a_stage(), "limits"))["limits"]
    assert state is State.FAILED
    assert words.endswith("the session has pq_status DISABLED, pdml_status DISABLED, pddl_status FORCED.")


def test_a_session_without_parallel_work_says_so(server: Server) -> None:
    state, words = found(run(a_stage(), "limits"))["limits"]
    assert state is State.PASSED
    assert words.endswith("the session has pq_status DISABLED, pdml_status DISABLED, pddl_status DISABLED.")


def test_what_a_right_is_missing_for_is_not_applicable(server: Server) -> None:
    server.privileges = ["CREATE SESSION", "CREATE TABLE", "SELECT ANY DICTIONARY"]
    report = run(
        a_stage(), "cancel_beside", "lost_connection", "integrity_compile", "backup_job", "statistics_restored"
    )
    assert {seen[0] for seen in found(report).values()} == {State.NOT_APPLICABLE}
    assert 'GRANT ALTER SYSTEM TO "PORTAL";' in found(report)["lost_connection"][1]


def test_rights_that_are_missing_fail_with_their_grants(server: Server) -> None:
    server.privileges = ["CREATE SESSION", "CREATE TABLE"]
    report = run(a_stage(), "rights_monitoring", "rights_index_maintenance")
    assert found(report)["rights_index_maintenance"][0] is State.FAILED
    assert 'GRANT SELECT ON SYS.DBA_INDEXES TO "PORTAL";' in found(report)["rights_index_maintenance"][1]


def test_sessions_that_cannot_be_seen_are_not_applicable(server: Server) -> None:
    server.refuses = {"our_sessions": oracle_error(942, "table or view does not exist")}
    report = run(a_stage(), "cancel_within")
    assert found(report)["cancel_within"][0] is State.NOT_APPLICABLE
    assert all(connection.is_closed for connection in server.connections)


def test_a_database_that_does_otherwise_than_expected_fails_the_item(server: Server) -> None:
    server.answers = {
        "option_names": [{"name": "Partitioning", "value": "TRUE"}],
        "high_values": [{"table_owner": "A", "table_name": "T", "partition_name": "P", "high_value": b"1"}],
        "audit_archived": [{"audit_trail": "UNIFIED AUDIT TRAIL", "archived_to": "2026-11-01 00:00:00 +01:00", "zone": "+01:00"}],
        "own_index": [{"status": "VALID", "degree": "2", "instances": "1", "visibility": "VISIBLE"}],
        "own_statistics": [],
        "own_tags": [{"module": "x", "action": "x", "client_info": "x", "client_identifier": None}],
    }  # fmt: skip
    names = ("options", "high_values", "audit_zone", "index_degree_sticks", "index_hidden", "meters", "tag_lengths")
    report = run(a_stage(), *names)
    assert {name: seen[0] for name, seen in found(report).items()} == dict.fromkeys(names, State.FAILED)
    words = {name: seen[1] for name, seen in found(report).items()}
    assert "no option of the name Online Index Build" in words["options"]
    assert "bytes" in words["high_values"]
    assert "+01:00" in words["audit_zone"]
    assert "NOPARALLEL leaves a degree of 2" in words["index_degree_sticks"]
    assert words["index_hidden"] == "The dictionary says VISIBLE and then VISIBLE."
    assert words["meters"].startswith("Not measured: cpu_ms, memory_mb, io_operations")
    assert "module to 1 of 48" in words["tag_lengths"]


def test_a_shrink_that_changes_nothing_fails_by_what_the_dictionary_says(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "shrink", lambda *what: [])
    monkeypatch.setattr("tests.strategies.platforms.oracle.smoke.server._ACTS", _without_shrinking())
    state, words = found(run(a_stage(), "space_shrink"))["space_shrink"]
    assert state is State.FAILED
    assert words.startswith("It still takes")


def _without_shrinking() -> tuple[tuple[str, None], ...]:
    from tests.strategies.platforms.oracle.smoke import server as taught

    return tuple((pattern, None if "SHRINK" in pattern else act) for pattern, act in taught._ACTS)  # type: ignore[misc]


def test_a_database_without_a_recycle_bin_is_not_applicable(server: Server) -> None:
    server.has_bin = False
    assert found(run(a_stage(), "space_purge"))["space_purge"][0] is State.NOT_APPLICABLE
    assert server.is_empty


def test_an_object_that_cannot_be_removed_is_named_with_how_to(server: Server) -> None:
    server.refuses = {"DROP TABLE": oracle_error(54, "resource busy")}
    report = run(a_stage(), "index_hidden", "facts")
    assert [result.state for result in report.results] == [State.PASSED, State.PASSED]
    (told,) = report.left
    assert told.startswith("TABLE PORTAL.MPORTAL_SMOKE_1A2B3C4D_1: ORA-00054: resource busy")
    assert told.endswith('Remove it with: DROP TABLE "PORTAL"."MPORTAL_SMOKE_1A2B3C4D_1" CASCADE CONSTRAINTS PURGE')
    assert not report.is_good


def test_what_was_busy_for_a_moment_is_removed_at_the_end(server: Server) -> None:
    server.refuses = {"DROP TABLE": oracle_error(54, "resource busy")}
    server.during = {"facts_options": server.refuses.clear}
    report = run(a_stage(), "index_hidden", "query_facts_options")
    assert report.left == ()
    assert server.is_empty


def test_a_lost_connection_fails_one_item_and_its_objects_are_removed_on_a_new_one(server: Server) -> None:
    def lose() -> None:
        server.refuses.clear()

    server.refuses = {"ALTER INDEX": driver_error(4011)}
    server.during = {"DROP TABLE": lose}
    report = run(a_stage(), "index_hidden", "facts")
    assert found(report)["index_hidden"][0] is State.FAILED
    assert found(report)["facts"][0] is State.PASSED
    assert server.is_empty
    assert report.left == ()


def test_a_fault_of_our_own_stops_no_other_item(server: Server) -> None:
    def broken(stage: Stage) -> str:
        stage.table(rows=1)
        raise KeyError("nothing of the kind")

    items = [Item("broken", "A section", "It breaks", broken), BY_NAME["facts"]]
    report = trial(items, a_stage(), stop=threading.Event())
    assert found(report)["broken"] == (State.FAILED, "KeyError: 'nothing of the kind'")
    assert found(report)["facts"][0] is State.PASSED
    assert server.is_empty


def test_ctrl_c_in_the_middle_removes_what_was_made_and_says_what_was_not_tried(server: Server) -> None:
    def interrupted(stage: Stage) -> str:
        stage.index(stage.table(rows=1))
        raise KeyboardInterrupt

    items = [
        BY_NAME["facts"],
        Item("interrupted", "A section", "Somebody stops it", interrupted),
        BY_NAME["index_hidden"],
    ]
    report = trial(items, a_stage(), stop=threading.Event())
    assert [result.name for result in report.results] == ["facts"]
    assert report.untried == ("interrupted", "index_hidden")
    assert report.cut_short == STOPPED
    assert report.left == ()
    assert server.is_empty
    assert not report.is_good


def test_a_trial_that_is_asked_to_stop_cancels_what_runs_and_tries_no_more(server: Server) -> None:
    stage, stop = a_stage(), threading.Event()
    server.answers = {"our_sessions": []}

    def act() -> None:
        stop.set()
        stage.cancel()

    server.during = {"our_sessions": act}
    report = trial([BY_NAME["cancel_within"], BY_NAME["facts"]], stage, stop=stop)
    assert [(result.name, result.state) for result in report.results] == [("cancel_within", State.FAILED)]
    assert report.untried == ("facts",)
    assert all(connection.is_closed for connection in server.connections)


def test_an_item_ends_at_its_limit_of_time(server: Server) -> None:
    def forever(stage: Stage) -> str:
        stage.until(lambda: not stage.session.facts(), "The end came")
        return ""

    result = None
    stage = a_stage()
    stage.owner = "PORTAL"
    result = result_of(Item("forever", "A section", "It takes long", forever, limit_seconds=0.2), stage)
    stage.leave()
    assert result.state is State.FAILED
    assert "0.2 seconds" in result.words


def test_a_refused_sign_in_is_tried_once_and_no_more(server: Server) -> None:
    server.refuses_sign_in = oracle_error(1017, "invalid username/password; logon denied")
    report = run(a_stage())
    assert server.sign_ins == 1
    assert report.results == ()
    assert report.cut_short.startswith("Nothing was tried. ORA-01017: invalid username/password")


def test_a_sign_in_that_is_refused_half_way_is_not_tried_again(server: Server) -> None:
    def refuse() -> None:
        server.refuses_sign_in = oracle_error(28000, "The account is locked.")

    server.during = {"facts_options": refuse}
    report = run(a_stage(), "query_facts_options", "tags", "cancel_within", "time_limit")
    assert server.sign_ins == 2
    assert found(report)["query_facts_options"][0] is State.PASSED
    assert found(report)["tags"][0] is State.FAILED
    assert found(report)["tags"][1].startswith("ORA-28000")


def test_once_sign_ins_are_refused_the_rest_is_not_tried(server: Server) -> None:
    def refuse() -> None:
        server.refuses_sign_in = oracle_error(28000, "The account is locked.")

    server.during = {"facts_options": refuse}
    report = run(a_stage(), "query_facts_options", "tags", "cancel_within", "facts")
    assert list(found(report)) == ["query_facts_options", "tags"]
    assert report.untried == ("cancel_within", "facts")
    assert report.cut_short.startswith("The rest was not tried. ORA-28000: The account is locked.")
    assert not report.is_good


def test_a_server_that_answers_no_more_is_not_asked_for_each_item(server: Server) -> None:
    def silence() -> None:
        server.refuses_sign_in = oracle_error(12541, "TNS:no listener")

    server.during = {"facts_options": silence}
    report = run(a_stage(), "query_facts_options", "tags", "cancel_within", "time_limit", "limits", "cancel_beside")
    assert server.sign_ins == 4
    assert report.untried == ("limits", "cancel_beside")


@pytest.mark.parametrize("name", [item.name for item in ITEMS if item.name.startswith("query_")])
def test_a_query_file_is_given_all_its_binds(stage: Stage, name: str) -> None:
    assert result_of(BY_NAME[name], stage).state is State.PASSED
    connection = stage.session._connection
    assert isinstance(connection, ServerConnection)
