"""Secrets of targets: kept as a reference or encrypted with a key outside the database, clear only in the hand of the driver."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_ENCRYPTED = "enc:"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SecretRefused(ValueError):
    """A reference that cannot be one; the text says why and never repeats what was typed."""


class SecretMissing(Exception):
    """The reference points nowhere now; the text names the place, never a value."""


def encrypt(clear: str) -> str:
    """What may be stored in the database instead of the secret."""
    return _ENCRYPTED + _box().encrypt(clear.encode()).decode()


def reference(text: str) -> str:
    """A checked `env:NAME` or `file:/absolute/path`. Raises SecretRefused."""
    kind, _, value = text.partition(":")
    if kind == "env" and _NAME.fullmatch(value):
        return text
    if kind == "file" and Path(value).is_absolute():
        return text
    raise SecretRefused(
        "expected env:NAME (an environment variable) or file:/absolute/path; a password itself is not taken here"
    )


def is_encrypted(stored: str) -> bool:
    """Whether the secret itself is kept here, and not only where it stands."""
    return stored.startswith(_ENCRYPTED)


def describe(stored: str) -> str:
    """What a page may say about a stored secret."""
    if not stored:
        return "none"
    return "encrypted in the portal" if is_encrypted(stored) else stored


def resolve(stored: str) -> str | None:
    """The secret in clear, or None where the target has none. Raises SecretMissing."""
    if not stored:
        return None
    if is_encrypted(stored):
        try:
            return _box().decrypt(stored.removeprefix(_ENCRYPTED).encode()).decode()
        except InvalidToken:
            raise SecretMissing(
                "The stored secret cannot be read with this installation's keys; enter it again."
            ) from None
    kind, _, value = stored.partition(":")
    if kind == "env":
        if (found := os.environ.get(value)) is None:
            raise SecretMissing(f"The environment variable {value} is not set where the portal runs.")
        return found
    try:
        return Path(value).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise SecretMissing(f"The file {value} cannot be read where the portal runs.") from None


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.PORTAL_ENCRYPTION_KEYS])
