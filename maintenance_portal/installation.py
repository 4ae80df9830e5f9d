"""What one installation keeps outside its database: the data folder and its keys, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path


def data_folder(path: Path) -> Path:
    """Make the folder (mode 0700) if it is missing. Raises OSError where that is not allowed."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def key(data: Path, name: str) -> str:
    """The key kept in `data/keys/<name>.key`; 32 random bytes, URL-safe base64 (what Fernet takes), made on first use.

    Two processes that start at once agree on one key: the file appears under its name complete, or not at all.
    Raises OSError when the folder can be neither read nor written.
    """
    path = data / "keys" / f"{name}.key"
    if not path.exists():
        data_folder(path.parent)
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(urlsafe_b64encode(secrets.token_bytes(32)).decode())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
