"""The image and the composition name what exists, hold no secret, and are read by the schema of compose. Nothing is built here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from tests.maintenance_portal.test_settings_page import settings_read

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSITION: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSITION["services"]
OF_PORTAL = {name: service for name, service in SERVICES.items() if "build" in service}


def test_the_schema_of_compose_reads_it() -> None:
    """The one that comes with the package, so that nothing is asked for."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", OF_PORTAL)
def test_each_service_of_the_portal_starts_a_command_that_there_is(name: str) -> None:
    command, *options = OF_PORTAL[name]["command"]
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    parser.parse_args(options)


def test_the_image_starts_a_command_that_there_is() -> None:
    (words,) = re.findall(r"^CMD \[(.*)\]$", DOCKERFILE, re.MULTILINE)
    command, *options = re.findall(r'"([^"]*)"', words)
    load_command_class(get_commands()[command], command).create_parser("manage.py", command).parse_args(options)


def test_each_setting_exists_and_each_secret_is_one_that_is_handed_in() -> None:
    for service in OF_PORTAL.values():
        for name, value in service["environment"].items():
            assert name.removesuffix("_FILE") in settings_read(), name
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert set(service["secrets"]) <= COMPOSITION["secrets"].keys()


def test_two_portals_serve_pages_and_two_work_once_the_tables_are_there() -> None:
    for name in ("pages", "work"):
        assert SERVICES[name]["deploy"]["replicas"] == 2
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= SERVICES.keys()


def test_every_image_has_its_version() -> None:
    named = [service["image"] for service in SERVICES.values()]
    images = [image for image in named if not image.startswith("${ORACLE_IMAGE:?")] + re.findall(
        r"^FROM (\S+)", DOCKERFILE, re.MULTILINE
    )
    for image in images:
        assert re.search(r":v?\d+\.\d+", image), image


def test_the_image_copies_what_there_is_and_what_is_left_to_it() -> None:
    taken = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = [words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)]
    assert {source for sources in copied for source in sources} == taken
    for source in taken:
        assert (ROOT / source).exists(), source


def test_the_image_holds_no_secret_and_runs_as_nobody_important() -> None:
    assert not re.findall(r"^(?:ENV|ARG)\b.*(?:PASSWORD|SECRET|KEY)", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["portal"]
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_account_in_oracle_has_the_rights_that_are_asked_for() -> None:
    from maintenance_portal.database_checks import _ORACLE_NEEDS

    (granted,) = re.findall(r"GRANT (.*) TO portal;", (ROOT / "containers" / "oracle" / "portal_user.sh").read_text())
    for_packages = "CREATE PROCEDURE"  # of install_plsql; no migration makes one
    assert {*_ORACLE_NEEDS, "CREATE SESSION", for_packages} == set(granted.split(", "))
