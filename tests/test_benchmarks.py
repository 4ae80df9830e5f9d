"""Each benchmark works and gives its figures, once and at a tiny size. What the figures are is not judged here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchmarks import few_needs, maintained, native_tools
from benchmarks.__main__ import NAMES, line, read_options
from benchmarks.measuring import Figure, at_least, at_most, not_measured, p95, side_by_side
from tests.installed import environment
from tests.long import IS_ALL
from tests.servers import available_servers

# Those that take seconds; with `run.py test --all` the others as well.
TAKEN = NAMES if IS_ALL else ("percentiles", "rollup_upkeep")
ROOT = Path(__file__).resolve().parent.parent
# All of them in one go, beside whatever else this machine does.
pytestmark = pytest.mark.timeout(1800 if IS_ALL else 600)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one run of the command prints, and writes as JSON."""
    folder = tmp_path_factory.mktemp("benchmarks")
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        *TAKEN,
        "--rows",
        "1000,3000",
        "--pairs",
        "1",
        "--json",
        "figures.json",
    ]
    users_own = {"PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{folder / 'precious.sqlite3'}"}
    done = subprocess.run(
        command, cwd=folder, env=environment(folder / "precious", **users_own), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {"out": done.stdout, "json": json.loads((folder / "figures.json").read_text()), "folder": folder}


def a_bench(server: object) -> Any:
    return SimpleNamespace(portals=SimpleNamespace(server=server), rows=(1000,), empty=lambda *what: object())


def test_a_tool_that_is_not_there_keeps_no_other_from_being_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vacuumdb").touch()
    monkeypatch.setattr(maintained, "tools", lambda: tmp_path)
    monkeypatch.setattr(shutil, "which", lambda program: None)
    why = {
        tool: maintained.why_not_with(tool, a_bench(object())) for tool in (native_tools.ANALYZE, native_tools.REINDEX)
    }
    assert list(why.values()) == ["", "the PostgreSQL of this machine has no reindexdb"]
    assert maintained.why_not_with(native_tools.VACUUM, a_bench(object())) == "no sqlite3 on this machine"
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    assert maintained.why_not_with(native_tools.VACUUM, a_bench(None)) == ""


@pytest.mark.parametrize("benchmark", [native_tools, few_needs])
def test_each_tool_that_is_not_there_is_told(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    figures = list(benchmark.measure(a_bench(None)))
    assert [(figure.value, figure.note) for figure in figures] == [
        (None, "no PostgreSQL on this machine"),
        (None, "no PostgreSQL on this machine"),
        (None, "no sqlite3 on this machine"),
    ]


@pytest.mark.parametrize("name", TAKEN)
def test_each_benchmark_gives_its_figures(said: dict[str, Any], name: str) -> None:
    figures = [figure for figure in said["json"] if figure.get("benchmark") == name]
    assert any(figure["value"] is not None for figure in figures), figures
    for figure in figures:
        assert "broke down" not in figure["note"]
        assert figure["what"] in said["out"]
        assert (figure["value"] is None) == (figure["is_met"] is None or figure["goal"] is None) or not figure["goal"]


def test_the_machine_and_the_size_are_told(said: dict[str, Any]) -> None:
    first = said["json"][0]
    assert first["rows"] == [1000, 3000]
    assert first["pairs"] == 1
    assert f"Python {first['python']}, SQLite {first['sqlite']}" in said["out"]
    assert (first["postgresql"] is not None) == bool(available_servers())
    assert "This is for trying out" in said["out"]
    assert "Oracle is not measured" in said["out"]


def test_the_users_own_database_is_not_touched(said: dict[str, Any]) -> None:
    assert [path.name for path in said["folder"].iterdir()] == ["figures.json"]


# How figures are taken and told.


def test_two_ways_are_timed_in_turns_after_a_round_that_does_not_count() -> None:
    calls: list[str] = []
    took = side_by_side(lambda: calls.append("a"), lambda: calls.append("b"), 3, calls=(1, 2))
    assert "".join(calls) == "bbaabbbbaabb"
    assert len(took.ratios) == 3
    assert took.spread[0] <= took.ratio <= took.spread[1]


def test_what_is_prepared_before_each_measurement_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which each piece of work takes so many seconds."""
    done: list[int] = []
    monkeypatch.setattr("benchmarks.measuring.perf_counter", lambda: float(sum(done)))
    took = side_by_side(lambda: done.append(1), lambda: done.append(3), 2, prepare=lambda: done.append(100))
    assert done == [100, 3, 100, 1, 100, 1, 100, 3, 100, 3, 100, 1]
    assert (took.first_ms, took.second_ms, took.ratios) == (1000, 3000, (3, 3))


def test_a_figure_says_whether_it_is_met() -> None:
    assert Figure("x", 100, at_least(100)).is_met is True
    assert Figure("x", 99.9, at_least(100)).is_met is False
    assert Figure("x", 3.1, at_most(3)).is_met is False
    assert Figure("x", 3.1).is_met is None
    assert "NOT MET" in line(Figure("x", 3.1, at_most(3)))


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    figure = not_measured("pages", "no PostgreSQL on this machine", at_most(3))
    assert figure.is_met is None
    assert "not measured" in line(figure)
    assert "no PostgreSQL on this machine" in line(figure)


def test_the_95th_percentile_is_that_of_the_nearest_rank() -> None:
    assert p95([float(n) for n in range(1, 101)]) == 95
    assert p95([1.0, 3.0, 2.0]) == 3


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["--rows", "many"], ["--rows", "10"], ["--pairs", "0"], ["--pairs", "x"], ["--wrong"]]
)
def test_what_is_not_understood_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(arguments)
    assert "error" in capsys.readouterr().err
