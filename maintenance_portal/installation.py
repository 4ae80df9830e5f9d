"""What one installation keeps outside its database: the data folder and its keys, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path


class DataFolderRefused(Exception):
    """The sentence to show."""


def data_folder(path: Path) -> Path:
    """Make the folder (mode 0700) if it is missing. Raises OSError where that is not allowed."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def check_data_folder(path: Path) -> None:
    """Make the folder and see that it can be written. Raises DataFolderRefused."""
    probe = path / f".probe.{os.getpid()}"
    try:
        data_folder(path)
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as refusal:
        raise DataFolderRefused(
            f"The data folder {path} cannot be written ({refusal.strerror}); --data or PORTAL_DATA names another."
        ) from None


def key(data: Path, name: str, *, size: int = 32) -> str:
    """The key kept in `data/keys/<name>.key`: random bytes, URL-safe base64 (32 are what Fernet takes), made on first use.

    Two processes that start at once agree on one key: the file appears under its name complete, or not at all.
    Raises DataFolderRefused when the folder can be neither read nor written.
    """
    path = data / "keys" / f"{name}.key"
    try:
        if not path.exists():
            _make_key(path, size)
        return path.read_text().strip()
    except OSError as refusal:
        raise DataFolderRefused(
            f"The key {path} can be neither read nor made ({refusal.strerror}); --data or PORTAL_DATA names another folder."
        ) from None


def _make_key(path: Path, size: int) -> None:
    data_folder(path.parent)
    draft = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(urlsafe_b64encode(secrets.token_bytes(size)).decode())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
