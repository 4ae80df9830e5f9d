"""Secrets of targets: kept as a reference or encrypted with a key outside the database, clear only in the hand of the driver."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_ENCRYPTED = "enc:"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


# A place is one of the machine that the portal runs on, which all tenants share: whoever named one, and a server of their own beside
# it, would be sent what stands there, whosever it is.
FOR_ALL_TENANTS = "Only somebody who sees every tenant names a place on the portal's machine; type the secret itself."


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
    if (kind == "env" and _NAME.fullmatch(value)) or (kind == "file" and Path(value).is_absolute()):
        if _is_own(kind, value):
            raise SecretRefused("what stands there opens the portal itself, and is sent nowhere")
        return text
    raise SecretRefused(
        "expected env:NAME (an environment variable) or file:/absolute/path; a password itself is not taken here"
    )


def _is_own(kind: str, value: str) -> bool:
    """Whether a place holds what the portal itself is opened with: no database and no channel is ever sent that."""
    if kind == "env":
        return _is_own_name(value)
    path = Path(value).resolve()
    places = [settings.PORTAL_DATA, settings.BASE_DIR / ".env", Path("/proc"), Path("/dev")]
    places += [
        Path(there) for name, there in os.environ.items() if name.endswith("_FILE") and _is_own_name(name) and there
    ]
    return any(path.is_relative_to(place.resolve()) for place in places)


def _is_own_name(name: str) -> bool:
    return name.startswith(("PORTAL_", "DATABASE_URL", "DATABASE_PASSWORD", "DATABASE_WALLET_PASSWORD", "DJANGO_"))


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
    if _is_own(kind, value):
        raise SecretMissing("What stands at the place of the secret opens the portal itself, and is sent nowhere.")
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
