from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from strategies import secrets
from strategies.secrets import SecretMissing, SecretRefused


def test_an_encrypted_secret_comes_back_and_is_never_the_same_text_twice() -> None:
    one, two = secrets.encrypt("pa$$ wörd"), secrets.encrypt("pa$$ wörd")
    assert one != two
    assert "pa$$" not in one
    assert secrets.resolve(one) == secrets.resolve(two) == "pa$$ wörd"


def test_after_a_key_was_added_old_secrets_are_still_read(settings) -> None:  # type: ignore[no-untyped-def]
    old = secrets.encrypt("x")
    settings.PORTAL_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.PORTAL_ENCRYPTION_KEYS]
    assert secrets.resolve(old) == "x"
    settings.PORTAL_ENCRYPTION_KEYS = settings.PORTAL_ENCRYPTION_KEYS[:1]
    with pytest.raises(SecretMissing, match="enter it again"):
        secrets.resolve(old)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not that of other tests, which may lie below /dev: what stands there is sent nowhere."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_a_reference_is_resolved_where_the_portal_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").write_text("from a file\n")
    monkeypatch.setenv("SHOP_PASSWORD", "from the environment")
    assert secrets.resolve("env:SHOP_PASSWORD") == "from the environment"
    assert secrets.resolve(f"file:{folder}/secret") == "from a file"
    assert secrets.resolve("") is None


def test_what_is_missing_is_named_by_its_place_only(folder: Path) -> None:
    with pytest.raises(SecretMissing, match="NOT_THERE is not set"):
        secrets.resolve("env:NOT_THERE")
    with pytest.raises(SecretMissing, match="nowhere cannot be read"):
        secrets.resolve(f"file:{folder}/nowhere")


@pytest.mark.parametrize(
    "text", ["hunter2", "env:", "env:a-b", "env:a b", "file:relative", "file:", "vault:x", "enc:abc", ""]
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SecretRefused) as refusal:
        secrets.reference(text)
    assert "hunter2" not in str(refusal.value)


def test_what_opens_the_portal_itself_is_neither_taken_nor_read(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever registers a database of their own would be sent it."""
    settings.PORTAL_DATA = tmp_path / "data"
    settings.PORTAL_DATA.mkdir()
    for path in (tmp_path / "data" / "secrets.key", tmp_path / "mounted"):
        path.write_text("the portal's own key")
    (tmp_path / "innocent").symlink_to(tmp_path / "data" / "secrets.key")
    monkeypatch.setenv("PORTAL_SECRET_KEY", "the portal's own key")
    monkeypatch.setenv("PORTAL_ENCRYPTION_KEYS_FILE", str(tmp_path / "mounted"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://portal:password@db/portal")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "of_database"))
    for text in (
        "env:PORTAL_SECRET_KEY", "env:DATABASE_URL", f"file:{tmp_path}/data/secrets.key", f"file:{tmp_path}/innocent",
        "env:DATABASE_PASSWORD", "env:DATABASE_WALLET_PASSWORD", f"file:{tmp_path}/of_database",
        f"file:{tmp_path}/mounted", f"file:{tmp_path}/x/../data/secrets.key", "file:/proc/self/environ",
        f"file:{settings.BASE_DIR}/.env",
    ):  # fmt: skip
        with pytest.raises(SecretRefused, match="opens the portal itself"):
            secrets.reference(text)
        with pytest.raises(SecretMissing, match="opens the portal itself"):
            secrets.resolve(text)


def test_a_page_may_say_where_a_secret_is_but_not_what() -> None:
    assert secrets.describe("") == "none"
    assert secrets.describe("env:SHOP") == "env:SHOP"
    assert secrets.describe(secrets.encrypt("x")) == "encrypted in the portal"
