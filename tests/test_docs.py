"""What the documents say of the project is so: links lead somewhere, commands and their options exist, versions agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import load_command_class

import maintenance_portal
from strategies import job_definitions, registry
from tests.servers import available_servers

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_every_command_is_described_with_the_options_that_it_has() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    rows = {row.split()[0]: row for row in re.findall(r"`([a-z_]+(?: [^`]*)?)`(?=[^\n]*\|)", text)}
    for path in (ROOT / "maintenance_portal" / "management" / "commands").glob("[a-z]*.py"):
        assert path.stem in rows, path.stem
        said = load_command_class("maintenance_portal", path.stem).create_parser("manage.py", path.stem).format_help()
        for option in re.findall(r"--[a-z-]+", rows[path.stem]):
            assert option in said, (path.stem, option)


def test_each_limit_and_each_check_is_described_under_its_product() -> None:
    text = (ROOT / "docs" / "limits.md").read_text()
    for name in job_definitions.LIMITS:
        assert f"| `{name}` |" in text, name
    described = {row.split("`")[1]: row.split("|")[2:5] for row in text.splitlines() if re.match(r"\| `[A-Z_]+`", row)}
    products = [registry.platforms()[name].prechecks for name in ("oracle", "postgresql", "sqlite")]
    assert set(described) == {name for checks in products for name in checks}
    for name, columns in described.items():
        for column, checks in zip(columns, products, strict=True):
            assert (not column.strip().startswith("–")) is (name in checks), (name, column)


def test_the_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == maintenance_portal.__version__
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_servers_that_the_readme_names_are_those_that_the_tests_run() -> None:
    named = re.search(r"real servers of versions ([\d, and]+);", (ROOT / "README.md").read_text().replace("\n", " "))
    assert named is not None
    if not available_servers():
        pytest.skip("no PostgreSQL on this machine")
    assert {server.major for server in available_servers()} <= {int(number) for number in re.findall(r"\d+", named[1])}
