"""The portal as real processes: it starts quickly, heals, ends in order, and leaves nobody behind."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from maintenance_portal import installation
from maintenance_portal.demo import postgresql
from tests.installed import ROOT, environment
from tests.long import ALL
from tests.maintenance_portal.started import GENEROUS, StartedPortal, free_port, install, start, wait_for

CHILDREN = {"beat", "worker default", "worker maintenance"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("portal") / "kept" / "data"


@pytest.fixture(scope="module")
def portal(data: Path) -> Iterator[StartedPortal]:
    """Shared: each test leaves it healthy."""
    with start(data, "--no-demo", PORTAL_PULSE_SECONDS="6", PORTAL_GRACE_SECONDS="2") as started:
        wait_for(lambda: started.page() == 200, "the first page")
        wait_for(lambda: set(started.children()) == CHILDREN, "all children")
        yield started


def healthy(portal: StartedPortal) -> None:
    for cluster in ("default", "maintenance"):
        before = portal.answers(cluster)
        wait_for(lambda cluster=cluster, before=before: portal.answers(cluster) != before, f"an answer of {cluster}")


def test_pages_are_served_and_both_clusters_answer(portal: StartedPortal) -> None:
    assert portal.page() == 200
    healthy(portal)


def test_a_portal_that_nobody_can_sign_in_to_says_how_to_make_the_first_account(portal: StartedPortal) -> None:
    said = portal.said("Nobody can sign in yet")
    assert said is not None
    assert f"PORTAL_DATA={portal.data} python3 run.py manage createsuperuser" in said.string


def test_what_it_writes_is_for_its_own_user(portal: StartedPortal) -> None:
    for path in (portal.data, *portal.data.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_each_child_leads_a_group_of_its_own_and_holds_no_writing_end(portal: StartedPortal) -> None:
    children = portal.children()
    for pid in children.values():
        assert os.getpgid(pid) == pid
    pipes = [os.readlink(f"/proc/{portal.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{portal.process.pid}/fd")]
    pipes = [pipe for pipe in pipes if pipe.startswith("pipe:")]
    for pid in children.values():
        for fd in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{fd}") in pipes and int(fd) > 2:
                assert int(Path(f"/proc/{pid}/fdinfo/{fd}").read_text().split("flags:")[1].split()[0], 8) & 3 == 0


@pytest.mark.parametrize("name", sorted(CHILDREN))
def test_a_killed_child_is_replaced_and_its_group_ended(portal: StartedPortal, name: str) -> None:
    pid = portal.children()[name]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: portal.children().get(name, pid) != pid, "another one")
    wait_for(lambda: not _in_group(pid), "the end of its group")
    healthy(portal)


def _in_group(group: int) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def reader_of_the_queue(main: int) -> int | None:
    """The idle worker that holds the lock of the cluster's queue: it waits in read() of the pipe, the others for the lock.

    The monitor reads a pipe as well; it is the last but one that the cluster started, so the first reader is a worker.
    """
    for process in sorted(psutil.Process(main).children()[0].children(), key=lambda one: one.pid):
        if "pipe" in Path(f"/proc/{process.pid}/wchan").read_text():
            return process.pid
    return None


def test_a_cluster_locked_by_a_killed_idle_worker_is_found_and_replaced(portal: StartedPortal) -> None:
    name = "worker maintenance"
    healthy(portal)
    main = portal.children()[name]
    if not Path(f"/proc/{main}/wchan").exists():
        pytest.skip("this system does not tell what a process waits for")
    os.kill(wait_for(lambda: reader_of_the_queue(main), "an idle worker"), signal.SIGKILL)
    wait_for(lambda: portal.said("'maintenance' took no wake-ups for 6 seconds"), "the finding")
    wait_for(lambda: portal.children().get(name) not in (None, main), "another one")
    wait_for(lambda: not _in_group(main), "the end of the old one")
    healthy(portal)


@ALL
def test_a_cluster_that_lost_the_process_which_tells_what_is_done_is_replaced(portal: StartedPortal) -> None:
    """Else each question would stay in the queue as fetched and never done."""
    name = "worker maintenance"
    healthy(portal)
    main = portal.children()[name]
    started = sorted(psutil.Process(main).children()[0].children(), key=lambda one: (one.create_time(), one.pid))
    os.kill(started[-2].pid, signal.SIGKILL)
    wait_for(lambda: portal.said("'maintenance' lost the process"), "the finding")
    wait_for(lambda: portal.children().get(name) not in (None, main), "another one")
    wait_for(lambda: not _in_group(main), "the end of the old one")
    healthy(portal)
    wait_for(
        lambda: not portal.rows("SELECT 1 FROM django_q_ormq WHERE key = 'maintenance'"), "the end of the questions"
    )


@ALL
def test_a_cluster_whose_workers_are_all_at_work_is_left_in_peace(portal: StartedPortal) -> None:
    healthy(portal)
    main = portal.children()["worker default"]
    sleep = "from strategies import queue; [queue._send('time.sleep', 18, queue.DEFAULT) for _ in range(2)]"
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--verbosity=0", "-c", sleep],
        env=environment(portal.data), check=True, timeout=GENEROUS,
    )  # fmt: skip
    wait_for(
        lambda: portal.rows("SELECT 1 FROM portal_pulse WHERE cluster = 'default' AND asked_at IS NOT NULL"),
        "a question",
    )
    wait_for(lambda: not portal.rows("SELECT 1 FROM django_q_ormq WHERE key = 'default'"), "the end of the work")
    assert portal.children()["worker default"] == main
    assert not portal.said("'default' took no wake-ups")


@ALL
def test_the_second_start_serves_its_first_page_within_two_seconds(tmp_path: Path) -> None:
    """Or, where other work keeps this machine from that, hardly later than Django alone stands at the same time."""
    data = install(tmp_path / "data")
    django_alone = "import django; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns"
    named = environment(data, DJANGO_SETTINGS_MODULE="maintenance_portal.settings")
    took = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", django_alone], env=named, cwd=ROOT, check=True)
        alone, began = time.monotonic() - began, time.monotonic()
        with start(data, "--no-demo") as portal:
            wait_for(lambda portal=portal: portal.page() == 200, "the first page")
            took.append((time.monotonic() - began, alone))
            wait_for(lambda portal=portal: set(portal.children()) == CHILDREN, "all children")
        if any(page < 2 or page < 1.5 * django for page, django in took):
            return
    pytest.fail(f"first pages, and Django alone, after {took} seconds")


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=ALL), signal.SIGTERM])
def test_a_signal_ends_everything_in_order(data: Path, tmp_path: Path, number: signal.Signals) -> None:
    with start(install(tmp_path / "data"), "--no-demo", PORTAL_GRACE_SECONDS="2") as portal:
        wait_for(lambda: set(portal.children()) == CHILDREN, "all children")
        wait_for(lambda: portal.answers("maintenance") if portal.page() else None, "an answer")
        assert portal.end(number) == 0
        assert portal.said("^Stopped")
        assert not portal.left()
        assert "Traceback" not in "\n".join(portal.lines)


@ALL
def test_a_signal_in_the_first_moment_ends_it_too(tmp_path: Path) -> None:
    with start(install(tmp_path / "data"), "--no-demo", PORTAL_GRACE_SECONDS="2") as portal:
        assert portal.url
        wait_for(portal.children, "the first child")
        assert portal.end() == 0
        wait_for(lambda: not portal.left(), "nobody")


def test_a_killed_supervisor_leaves_nobody_behind(tmp_path: Path) -> None:
    with start(install(tmp_path / "data"), "--no-demo", PORTAL_GRACE_SECONDS="2") as portal:
        wait_for(lambda: set(portal.children()) == CHILDREN, "all children")
        wait_for(lambda: portal.answers("maintenance"), "an answer")
        portal.process.kill()
        portal.process.wait()
        assert len(portal.left()) > 3
        installation.occupy(portal.data).close()  # although its children have not ended yet
        wait_for(lambda: not portal.left(), "the end of all groups")


@ALL
def test_a_second_interrupt_hurries(tmp_path: Path) -> None:
    """The locked cluster would be waited for until the grace is over."""
    with start(
        install(tmp_path / "data"), "--no-demo", PORTAL_GRACE_SECONDS="600", PORTAL_PULSE_SECONDS="600"
    ) as portal:
        wait_for(lambda: set(portal.children()) == CHILDREN, "all children")
        wait_for(lambda: portal.answers("default"), "an answer")
        main = portal.children()["worker default"]
        os.kill(wait_for(lambda: reader_of_the_queue(main), "an idle worker"), signal.SIGKILL)
        portal.process.send_signal(signal.SIGINT)
        wait_for(lambda: "beat" not in portal.children(), "the end of the beat")
        portal.process.send_signal(signal.SIGINT)
        assert portal.process.wait(GENEROUS) == 0
        assert not portal.left()


def test_a_used_port_is_one_sentence(portal: StartedPortal, tmp_path: Path) -> None:
    port = portal.url.rsplit(":", 1)[1].strip("/")
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "portal", "--port", port, "--no-demo"],
        env=environment(tmp_path / "data"), capture_output=True, text=True, check=False, timeout=GENEROUS,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.strip().splitlines() == [
        f"CommandError: Port {port} is in use; choose another, as in --port {int(port) + 1}."
    ]


def test_a_second_portal_on_the_same_data_folder_is_one_sentence(portal: StartedPortal) -> None:
    before = portal.children()
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "portal", "--port", str(free_port())],
        env=environment(portal.data), capture_output=True, text=True, check=False, timeout=GENEROUS,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().splitlines() == [
        f"CommandError: A portal already runs on the data folder {portal.data}, at {portal.url}; "
        "--data or PORTAL_DATA names another folder."
    ]
    assert portal.page() == 200
    assert portal.children() == before


def test_commands_work_beside_a_running_portal(portal: StartedPortal) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "runs", "--json"],
        env=environment(portal.data), capture_output=True, text=True, check=False, timeout=GENEROUS,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "portal"], env=environment(tmp_path / "file" / "data"),
        capture_output=True, text=True, check=False, timeout=GENEROUS,
    )  # fmt: skip
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "PORTAL_DATA" in done.stderr


@ALL
@pytest.mark.skipif(postgresql.available() is not None, reason=str(postgresql.available()))
def test_the_demo_comes_with_its_server_and_takes_it_along(tmp_path: Path) -> None:
    folder = tmp_path / "data-demo"
    try:
        with start(tmp_path / "data") as portal:
            wait_for(lambda: portal.said(r"^Demo sign-in: dba  \S+"), "the demo's people")
            wait_for(lambda: portal.rows("SELECT 1 FROM portal_target WHERE name = 'demo-postgresql'"), "its database")
            assert portal.rows("SELECT url FROM portal_target WHERE name = 'demo-sqlite'") == [
                (f"sqlite:///{folder / 'shop.db'}",)
            ]
            guard = psutil.Process(portal.children()["guard"])
            family = [guard, *guard.children(recursive=True)]
            assert portal.end() == 0
            assert not portal.said("Note:|Traceback")
            assert not psutil.wait_procs(family, timeout=GENEROUS)[1]
    finally:
        shutil.rmtree(postgresql._short(folder), ignore_errors=True)


@ALL
def test_a_child_that_cannot_live_ends_the_portal_plainly(tmp_path: Path) -> None:
    with start(install(tmp_path / "data"), "--no-demo", PORTAL_GRACE_SECONDS="2") as portal:
        wait_for(lambda: set(portal.children()) == CHILDREN, "all children")
        killed: set[int] = set()
        while portal.process.poll() is None:
            pid = portal.children().get("beat")
            if pid is not None and pid not in killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.2)
        assert portal.process.returncode != 0
        assert portal.said("The beat ended 6 times soon after its start")
        assert not portal.left()
