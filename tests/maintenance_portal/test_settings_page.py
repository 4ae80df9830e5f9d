"""docs/settings.md says everything that settings.py reads, and its production settings are enough."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.installed import ROOT, environment
from tests.maintenance_portal.started import GENEROUS

PAGE = (ROOT / "docs" / "settings.md").read_text()


def settings_read() -> set[str]:
    tree = ast.parse((ROOT / "maintenance_portal" / "settings.py").read_text())
    return {
        str(call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def test_each_setting_has_its_paragraph_and_each_paragraph_its_setting() -> None:
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == settings_read()


def test_each_paragraph_names_the_default() -> None:
    for paragraph in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        assert "\n\nDefault: " in paragraph, paragraph.splitlines()[0]


def test_the_example_file_names_only_settings_that_exist() -> None:
    names = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert names
    assert {name.removesuffix("_FILE") for name in names} <= settings_read()


def production(tmp_path: Path) -> dict[str, str]:
    block = re.search(r"## For production.*?```\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    named = dict(line.split("=", 1) for line in block[1].splitlines())
    named["PORTAL_DATA"] = str(tmp_path / "data")
    for name in [name for name in named if name.endswith("_FILE")]:
        path = tmp_path / name
        path.write_text(
            "".join(chr(97 + n % 26) for n in range(60))
            if "SECRET" in name
            else "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
        )
        named[name] = str(path)
    return named


def check(settings: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level", "WARNING"],
        env=environment(tmp_path / "data", **settings), capture_output=True, text=True, check=False, timeout=GENEROUS,
    )  # fmt: skip


def test_the_deploy_check_has_nothing_to_say_about_the_production_settings(tmp_path: Path) -> None:
    done = check(production(tmp_path), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_the_keys_that_the_portal_makes_itself_are_good_enough_too(tmp_path: Path) -> None:
    settings = {name: value for name, value in production(tmp_path).items() if not name.endswith("_FILE")}
    done = check(settings, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_meant_for_a_desk_is_named(tmp_path: Path) -> None:
    done = check({}, tmp_path)
    assert done.returncode != 0
    assert "portal.W001" in done.stderr


def test_a_setting_that_cannot_be_read_is_named_without_its_value(tmp_path: Path) -> None:
    done = check({"PORTAL_RUN_WORKERS": "s3cret"}, tmp_path)
    assert done.returncode != 0
    assert done.stderr == (
        "A setting is wrong: the value of PORTAL_RUN_WORKERS cannot be read; docs/settings.md has an example.\n"
    )


def test_an_address_of_the_database_that_is_not_understood_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("$3cret\n")
    given = {"DATABASE_URL": "oracle://u@db/svc?thick=yes", "DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    done = check(given, tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("A setting is wrong: DATABASE_URL is refused. Unknown option thick; known are ")
    assert (done.stderr.count("\n"), "$3cret" in done.stderr) == (1, False)


def test_a_password_in_a_file_counts_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("$3cret\n")
    code = "import django; django.setup(); from django.db import connection as c; print(c.settings_dict['PASSWORD'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, text=True, capture_output=True, check=False,
        env=environment(
            tmp_path / "data", DATABASE_URL="postgresql://u@db/portal", DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
            DJANGO_SETTINGS_MODULE="maintenance_portal.settings",
        ),
    )  # fmt: skip
    assert done.stdout == "$3cret\n", done.stderr


def test_an_oracle_database_is_reached_by_its_service(tmp_path: Path) -> None:
    """Without a connection: the name that Django's own backend would connect to."""
    code = "from django.db import connection as c; from django.db.backends.oracle.utils import dsn; print(dsn(c.settings_dict))"
    for url, name in (
        ("oracle://u:p@db:1522/svc.example", "tcp://db:1522/svc.example"),
        ("oracle://u:p@db/svc", "tcp://db:1521/svc"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup(); {code}"], cwd=ROOT, text=True, capture_output=True, check=False,
            env=environment(tmp_path / "data", DATABASE_URL=url, DJANGO_SETTINGS_MODULE="maintenance_portal.settings"),
        )  # fmt: skip
        assert done.stdout.strip() == name, done.stderr
