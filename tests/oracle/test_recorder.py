"""A statement that cannot be read ends a whole run of tests, in one process as in several."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long import ALL
from tests.oracle import grammar

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.skipif(bool(grammar.why_not_here()), reason="the grammar is not here; the summary says so")
@pytest.mark.parametrize(
    ("text", "code", "workers"),
    [
        pytest.param("SELECT 1 FROM dual", 0, "0", marks=ALL),
        pytest.param("SELECT 1 FROM dual LIMIT 1", 1, "0", marks=ALL),
        ("SELECT 1 FROM dual LIMIT 1", 1, "2"),
    ],
)
def test_a_run_with_a_statement_that_cannot_be_read_fails(tmp_path: Path, text: str, code: int, workers: str) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(f"def test_it(statements_for_oracle):\n    statements_for_oracle.seen({text!r})\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "pyproject.toml",
        "-n",
        workers,
        str(test),
    ]
    # What a worker of the run around this one inherits would make it one of that run's.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=alone)
    assert done.returncode == code, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert ("test_it: line 1, column 26" in done.stdout) is bool(code)
