"""The Node packages of the tests are installed once for each lock file, and where that cannot be, it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from maintenance_portal import node_packages


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "packages"
    made.mkdir()
    (made / "package-lock.json").write_text("{}")
    return made


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs are looked for: a Node, and an npm that notes how it was called and ends as the file `ends` says."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ends").write_text("0")
    for name, text in {
        "node": "#!/bin/sh\n",
        "npm": f'#!/bin/sh\necho "$@" >> {programs}/calls\nexit $(cat {programs}/ends)\n',
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


def calls(programs: Path) -> list[str]:
    path = programs / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_they_are_installed_once_and_run_no_scripts_of_theirs(folder: Path, npm: Path) -> None:
    said: list[str] = []
    assert node_packages.install(folder, say=said.append)
    assert node_packages.install(folder, say=said.append)
    assert [call.split()[:2] for call in calls(npm)] == [["ci", "--ignore-scripts"]]
    assert len(said) == 1


def test_they_are_installed_anew_when_the_lock_file_is_another(folder: Path, npm: Path) -> None:
    node_packages.install(folder, say=lambda sentence: None)
    (folder / "package-lock.json").write_text('{"packages": {}}')
    node_packages.install(folder, say=lambda sentence: None)
    assert len(calls(npm)) == 2


def test_what_could_not_be_installed_is_said_and_tried_again(folder: Path, npm: Path) -> None:
    (npm / "ends").write_text("1")
    said: list[str] = []
    assert not node_packages.install(folder, say=said.append)
    assert said[-1].startswith("Note: it could not be installed")
    assert not node_packages.install(folder, say=said.append)
    assert len(calls(npm)) == 2


def test_without_npm_it_is_said_what_is_left_out(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    assert not node_packages.install(folder, say=said.append)
    assert said == [
        "Note: no Node with npm on this machine; the tests do not hold statements for Oracle to its grammar."
    ]
