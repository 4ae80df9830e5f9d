"""run.py on a machine with nothing but Python: a copy of the house with a tiny package, installed without the network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from maintenance_portal import installation
from maintenance_portal.demo import postgresql
from tests.installed import ROOT
from tests.long import ALL
from tests.maintenance_portal.started import StartedPortal, free_port, start, wait_for

NEEDED = ("__init__", "launcher", "environment", "installation", "node_packages", "ports")
PORT = free_port()

SAY = "import os, sys\nprint('handed over', sys.argv[1:], os.environ.get('PORTAL_DATA'), os.environ.get('PORTAL_TEST_ALL'))\n"


def wheel(folder: Path, name: str, version: str, content: str) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


def copy_of_the_house(folder: Path) -> Path:
    (folder / "maintenance_portal").mkdir(parents=True)
    shutil.copy(ROOT / "run.py", folder)
    for name in NEEDED:
        shutil.copy(ROOT / "maintenance_portal" / f"{name}.py", folder / "maintenance_portal")
    (folder / "manage.py").write_text(f"import tiny\n{SAY}")
    (folder / "requirements.txt").write_text("tiny==1.0\n")
    (folder / "requirements-dev.txt").write_text("tiny==1.0\npytest==0.0.1\n")
    (folder / "requirements-demo.txt").write_text("nowhere==1.0\n")
    (folder / "tests" / "oracle").mkdir(parents=True)
    (folder / "tests" / "oracle" / "package-lock.json").write_text("{}")
    wheel(folder / "wheels", "tiny", "1.0", "version = 1\n")
    wheel(folder / "wheels", "tiny", "2.0", "version = 2\n")
    wheel(folder / "wheels", "pytest", "0.0.1", SAY)
    return folder


def started(
    folder: Path, *arguments: str, python: str = sys.executable, **more: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "PIP_"))}
    if folder == ROOT:  # should one of these start a portal after all, then not with the data of whoever runs the tests
        more = {"PORTAL_DATA": os.environ["PORTAL_DATA"], **more}
    return subprocess.run(
        [python, str(folder / "run.py"), *arguments], env={**kept, **more}, cwd="/", capture_output=True, text=True,
        check=False, timeout=170,
    )  # fmt: skip


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_house(tmp_path_factory.mktemp("house") / "with space")


@pytest.fixture(scope="module")
def first(house: Path) -> subprocess.CompletedProcess[str]:
    return started(house, "--port", str(PORT), "--data", "relative data", "--no-demo", PORTAL_VENV=str(house / ".venv"))


def test_the_first_start_makes_the_environment_from_the_wheels_and_hands_over(
    house: Path, first: subprocess.CompletedProcess[str]
) -> None:
    assert first.returncode == 0, first.stderr
    assert (
        f"handed over ['portal', '--host', '127.0.0.1', '--port', '{PORT}', '--no-demo'] /relative data None"
        in first.stdout
    )
    only = started(house, "--only", "work", "--data", "relative data", PORTAL_VENV=str(house / ".venv"))
    assert "'--only', 'work']" in only.stdout, only.stderr
    assert "Installing" in first.stdout
    assert (house / ".venv" / "bin" / "python").exists()
    shutil.rmtree("/relative data", ignore_errors=True)


def test_the_second_start_installs_nothing(house: Path, first: subprocess.CompletedProcess[str]) -> None:
    done = started(house, "manage", "check", "--deploy")
    assert done.stdout == "handed over ['check', '--deploy'] None None\n"


@pytest.mark.parametrize("data", [["--data", "elsewhere"], ["--data=elsewhere"]])
def test_a_command_is_given_the_data_folder_that_stands_before_it(
    house: Path, first: subprocess.CompletedProcess[str], data: list[str]
) -> None:
    done = started(house, *data, "manage", "check", "--data", "own")
    (line,) = done.stdout.splitlines()
    assert line.startswith("handed over ['check', '--data', 'own'] /")
    assert line.endswith("/elsewhere None")


def test_another_lock_file_installs_again(house: Path, first: subprocess.CompletedProcess[str]) -> None:
    (house / "requirements.txt").write_text("tiny==2.0\n")
    assert "Installing" in started(house, "manage", "x").stdout
    python = house / ".venv" / "bin" / "python"
    assert subprocess.check_output([python, "-c", "import tiny; print(tiny.version)"]) == b"2\n"
    assert "Installing" not in started(house, "manage", "x").stdout


def test_the_demo_is_tried_once_and_missed_with_a_note(house: Path, first: subprocess.CompletedProcess[str]) -> None:
    done = started(house, "--port", str(free_port()))
    assert done.returncode == 0
    assert "Note: the PostgreSQL server of the demo cannot be installed here" in done.stdout
    assert "Note" not in started(house, "--port", str(free_port())).stdout


def test_tests_are_run_with_their_own_packages(
    house: Path, first: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    """Those of Node, too, where it is there."""
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} was asked for: $1 in $PWD"\n')
        (tmp_path / name).chmod(0o755)
    done = started(house, "test", "--all", "-k", "x", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert f"npm was asked for: ci in {house / 'tests' / 'oracle'}" in done.stdout
    assert "handed over ['-k', 'x'] None 1" in done.stdout


def test_benchmarks_are_run_with_the_packages_of_the_tests(
    house: Path, first: subprocess.CompletedProcess[str]
) -> None:
    (house / "benchmarks").mkdir(exist_ok=True)
    (house / "benchmarks" / "__main__.py").write_text(f"import pytest\n{SAY}")
    done = started(house, "benchmark", "gate", "--rows", "5000")
    assert done.returncode == 0, done.stderr
    assert "handed over ['gate', '--rows', '5000'] None None" in done.stdout


def test_a_start_that_was_broken_off_half_way_is_mended(house: Path, first: subprocess.CompletedProcess[str]) -> None:
    shutil.rmtree(next((house / ".venv" / "lib").glob("python3*/site-packages/pip")))
    done = started(house, "manage", "x")
    assert done.returncode == 0, done.stderr
    assert "handed over ['x']" in done.stdout


def test_a_package_that_cannot_be_had_is_a_sentence_after_the_words_of_pip(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path / "house")
    (house / "requirements.txt").write_text("nowhere==1.0\n")
    done = started(house, "manage", "x")
    assert done.returncode != 0
    assert (
        done.stderr.strip().splitlines()[-1]
        == "run.py: The packages could not be installed; what pip said stands above."
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9", "3.10"])
def test_an_old_python_is_told_in_one_sentence(version: str) -> None:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted((pyenv / "versions").glob(f"{version}.*/bin/python3"))
    if not found:
        pytest.skip(f"no Python {version} on this machine")
    said = one_sentence(started(ROOT, python=str(found[-1])))
    assert said.startswith(f"run.py: The portal needs Python 3.11 or newer; this one is {version}.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prot", "1"),
        ("--port", "many"),
        ("--port", "70000"),
        ("--port", "0"),
        ("wrong",),
        ("--data",),
        ("--host", "no.invalid"),
    ],
)
def test_what_is_not_understood_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert one_sentence(started(ROOT, *arguments, PORTAL_VENV=str(tmp_path / "venv"))).startswith("run.py: ")
    assert not (tmp_path / "venv").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = str(tmp_path / "file" / "venv")
    said = one_sentence(started(ROOT, "manage", "check", PORTAL_VENV=place))
    assert place in said
    assert "PORTAL_VENV" in said
    said = one_sentence(started(ROOT, "--data", str(tmp_path / "file" / "data"), PORTAL_VENV=place))
    assert "data folder" in said


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    assert "something else" in one_sentence(started(ROOT, "manage", "check", PORTAL_VENV=str(tmp_path)))
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_which_package_to_install(tmp_path: Path, missing: str) -> None:
    """As on Debian without python3-venv (ensurepip), and where the module is found and cannot be imported."""
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    (stubs / f"{missing}.py").write_text(f"raise ModuleNotFoundError('No module named {missing}')\n")
    done = started(ROOT, "manage", "x", PYTHONPATH=str(stubs), PORTAL_VENV=str(tmp_path / "venv"))
    assert f"sudo apt install python3.{sys.version_info[1]}-venv" in one_sentence(done)
    assert not (tmp_path / "venv").exists()


def test_a_folder_that_a_portal_has_is_refused_whatever_the_port_and_before_anything_is_installed(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with installation.occupy(data) as lock, socket.create_server(("127.0.0.1", 0)) as server:
        print("http://127.0.0.1:8123/", file=lock, flush=True)
        for port in (server.getsockname()[1], free_port()):
            done = started(ROOT, "--port", str(port), "--data", str(data), PORTAL_VENV=str(tmp_path / "venv"))
            assert done.returncode == 2
            assert one_sentence(done) == (
                f"run.py: A portal already runs on the data folder {data}, at http://127.0.0.1:8123/; "
                "--data or PORTAL_DATA names another folder."
            )
    assert not (tmp_path / "venv").exists()


def test_the_folder_that_nobody_named_is_refused_too(house: Path, first: subprocess.CompletedProcess[str]) -> None:
    (house / "data").mkdir(exist_ok=True)
    with installation.occupy(house / "data"):
        assert f"already runs on the data folder {house / 'data'};" in one_sentence(started(house, "--no-demo"))
        (house / ".env").write_text("PORTAL_DATA=elsewhere\n")
        try:
            assert started(house, "--no-demo", "--port", str(free_port())).returncode == 0, "the portal knows better"
        finally:
            (house / ".env").unlink()


def test_the_help_says_what_else_there_is_and_what_is_made_beside_the_data_folder() -> None:
    said = " ".join(started(ROOT, "--help").stdout.split())
    assert "in DIR-demo" in said
    for word in ("test", "benchmark", "manage"):
        assert f"python3 run.py {word}" in said


def test_a_system_that_is_not_meant_is_told_in_one_sentence() -> None:
    """As on Windows, where some modules of the standard library are missing."""
    code = (
        "import os, sys\n"
        "sys.modules.update(fcntl=None, pwd=None, grp=None, resource=None)\n"
        "from maintenance_portal import launcher\n"
        "os.name = 'nt'\n"
        "launcher.main([])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "inside WSL" in one_sentence(done)


@ALL
@pytest.mark.timeout(600)
def test_the_real_house_starts_from_nothing(tmp_path: Path) -> None:
    """With the network: every locked package, the demo, and pages."""
    command = (sys.executable, str(ROOT / "run.py"))
    try:
        with start(tmp_path / "data", command=command, PORTAL_VENV=str(tmp_path / "venv")) as portal:
            _whole(portal)
            assert portal.end() == 0
            assert not portal.left()
    finally:
        shutil.rmtree(postgresql._short(tmp_path / "data-demo"), ignore_errors=True)


def _whole(portal: StartedPortal) -> None:
    wait_for(lambda: portal.said(r"http://\S+/"), "the packages", 500)
    wait_for(lambda: portal.page() == 200, "the first page")
    wait_for(lambda: portal.said("Demo sign-in: dba "), "the demo's people")
    wait_for(lambda: portal.rows("SELECT 1 FROM portal_target WHERE name = 'demo-sqlite'"), "the demo's database")
