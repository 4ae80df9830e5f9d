"""The house holds: who imports whom, types, style, migrations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent


def run(command: str, *arguments: str) -> None:
    """Run a tool of this environment; its words are the test's message."""
    tool = str(Path(sys.executable).parent / command)
    done = subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_the_import_contracts_hold() -> None:
    run("lint-imports", "--no-cache")


def test_every_function_is_typed_strictly() -> None:
    run("mypy", "maintenance_portal", "strategies", "monitoring", "benchmarks", "run.py", "manage.py")


def test_the_style_holds() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_routines_say_everything_in_their_manual_page() -> None:
    from strategies import registry

    for routine in registry.routines().values():
        page = routine.__doc__ or ""
        headings = [
            line.strip() for line in page.splitlines() if line.startswith("    ") and not line.startswith("     ")
        ]
        assert [h for h in headings if h in ("What it does", "When to use", "Risk", "Undo")] == [
            "What it does",
            "When to use",
            "Risk",
            "Undo",
        ], routine.name
        for field in routine.parameters.model_fields.values():
            assert field.title
            assert field.description


def test_every_reading_statement_has_its_header_and_every_concern_names_statements_that_exist() -> None:
    from strategies import registry
    from strategies.platforms import queries as files

    named: dict[str, set[str]] = {}
    for platform in registry.platforms():
        folder = ROOT / "strategies" / "platforms" / platform / "queries"
        for path in sorted(folder.glob("*.sql")):
            query = files.load_query(platform, path.stem)
            assert query.sql
            named.setdefault(platform, set()).add(path.stem)
    for platform in registry.platforms():
        for routine in registry.routines():
            if registry.supports(platform, routine):
                queries = registry.concern(platform, routine).queries
                assert queries
                assert set(queries) <= named[platform]
