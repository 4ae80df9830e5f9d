from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks

from maintenance_portal import checks, page_pool


def found(*, deploy: bool = False) -> set[str | None]:
    tags = ["security"] if deploy else [checks.PORTAL]
    return {message.id for message in run_checks(tags=tags, include_deployment_checks=deploy)}


def test_the_defaults_are_right() -> None:
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "identity"),
    [
        ("PORTAL_ENCRYPTION_KEYS", ["too short"], "portal.E002"),
        ("PORTAL_ENCRYPTION_KEYS", [Fernet.generate_key().decode(), "ü"], "portal.E002"),
        ("TIME_ZONE", "Mars/Olympus", "portal.E003"),
        ("PORTAL_RUN_WORKERS", 0, "portal.E004"),
        ("PORTAL_PULSE_SECONDS", 5, "portal.E004"),
        ("PORTAL_GRACE_SECONDS", -1, "portal.E004"),
        ("PORTAL_URL", "portal.example.org", "portal.E005"),
        ("PORTAL_PROXY_ADDRESS", "proxy.example.org", "portal.E006"),
        ("PORTAL_PROXY_ADDRESS", "", "portal.E006"),
    ],
)
def test_a_wrong_setting_is_named_with_a_hint(settings: Any, name: str, value: Any, identity: str) -> None:
    from django.conf import settings as global_settings

    if name == "TIME_ZONE":  # Django itself refuses to change to it
        message = _with_time_zone(global_settings, value)
    else:
        setattr(settings, name, value)
        (message,) = run_checks(tags=[checks.PORTAL])
    assert message.id == identity
    assert message.hint
    if name == "PORTAL_ENCRYPTION_KEYS":
        assert not any(key in message.msg for key in value)


def _with_time_zone(settings: Any, value: str) -> Any:
    class Fake:
        TIME_ZONE = value

    before = checks.settings
    checks.settings = Fake()  # type: ignore[assignment]
    try:
        (message,) = checks.time_zone()
        return message
    finally:
        checks.settings = before


def test_the_portal_may_be_beneath_a_path_of_a_host(settings: Any) -> None:
    settings.PORTAL_URL = "https://tools.example.org:8443/portal"
    assert found() == set()


@pytest.mark.parametrize("address", ["192.0.2.7", "::1", "*"])
def test_a_proxy_has_an_address_or_may_have_any(settings: Any, address: str) -> None:
    settings.PORTAL_PROXY_ADDRESS = address
    assert found() == set()


def test_a_data_folder_that_cannot_be_made_is_named(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.PORTAL_DATA = tmp_path / "file" / "data"
    assert found() == {"portal.E001"}


def test_what_is_not_for_production_is_named_by_the_deploy_check_only(settings: Any) -> None:
    settings.PORTAL_URL = ""
    settings.ALLOWED_HOSTS = ["*"]
    assert {"portal.W001", "portal.W002"} <= found(deploy=True)
    assert found() == set()


def test_a_pool_of_the_drivers_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {"pool": True})
    assert found() == {"portal.E007"}


def test_a_redis_without_its_package_is_named_with_what_installs_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PORTAL_REDIS = {"host": "cache", "password": "s3cret"}
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    (message,) = run_checks(tags=[checks.PORTAL])
    assert message.id == "portal.E014"
    assert "requirements-redis.txt" in str(message.hint)
    assert "s3cret" not in f"{message.msg}{message.hint}"
    monkeypatch.setattr(checks, "find_spec", lambda name: object())
    assert found() == set()


@pytest.mark.parametrize(
    ("size", "engine", "has_package", "words"),
    [
        (-1, "django.db.backends.postgresql", True, "is a number"),
        (4, "django.db.backends.sqlite3", True, "the embedded database has no connections to share"),
        (4, "django.db.backends.postgresql", False, "needs the package psycopg-pool"),
        (4, "django.db.backends.postgresql", True, ""),
        (4, "django.db.backends.oracle", False, ""),
        (0, "django.db.backends.sqlite3", False, ""),
    ],
)
def test_a_pool_for_the_pages_is_refused_where_there_can_be_none(
    settings: Any, monkeypatch: pytest.MonkeyPatch, size: int, engine: str, has_package: bool, words: str
) -> None:
    settings.PORTAL_DATABASE_POOL = size
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", engine)
    monkeypatch.setattr(page_pool, "find_spec", lambda _: object() if has_package else None)
    messages = run_checks(tags=[checks.PORTAL])
    assert [message.id for message in messages] == (["portal.E007"] if words else [])
    assert all(words in message.msg for message in messages)
