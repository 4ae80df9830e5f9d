"""`manage.py generate_strategy`: a folder and a version, or every fault at once and neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strategies.models import StrategyVersion
from tests.maintenance_portal.commands.conftest import command

pytestmark = pytest.mark.django_db
# As the framework's own documentation calls it.
SEED = (
    "generate_strategy", "NEW_STRATEGY", "--type", "MAINTENANCE", "--description", "My new maintenance strategy",
    "--category", "DATABASE", "--targets", "TABLE,INDEX", "--operations", "ANALYZE,CLEANUP,OPTIMIZE", "--jobs", "MAINTENANCE,ANALYSIS",
)  # fmt: skip


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_strategy_is_written_and_kept(tmp_path: Path) -> None:
    said = command(*SEED, "--output", str(tmp_path / "new"))
    assert (said.code, said.err) == (0, "")
    assert f"NEW_STRATEGY was written to {tmp_path / 'new'}, and kept as version 1." in said.out
    version = StrategyVersion.objects.get()
    assert written(tmp_path / "new") == sorted(version.files)
    for path, text in version.files.items():
        assert (tmp_path / "new" / path).read_text(encoding="utf-8") == text
    assert {
        "plsql/new_strategy_pkg.sql",
        "plsql/new_strategy_pkg_body.sql",
        "python/pyproject.toml",
        "docs/runbook.md",
    } <= {*version.files}


def test_the_same_definition_is_the_same_version_and_another_is_the_next(tmp_path: Path) -> None:
    first = command(*SEED, "--output", str(tmp_path / "a"), "--json").answer
    again = command(*SEED, "--output", str(tmp_path / "b"), "--json").answer
    other = command(*SEED, "--set", "stale_percent=20", "--output", str(tmp_path / "c"), "--json").answer
    assert (first["version"], again["version"], other["version"]) == (1, 1, 2)
    assert first["digest"] == again["digest"] != other["digest"]
    assert first["files"] == list(StrategyVersion.objects.get(number=1).files)


def test_a_definition_comes_from_a_file_and_what_is_typed_beside_it_counts_first(tmp_path: Path) -> None:
    made = tmp_path / "tidy.yaml"
    made.write_text(
        "name: TIDY\ntype: VALIDATION\ncategory: SHOP\ndescription: Checks.\ntargets: TABLE\noperations: VALIDATE\njobs: []\n",
        encoding="utf-8",
    )
    answer = command(
        "generate_strategy", "--definition", str(made), "--category", "BANK", "--output", str(tmp_path / "o"), "--json"
    ).answer
    assert answer["strategy"] == "TIDY"
    assert StrategyVersion.objects.get().definition["category"] == "BANK"
    again = tmp_path / "o" / "definition.json"
    words = ("--definition", str(again), "--output", str(tmp_path / "p"), "--json")
    answer = command("generate_strategy", *words).answer
    assert answer["version"] == 1, "what was written is a definition, too"


def test_every_fault_is_named_at_once_and_nothing_is_written_or_kept(tmp_path: Path) -> None:
    said = command(
        "generate_strategy", "SELECT", "--type", "MAGIC", "--targets", "TABLE,MOON", "--operations", "FLY",
        "--output", str(tmp_path / "no"),
    )  # fmt: skip
    assert (said.code, said.out) == (2, "")
    for place in (
        "name: ",
        "type: ",
        "category: is missing.",
        "description: is missing.",
        "targets[1]: ",
        "operations[0]: ",
    ):
        assert place in said.err
    assert not (tmp_path / "no").exists()
    assert not StrategyVersion.objects.exists()


def test_a_dry_run_writes_and_keeps_nothing(tmp_path: Path) -> None:
    said = command(*SEED, "--output", str(tmp_path / "no"), "--dry-run")
    assert said.code == 0
    assert "docs/runbook.md" in said.out
    assert "Nothing was written or kept" in said.out
    assert not (tmp_path / "no").exists()
    assert not StrategyVersion.objects.exists()


def test_a_folder_that_holds_files_is_left_alone_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    (tmp_path / "other.txt").write_text("mine", encoding="utf-8")
    said = command(*SEED, "--output", str(tmp_path))
    assert (said.code, "--output: " in said.err, "--force" in said.err) == (2, True, True)
    assert written(tmp_path) == ["README.md", "other.txt"]
    assert command(*SEED, "--output", str(tmp_path), "--force").code == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8") != "mine"
    assert (tmp_path / "other.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*SEED,), "--output: "),
        ((*SEED, "--output", "{tmp}/file"), "--output: {tmp}/file is no folder"),
        ((*SEED, "--output", "{tmp}/file/below"), "--output: "),
        ((*SEED, "--set", "stale_percent", "--output", "{tmp}/o"), "--set: 'stale_percent' is not KEY=VALUE"),
        ((*SEED, "--set", "stale_percent=often", "--output", "{tmp}/o"), "parameters.stale_percent: often is refused"),
        (("generate_strategy", "--definition", "{tmp}/none", "--output", "{tmp}/o"), "--definition: {tmp}/none cannot be read"),
        (("generate_strategy", "--definition", "{tmp}/bytes", "--output", "{tmp}/o"), "is no text in UTF-8"),
        (("generate_strategy", "--definition", "{tmp}/file", "--output", "{tmp}/o"), "--definition: {tmp}/file holds no object"),
        (("generate_strategy", "--definition", "{tmp}/broken", "--output", "{tmp}/o"), "cannot be read as YAML, line 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_argument(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    (tmp_path / "file").write_text("word", encoding="utf-8")
    (tmp_path / "broken").write_text("a: [", encoding="utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    said = command(*(word.format(tmp=tmp_path) for word in words))
    assert (said.code, said.out) == (2, ""), json.dumps([said.out, said.err])
    assert told.format(tmp=tmp_path) in said.err
    assert not StrategyVersion.objects.exists()
