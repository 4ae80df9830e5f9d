from __future__ import annotations

from pathlib import Path

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


def test_a_reference_is_resolved_where_the_portal_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("SHOP_PASSWORD", "from the environment")
    assert secrets.resolve("env:SHOP_PASSWORD") == "from the environment"
    assert secrets.resolve(f"file:{tmp_path}/secret") == "from a file"
    assert secrets.resolve("") is None


def test_what_is_missing_is_named_by_its_place_only(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="NOT_THERE is not set"):
        secrets.resolve("env:NOT_THERE")
    with pytest.raises(SecretMissing, match="nowhere cannot be read"):
        secrets.resolve(f"file:{tmp_path}/nowhere")


@pytest.mark.parametrize(
    "text", ["hunter2", "env:", "env:a-b", "env:a b", "file:relative", "file:", "vault:x", "enc:abc", ""]
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SecretRefused) as refusal:
        secrets.reference(text)
    assert "hunter2" not in str(refusal.value)


def test_a_page_may_say_where_a_secret_is_but_not_what() -> None:
    assert secrets.describe("") == "none"
    assert secrets.describe("env:SHOP") == "env:SHOP"
    assert secrets.describe(secrets.encrypt("x")) == "encrypted in the portal"
