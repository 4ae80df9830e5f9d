"""A portal on another database, with real processes: what it is given, what it is not, and how it ends."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from maintenance_portal.generator_trial import deployed_and_put_back
from maintenance_portal.other_portal import CommandFailed, OtherPortal, _command
from maintenance_portal.own_trial import HOME_LOOKED_AT, JOBS, JOBS_UNREAD, NOBODY_AGREES
from maintenance_portal.processes import own_command
from strategies.plsql.scripts import example, statements
from tests.installed import environment
from tests.maintenance_portal.started import install, wait_for

SECRET = "hunter2 of the other"


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[OtherPortal]:
    file = install(tmp_path / "other") / "portal.sqlite3"
    found = OtherPortal(f"sqlite:///{file}")
    yield found
    folder = found.folder
    found.close()
    assert not folder.exists()


def settings_of(portal: OtherPortal, *names: str) -> dict[str, object]:
    listed = ", ".join(f"'{name}': str(settings.{name})" for name in names)
    words = f"import json; from django.conf import settings; print(json.dumps({{{listed}}}))"
    return dict(json.loads(portal.run("shell", "--no-imports", "-c", words).splitlines()[-1]))


def test_it_has_its_own_folder_and_keys_and_nothing_of_this_portal(
    portal: OtherPortal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "address").write_text("sqlite:////nowhere/else")
    (tmp_path / "env").write_text("PORTAL_RUN_WORKERS=9\n")
    monkeypatch.setenv("PORTAL_ENV_FILE", str(tmp_path / "env"))
    for name, value in (
        ("PORTAL_DATA", "/nowhere/of/this"), ("PORTAL_SECRET_KEY", "of this portal"), ("PORTAL_MAX_RUNS", "17"),
        ("DATABASE_URL_FILE", str(tmp_path / "address")), ("PORTAL_REDIS_URL", "redis://localhost:1/0"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    words = "from django.conf import settings; print(settings.PORTAL_RUN_WORKERS)"
    here = {**environment(tmp_path / "here"), "PORTAL_ENV_FILE": str(tmp_path / "env")}
    own = subprocess.run(own_command("shell", "--no-imports", "-c", words), env=here, capture_output=True, check=True)
    assert own.stdout.split()[-1] == b"9"
    found = settings_of(portal, "PORTAL_DATA", "SECRET_KEY", "PORTAL_MAX_RUNS", "PORTAL_REDIS", "DATABASES")
    assert found["PORTAL_DATA"] == str(portal.folder / "data")
    assert found["SECRET_KEY"] != "of this portal"
    assert found["PORTAL_MAX_RUNS"] == "4"
    assert found["PORTAL_REDIS"] == "{}"
    assert "other/portal.sqlite3" in str(found["DATABASES"])


def test_a_command_answers_and_one_that_fails_says_why(portal: OtherPortal) -> None:
    portal.run("migrate", "--check")
    assert json.loads(portal.run("operations", "--json")) == {"operations": []}
    with pytest.raises(CommandFailed, match=r"^run_strategy ended with 2: .*no strategy"):
        portal.run("run_strategy", "NOT_THERE", "--target", "home")


def test_the_password_is_in_no_command_and_in_no_answer() -> None:
    portal = OtherPortal("postgresql://nobody@127.0.0.1:1/nothing", password=SECRET)
    try:
        assert SECRET not in " ".join(_command({}, "migrate"))
        with pytest.raises(CommandFailed) as failure:
            portal.run("migrate")
        assert SECRET not in str(failure.value)
        assert "127.0.0.1" in str(failure.value)
    finally:
        portal.close()


def test_a_command_that_takes_too_long_or_is_cancelled_is_ended(portal: OtherPortal) -> None:
    words = ("shell", "--no-imports", "-c", "import time; time.sleep(600)")
    with pytest.raises(CommandFailed, match="shell had not ended in time"):
        portal.run(*words, seconds=1)
    threading.Timer(0.5, portal.cancel).start()
    begun = time.monotonic()
    with pytest.raises(CommandFailed, match="Stopped on request"):
        portal.run(*words)
    assert time.monotonic() - begun < 60
    with pytest.raises(CommandFailed, match="Stopped on request"):
        portal.run("migrate", "--check")


def test_its_work_begins_and_ends_when_it_is_asked_to(portal: OtherPortal, tmp_path: Path) -> None:
    file = tmp_path / "other" / "portal.sqlite3"
    with closing(sqlite3.connect(file)) as connection, connection:
        for name in ("register_strategy", "schedule_job"):
            for statement in statements(example(name)):
                connection.execute(statement)
    assert (count(file, JOBS), count(file, JOBS_UNREAD), count(file, HOME_LOOKED_AT)) == (1, 1, 0)
    with portal.started("portal", "--only", "work") as child:
        wait_for(lambda: count(file, JOBS_UNREAD) == 0 and count(file, HOME_LOOKED_AT) == 1, "the first look")
    assert not child.is_running


def test_what_the_trial_deploys_is_found_changed_and_put_back(portal: OtherPortal, tmp_path: Path) -> None:
    """On this product a version has rows alone; the trial has its package too."""
    file = tmp_path / "other" / "portal.sqlite3"

    def send(statement: str) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            assert connection.execute(statement).rowcount == 1

    send(NOBODY_AGREES)
    assert deployed_and_put_back(portal, send) == (
        "3 steps brought it; job MAINTENANCE of SMOKE_DEPLOYED differed then, and was put back: succeeded."
    )


def count(file: Path, source: str) -> int:
    """As the trial counts on an Oracle."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
        ((found,),) = connection.execute(f"SELECT COUNT(*) FROM {source}")
    return int(found)


def test_what_does_not_end_well_is_said(portal: OtherPortal) -> None:
    is_refused = pytest.raises(CommandFailed, match=r"^portal --only nothing ended with")
    with is_refused, portal.started("portal", "--only", "nothing") as child:
        wait_for(lambda: not child.is_running, "the refusal")
