"""The portal's own database as the trial makes and removes it: the server and the commands are played, the statements are held
to what Oracle knows. What the commands do on a database is tested where they are."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from maintenance_portal.generator_trial import DEPLOYMENT
from maintenance_portal.management.commands.oracle_smoke import tried
from maintenance_portal.other_portal import CommandFailed
from maintenance_portal.own_trial import EXAMPLES, OwnTrial, tables
from strategies.generator.implementation import generate
from strategies.platforms.oracle.smoke import packages
from strategies.platforms.oracle.smoke.items import Report, State
from strategies.platforms.oracle.smoke.running import trial
from strategies.plsql.scripts import Place, generator, units
from tests.oracle.test_examples import EXAMPLES as FOLDER
from tests.strategies.generator.defined import LIBRARY, definition
from tests.strategies.platforms.oracle.smoke.conftest import server as server
from tests.strategies.platforms.oracle.smoke.server import Server, Table
from tests.strategies.platforms.oracle.smoke.stages import a_stage
from tests.strategies.platforms.oracle.transport import oracle_error

OPTIONS = ("--type", "--category", "--description", "--targets", "--operations")
PACKAGES = [unit.name for unit in units(Place.PORTAL) if unit.kind == "PACKAGE"]


class Played:
    """What the commands of a portal would do to that server."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.said: list[tuple[str, ...]] = []
        self.refuses: dict[str, str] = {}
        self.lives = True
        self.during: Callable[[], None] = lambda: None
        self.is_closed = False
        self.is_idle = False  # whether its runs leave all as it is

    def cancel(self) -> None:
        self.during = lambda: None

    def heed(self) -> None:
        pass

    def last_lines(self) -> str:
        return "It said why."

    def close(self) -> None:
        self.is_closed = True

    def run(self, *words: str, seconds: float = 300.0) -> str:
        self.said.append(words)
        self.during()
        line = " ".join(words)
        for part, why in self.refuses.items():
            if line.startswith(part):
                raise CommandFailed(f"{words[0]} ended with 1: {why}")
        if words[0] == "migrate" and "--check" not in words:
            self.server.tables.update(dict.fromkeys(tables(), Table()))
            self.server.counts["django_migrations"] = 7
        if words[0] == "install_plsql":
            act = self.server.units.difference_update if "--uninstall" in words else self.server.units.update
            act(PACKAGES)
            if "--generator" in words:
                act([unit.name for unit in generator(Place.PORTAL) if unit.kind == "PACKAGE"])
                made = [unit.name for unit in generator(Place.PORTAL) if unit.kind == "TABLE"]
                self.server.tables.update(dict.fromkeys(made, Table()))
        if words[0] == "generate_strategy":
            self._generate(words)
        if words[0] == "deploy_strategy":
            self.server.units.add(f"{words[1]}_PKG")
        if words[:2] == ("run_strategy", DEPLOYMENT) and not self.is_idle:
            self.server.drifted.clear()
        answers = {
            "operations": {
                "operations": [
                    {"operation_id": number, "strategy": "SMOKE", "status": row["status"], "error_code": row.get("error_code")}
                    for number, row in enumerate(self.server.log, 1)
                ]
            },
            "run_strategy": {"status": "SUCCESS", "message": "Nothing to do."},
            "generate_strategy": {},
            "deploy_strategy": {"runs": [{"plan": {"steps": [1, 2, 3]}}]},
            "assess": {"findings": [{"object": f"job x of {name}"} for name in self.server.drifted]},
        }  # fmt: skip
        return json.dumps(answers[words[0]]) if words[0] in answers else f"All of {line} is done."

    def _generate(self, words: tuple[str, ...]) -> None:
        """The real files, which the server has the package write too."""
        given = dict(zip(words[2::2], words[3::2], strict=False))
        values: dict[str, Any] = {name.removeprefix("--"): value for name, value in given.items() if name in OPTIONS}
        lists = {name: values[name].split(",") for name in ("targets", "operations")}
        made = generate(definition({"name": words[1], **values, **lists}), LIBRARY)
        for path, text in made.files.items():
            file = Path(given["--output"]) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for part, ending in (("spec", ""), ("body", "_body")):
            path = f"plsql/{words[1].lower()}_pkg{ending}.sql"
            self.server.generated.setdefault((words[1], part), made.files[path])

    @contextmanager
    def started(self, *words: str) -> Iterator[Any]:
        self.said.append(words)
        if "pages" in words:
            with pages(int(words[-1])):
                yield SimpleNamespace(is_running=self.lives)
            return
        self.server.counts |= {"portal_target": 1 if self.lives else 0, "jobs_unread": 0}
        yield SimpleNamespace(is_running=self.lives)


@contextmanager
def pages(port: int) -> Iterator[None]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/sign-in/" else 503)
            self.end_headers()

        def log_message(self, *what: Any) -> None:
            pass

    served = http.server.HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def portal(server: Server, tmp_path: Path) -> Played:
    return Played(server, tmp_path)


def run(portal: Played, stop: threading.Event | None = None) -> Report:
    own = OwnTrial(portal, tried(), pause=lambda seconds: None)
    return trial(own.items(), a_stage(), stop=stop or threading.Event())


def found(report: Report) -> dict[str, tuple[State, str]]:
    return {result.name: (result.state, result.words) for result in report.results}


def test_it_is_made_used_and_removed(server: Server, portal: Played) -> None:
    report = run(portal)
    assert {name: words for name, (state, words) in found(report).items() if state is not State.PASSED} == {}
    assert report.is_good
    assert server.is_empty
    words = {name: seen[1] for name, seen in found(report).items()}
    assert words["own_migrate"] == f"7 migrations made {len(list(tables()))} tables; every trigger compiles."
    assert words["own_log"].startswith("Operation 1 is there as an ERROR with its code")
    assert words["own_examples"].startswith(f"{len(EXAMPLES)} examples: ")
    assert words["own_generator"].startswith(
        f"{len(LIBRARY.templates)} strategies: the texts of their packages are those"
    )
    assert words["own_deployment"] == (
        "3 steps brought it; job x of SMOKE_DEPLOYED differed then, and was put back: SUCCESS."
        " Its package logged 3 operations that went well, and says of 0 objects that they need some."
    )
    assert words["own_run"] == "STATISTICS_MAINTENANCE: SUCCESS. Nothing to do."
    assert words["own_pages"].endswith("answered with 503.")
    assert words["own_partitions"].startswith("All of partition_log --yes is done. Operation ")


def test_every_example_is_tried_but_the_script_that_the_portal_makes() -> None:
    assert {path.stem for path in FOLDER.glob("*.sql")} - set(EXAMPLES) == {"install", "generate_strategy"}


def test_each_table_of_the_portal_is_one_that_is_removed() -> None:
    names = list(tables())
    assert {"GENERIC_OPERATION_LOG", "PORTAL_TARGET_TAGS", "DJANGO_MIGRATIONS", "DJANGO_Q_ORMQ"} <= set(names)
    assert max(map(len, names)) <= 30


def test_a_schema_that_holds_something_is_left_as_it_is(server: Server, portal: Played) -> None:
    server.tables["PORTAL_TARGET"] = Table(rows=5)
    report = run(portal)
    assert {seen[0] for seen in found(report).values()} == {State.NOT_APPLICABLE}
    assert found(report)["own_migrate"][1].startswith("The schema holds 1 objects (TABLE PORTAL.PORTAL_TARGET).")
    assert portal.said == []
    assert list(server.tables) == ["PORTAL_TARGET"]
    assert not [text for text in server.sent if text.startswith("DROP")]


def test_without_the_rights_or_the_room_nothing_is_made(server: Server, portal: Played) -> None:
    server.privileges.remove("CREATE TRIGGER")
    assert 'GRANT CREATE TRIGGER TO "PORTAL";' in found(run(portal))["own_migrate"][1]
    server.privileges.append("CREATE TRIGGER")
    server.quota["max_bytes"] = 100 * 1_048_576
    assert "QUOTA 512M" in found(run(portal))["own_migrate"][1]
    assert portal.said == []


def test_migrations_that_fail_half_way_are_removed_and_told(server: Server, portal: Played) -> None:
    portal.refuses["migrate"] = "ORA-00922: missing or invalid option"
    portal.during = lambda: server.tables.update({"PORTAL_TENANT": Table()})
    report = run(portal)
    assert found(report)["own_migrate"] == (State.FAILED, "migrate ended with 1: ORA-00922: missing or invalid option")
    assert found(report)["own_run"] == (
        State.NOT_APPLICABLE,
        "The portal's tables were not made; own_migrate says why.",
    )
    assert server.is_empty
    assert report.left == ()


def test_what_of_it_nobody_removes_is_named(server: Server, portal: Played) -> None:
    portal.refuses["migrate"] = "it was killed"
    portal.during = lambda: server.tables.update({"NEW_RUN": Table()})
    report = run(portal)
    assert found(report)["own_removed"] == (State.FAILED, "It is still there: TABLE PORTAL.NEW_RUN.")
    assert report.left == ("TABLE PORTAL.NEW_RUN: it is still there.",)
    assert not report.is_good


def test_one_item_that_fails_stops_no_other_and_all_is_removed(server: Server, portal: Played) -> None:
    portal.refuses = {"check": "database.E010", "run_strategy": "it broke"}
    report = run(portal)
    failed = {name: words for name, (state, words) in found(report).items() if state is State.FAILED}
    assert failed == {
        "own_checks": "check ended with 1: database.E010",
        "own_run": "run_strategy ended with 1: it broke",
        "own_deployment": "run_strategy ended with 1: it broke",
    }
    assert server.is_empty


def test_a_unit_that_does_not_compile_fails(server: Server, portal: Played) -> None:
    server.broken = {"GENERIC_LOG_STORE_PKG"}
    state, words = found(run(portal))["own_packages"]
    assert state is State.FAILED
    assert words == "Not valid: PACKAGE BODY GENERIC_LOG_STORE_PKG, PACKAGE GENERIC_LOG_STORE_PKG."


def test_an_example_that_the_database_refuses_fails(server: Server, portal: Played) -> None:
    server.refuses = {"INTO generic_strategy_config": oracle_error(2291, "integrity constraint violated")}
    state, words = found(run(portal))["own_examples"]
    assert state is State.FAILED
    assert words.startswith("ORA-02291")
    assert server.is_empty


def test_a_log_that_lost_the_row_fails(server: Server, portal: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = portal.run

    def forgetful(*words: str, seconds: float = 300.0) -> str:
        return json.dumps({"operations": []}) if words[0] == "operations" else plain(*words, seconds=seconds)

    monkeypatch.setattr(portal, "run", forgetful)
    assert found(run(portal))["own_log"] == (State.FAILED, "After the rollback the portal's log says None.")


def test_a_portal_that_ends_by_itself_fails(portal: Played) -> None:
    portal.lives = False
    state, words = found(run(portal))["own_work"]
    assert (state, words) == (State.FAILED, "The portal ended by itself. It said why.")


def test_a_text_that_is_another_than_pythons_fails_with_its_line(server: Server, portal: Played) -> None:
    server.generated["SMOKE_BACKUP", "body"] = "CREATE OR REPLACE PACKAGE BODY smoke_backup_pkg AS\n    x\nEND;\n/\n"
    state, words = found(run(portal))["own_generator"]
    assert state is State.FAILED
    assert (
        "generate_package_body('SMOKE_BACKUP', 'BACKUP', NULL) has another text than Python, in line 2: '    x', not"
        in words
    )
    assert server.is_empty


def test_a_drift_that_nobody_finds_or_that_stays_fails(server: Server, portal: Played) -> None:
    portal.is_idle = True
    state, words = found(run(portal))["own_deployment"]
    assert (state, words) == (State.FAILED, "After it was put back this differs: job x of SMOKE_DEPLOYED.")
    server.drifted = {"EARLIER"}
    assert found(run(portal))["own_deployment"][1] == "Just after it was deployed this differs: job x of EARLIER."
    server.drifted = Deaf()
    assert found(run(portal))["own_deployment"][1] == "A job that was changed was not found."
    assert server.is_empty


class Deaf(set[str]):
    """Whatever is changed, nothing of it is kept."""

    def add(self, element: str) -> None:
        pass


def test_a_deployed_package_that_fails_or_logs_nothing_is_told(server: Server, portal: Played) -> None:
    server.silenced = {"SMOKE_DEPLOYED"}
    assert found(run(portal))["own_deployment"] == (
        State.FAILED,
        "SMOKE_DEPLOYED_PKG has logged nothing that it did.",
    )
    server.refuses = {"SMOKE_DEPLOYED_PKG.execute_strategy": oracle_error(20999, "2 of 3 objects failed")}
    state, words = found(run(portal))["own_deployment"]
    assert state is State.FAILED
    assert "2 of 3 objects failed" in words


def test_what_is_not_licensed_or_not_granted_is_not_applicable(server: Server, portal: Played) -> None:
    server.privileges = [name for name in server.privileges if name != "SELECT ANY DICTIONARY"]
    own = OwnTrial(portal, tried(), pause=lambda seconds: None)
    stage = a_stage("oracle://portal@db.example:1521/sales?edition=SE2")
    report = found(trial(own.items(), stage, stop=threading.Event()))
    assert report["own_run"][0] is State.NOT_APPLICABLE
    assert "GRANT SELECT ON" in report["own_run"][1]
    assert report["own_partitions"][0] is State.NOT_APPLICABLE
    assert server.is_empty


def test_without_the_documents_their_examples_are_not_applicable(
    portal: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(name: str) -> str:
        raise FileNotFoundError(name)

    monkeypatch.setattr(packages, "example", nowhere)
    assert found(run(portal))["own_examples"][0] is State.NOT_APPLICABLE


def test_whoever_stops_it_gets_an_empty_schema(server: Server, portal: Played) -> None:
    def interrupt() -> None:
        if portal.said[-1][0] == "check":
            raise KeyboardInterrupt

    portal.during = interrupt
    report = run(portal)
    assert [result.name for result in report.results] == ["own_migrate"]
    assert report.cut_short
    assert report.left == ()
    assert server.is_empty
