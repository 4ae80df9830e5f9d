"""What a job may ask of a SQLite file before it starts."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from strategies.platforms.base import NotSupported, Precheck, Problem, Session, Unasked
from strategies.platforms.sqlite.load import of_machine

# Where SQLite puts what a sort cannot keep in memory, by its own order (os_unix.c, `unixTempFileDir`).
_FOLDERS_NAMED = ("SQLITE_TMPDIR", "TMPDIR")
_FOLDERS = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108 (looked at, not written to)


def _writable(session: Session) -> Problem | None:
    return None if session.facts().is_writable else Problem("the portal may not write the file, or not its folder.")


def _free_space(session: Session) -> Problem | None:
    facts = session.facts()
    lacking = lacking_room(Path(facts.database), facts.size_bytes or 0)
    return Problem(lacking) if lacking else None


def lacking_room(file: Path, size: int) -> str:
    """A sentence where there is no room to rebuild what takes `size` bytes of the file, or to write the file anew; else nothing.

    Measured: the journal (or the WAL) of a rebuild grows to the size of the index, and its sort to up to twice that. No index
    is much larger than half its file, so the file's size does for each; and VACUUM makes its copy where SQLite sorts.
    """
    beside, sorting = file.parent, _sorting_folder()
    is_one_disk = beside.stat().st_dev == sorting.stat().st_dev
    for folder, needed in ((beside, 2 * size if is_one_disk else size), (sorting, size)):
        free = shutil.disk_usage(folder).free
        if free < needed:
            return (
                f"{free / 2**20:,.0f} MB are free in {folder}, and up to {needed / 2**20:,.0f} MB may be needed there."
            )
    return ""


def _sorting_folder() -> Path:
    named = (os.environ.get(name) for name in _FOLDERS_NAMED)
    for folder in (*named, *_FOLDERS):
        if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return Path(folder)
    return Path(tempfile.gettempdir())


def _low_load(session: Session) -> Problem | None:
    try:
        load, cores = of_machine().figure, os.cpu_count() or 1
    except NotSupported:
        return Problem("this machine does not tell its load.")
    if load < cores:
        return None
    return Problem(f"the machine's load is {load:.1f}, and it has {cores} {'core' if cores == 1 else 'cores'}.")


PRECHECKS = {
    check.name: check
    for check in (
        Precheck("WRITABLE", "The portal may write the file.", _writable, Unasked.HOLDS),
        Precheck(
            "FREE_SPACE",
            "There is room for another copy of the file beside it, and for one where SQLite sorts.",
            _free_space,
        ),
        Precheck("LOW_LOAD", "The machine's load over the last minute is below its number of cores.", _low_load),
    )
}
