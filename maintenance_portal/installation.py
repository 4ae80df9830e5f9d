"""What one installation keeps outside its database: the data folder, its keys, and the lock of the portal that runs on it."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TextIO

_LOCK = "portal.lock"  # locked while a portal runs; holds its address


class DataFolderRefused(Exception):
    """The sentence to show."""


class AlreadyRuns(Exception):
    """The sentence to show: another portal has the data folder."""


def data_folder(path: Path) -> Path:
    """Make the folder (mode 0700) if it is missing. Raises OSError where that is not allowed.

    It keeps itself out of a repository that it may lie in: its keys are not to be committed by mistake.
    """
    if not path.exists():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / ".gitignore").write_text("*\n", encoding="utf-8")
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


def occupy(path: Path) -> TextIO:
    """Take the folder for the portal of this process, which has it for as long as the file is open; give the file, empty.

    The system lets go of the lock when the process ends, however that happens: a portal that was killed leaves none behind,
    and its children do not inherit it. Raises AlreadyRuns and DataFolderRefused.
    """
    try:
        file = (path / _LOCK).open("a+", encoding="utf-8")
        _lock(path, file)
        file.truncate(0)  # not before it is ours: it says where the other one is
    except OSError as refusal:
        raise DataFolderRefused(
            f"The data folder {path} cannot be locked ({refusal.strerror}); --data or PORTAL_DATA names another."
        ) from None
    return file


def refuse_occupied(path: Path) -> None:
    """See that no portal has the folder now. Raises AlreadyRuns."""
    try:
        with (path / _LOCK).open(encoding="utf-8") as file:
            _lock(path, file, is_shared=True)
    except OSError:
        return  # there is no lock, or none that can be asked; whoever takes the folder learns that


def _lock(path: Path, file: TextIO, *, is_shared: bool = False) -> None:
    """Raises AlreadyRuns and OSError."""
    import fcntl  # not at the top: Windows has none, and the launcher lives long enough there to say so

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            file.seek(0)
            address = file.read().strip()
        raise AlreadyRuns(
            f"A portal already runs on the data folder {path}{f', at {address}' if address else ''}; "
            "--data or PORTAL_DATA names another folder."
        ) from None
    except OSError:
        file.close()
        raise


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
