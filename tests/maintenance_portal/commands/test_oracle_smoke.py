"""oracle_smoke as people and scripts call it, on a server in memory and on addresses where none answers."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from maintenance_portal.management.commands import oracle_smoke
from strategies.platforms.oracle.smoke import stage
from tests.maintenance_portal.commands.conftest import Said, command
from tests.maintenance_portal.test_own_trial import Played
from tests.strategies.platforms.oracle.listener import a_listener, refusing
from tests.strategies.platforms.oracle.smoke.conftest import server as server
from tests.strategies.platforms.oracle.smoke.server import Server
from tests.strategies.platforms.oracle.smoke.stages import SECRET, URL
from tests.strategies.platforms.oracle.transport import oracle_error

QUICK = ("facts", "index_hidden", "cancel_within")


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORACLE_SECRET", SECRET)


@pytest.fixture(autouse=True)
def _played(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The commands of a portal, which the server in memory could not answer."""
    if "server" in request.fixturenames:
        played = Played(request.getfixturevalue("server"), tmp_path)
        monkeypatch.setattr(oracle_smoke, "other_portal", lambda stage: played)


@pytest.fixture
def _few_items(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = oracle_smoke.every_item
    monkeypatch.setattr(
        oracle_smoke, "every_item", lambda portal: tuple(i for i in everything(portal) if i.name in QUICK)
    )


def smoke(*words: str, url: str = URL) -> Said:
    return command("oracle_smoke", url, "--secret", "env:ORACLE_SECRET", *words)


def test_a_whole_trial_is_reported_as_markdown_and_says_no_secret(server: Server, tmp_path: Path) -> None:
    said = smoke("--yes", "--report", str(tmp_path / "report.md"))
    report = (tmp_path / "report.md").read_text()
    assert said.code == 0, said.out
    assert report.startswith("# Trial on oracle://portal@db.example:1521/sales")
    assert "Nothing was left behind." in report
    assert f"The report is in {tmp_path / 'report.md'}." in said.out
    assert "  An unusable index is found, rebuilt and usable (with objects of its own)" in said.out
    assert "| `own_migrate` |" in report.replace("\\", "")
    assert server.is_empty
    for text in (report, said.out, said.err, *server.sent):
        assert SECRET not in text


@pytest.mark.usefixtures("_few_items")
def test_json_is_the_only_answer_on_standard_output(server: Server, tmp_path: Path) -> None:
    said = smoke("--yes", "--json", "--report", str(tmp_path / "report.json"))
    assert said.code == 0
    assert said.answer == json.loads((tmp_path / "report.json").read_text())
    assert [item["name"] for item in said.answer["items"]] == ["facts", "index_hidden", "cancel_within"]
    assert "The database tells what it is" in said.err


@pytest.mark.usefixtures("_few_items")
def test_without_a_file_the_report_is_printed(server: Server) -> None:
    assert "| `index_hidden` |" in smoke("--yes").out


@pytest.mark.usefixtures("_few_items")
def test_a_failed_item_ends_with_one_and_is_told(server: Server, tmp_path: Path) -> None:
    server.refuses = {"INVISIBLE": oracle_error(54, "resource busy")}
    said = smoke("--yes", "--report", str(tmp_path / "report.md"))
    assert said.code == 1
    assert "Failed: index_hidden: ORA-00054: resource busy" in said.out


@pytest.mark.usefixtures("_few_items")
def test_what_was_left_behind_ends_with_one_and_is_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_BETWEEN_ROUNDS_SECONDS", 0.0)
    server.refuses = {"DROP TABLE": oracle_error(54, "resource busy")}
    said = smoke("--yes", "--report", str(tmp_path / "report.md"))
    assert said.code == 1
    assert "Left behind: TABLE PORTAL.MPORTAL_SMOKE_" in said.err


@pytest.mark.usefixtures("_few_items")
def test_ctrl_c_stops_the_trial_and_removes_what_was_made(server: Server, tmp_path: Path) -> None:
    server.answers = {"our_sessions": []}  # so that the item would wait
    server.during = {"our_sessions": _once(lambda: os.kill(os.getpid(), signal.SIGINT))}
    said = smoke("--yes", "--report", str(tmp_path / "report.md"))
    assert said.code == 1
    assert "Stopping: what was made is removed." in said.err
    assert "Stopped on request." in (tmp_path / "report.md").read_text()
    assert server.is_empty
    assert all(connection.is_closed for connection in server.connections)


def _once(act):  # type: ignore[no-untyped-def]
    acts = [act]
    return lambda: acts.pop()() if acts else None


def test_nothing_begins_before_somebody_says_yes(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for typed in ("no\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        said = smoke("--report", str(tmp_path / "report.md"))
        assert said.code == 1
        assert "Begin? (yes/no)" in said.err
        assert "Nothing was tried." in said.err
    assert list(tmp_path.iterdir()) == []
    assert server.sign_ins == 0
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    monkeypatch.setattr(oracle_smoke, "every_item", lambda portal: ())
    assert smoke().code == 0
    assert server.sign_ins == 1


def test_where_nobody_can_be_asked_nothing_begins(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    said = smoke()
    assert (said.code, server.sign_ins) == (2, 0)
    assert said.err.splitlines()[-1].startswith("--yes: ")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["postgresql://a@b/c", "--secret", "env:ORACLE_SECRET"], "URL: The address begins with oracle://"),
        (["oracle://a:hunter2@b/c", "--secret", "env:ORACLE_SECRET"], "URL: The address must not contain a password"),
        ([URL, "--secret", "hunter2"], "--secret: expected env:NAME"),
        ([URL, "--secret", "env:NOBODY_SET_THIS"], "--secret: The environment variable NOBODY_SET_THIS is not set"),
        ([URL, "--secret", "file:/nowhere/secret"], "--secret: The file /nowhere/secret cannot be read"),
        ([URL, "--secret", "env:ORACLE_SECRET", "--report", "/nowhere/report.md"], "--report: /nowhere/report.md cannot be written"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line_before_anything_is_sent(
    server: Server, words: list[str], refusal: str
) -> None:
    said = command("oracle_smoke", *words, "--yes")
    assert (said.code, server.sign_ins) == (2, 0)
    assert said.err.startswith(refusal)
    assert "hunter2" not in said.err


def test_an_address_where_nothing_listens_is_said_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = smoke("--yes", "--json", url=f"oracle://portal@127.0.0.1:{port}/sales")
    assert said.code == 1
    assert f"127.0.0.1:{port} cannot be reached" in said.answer["cut_short"]
    assert said.answer["items"] == []
    assert SECRET not in said.out + said.err


def test_a_listener_that_does_not_know_the_service_is_asked_once() -> None:
    with a_listener(refusing(12514)) as listener:
        said = smoke("--yes", "--json", url=f"oracle://portal@127.0.0.1:{listener.port}/sales")
        assert listener.connections == 1
    assert said.code == 1
    assert "12514" in said.answer["cut_short"] or "DPY-6001" in said.answer["cut_short"]
