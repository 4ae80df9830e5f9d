"""A data folder belongs to its owner, to one portal at a time, and has a demo of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maintenance_portal import installation
from tests.installed import ROOT, environment

OCCUPY = (
    "import subprocess, sys, time\n"
    "from pathlib import Path\n"
    "from maintenance_portal import installation\n"
    "lock = installation.occupy(Path(sys.argv[1]))\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], stdout=subprocess.DEVNULL)\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(600)\n"
)


def demo_of(folder: str) -> Path:
    said = subprocess.check_output(
        [sys.executable, "-c", "from maintenance_portal import settings; print(settings.PORTAL_DEMO)"],
        env=environment(Path(folder)), cwd=ROOT, text=True,
    )  # fmt: skip
    return Path(said.strip())


def test_one_portal_at_a_time_has_a_folder_and_the_next_is_told_where_it_is(tmp_path: Path) -> None:
    with installation.occupy(tmp_path) as lock:
        with pytest.raises(installation.AlreadyRuns, match=f"data folder {tmp_path}; --data"):
            installation.occupy(tmp_path)
        print("http://127.0.0.1:8000/", file=lock, flush=True)
        for ask in (installation.occupy, installation.refuse_occupied):
            with pytest.raises(installation.AlreadyRuns, match=f"data folder {tmp_path}, at http://127.0.0.1:8000/;"):
                ask(tmp_path)
    installation.refuse_occupied(tmp_path)
    with installation.occupy(tmp_path), pytest.raises(installation.AlreadyRuns) as refusal:
        installation.occupy(tmp_path)
    assert "8000" not in str(refusal.value), "that was the one before"


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    installation.refuse_occupied(tmp_path)
    installation.refuse_occupied(tmp_path / "missing")
    assert not any(tmp_path.iterdir())


def test_a_portal_that_was_killed_leaves_no_lock_although_a_child_of_it_lives(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", OCCUPY, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        with pytest.raises(installation.AlreadyRuns):
            installation.occupy(tmp_path)
    finally:
        holder.kill()
        holder.wait()
    try:
        installation.occupy(tmp_path).close()
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_folder_that_cannot_be_locked_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "portal.lock").mkdir()
    with pytest.raises(installation.DataFolderRefused, match=f"{tmp_path} cannot be locked"):
        installation.occupy(tmp_path)


def test_a_new_data_folder_keeps_its_keys_out_of_the_repository_that_it_lies_in(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    installation.data_folder(folder)
    assert ((folder / ".gitignore").read_text(), folder.stat().st_mode & 0o777) == ("*\n", 0o700)
    (folder / ".gitignore").unlink()  # whoever removed it meant it
    installation.data_folder(folder)
    assert not list(folder.iterdir())


def test_each_data_folder_has_a_demo_of_its_own_beside_it(tmp_path: Path) -> None:
    one, other = tmp_path / "par" / "e1", tmp_path / "par" / "e2"
    assert demo_of(str(one)) == tmp_path / "par" / "e1-demo"
    assert demo_of(str(other)) == tmp_path / "par" / "e2-demo"
    assert demo_of(f"{one}/../e2") == tmp_path / "par" / "e2-demo", "however it is written"
