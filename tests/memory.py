"""Where tests write: into memory, where there is plenty, since making files is most of what servers of their own cost them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_SHARED = Path("/dev/shm")
_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container: what lies there counts
_ENOUGH_BYTES = 6 << 30  # four processes with servers of their own use at most half of it


def has_room() -> bool:
    """Whether there is such a folder, with room in it and behind it, and programs may lie there: those of servers do."""
    try:
        is_open = os.access(_SHARED, os.W_OK) and not os.statvfs(_SHARED).f_flag & os.ST_NOEXEC
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        limit = _LIMIT.read_text().strip() if _LIMIT.exists() else "max"
        allowed = free if limit == "max" else int(limit)
        return is_open and min(free, allowed, shutil.disk_usage(_SHARED).free) >= _ENOUGH_BYTES
    except (OSError, ValueError, AttributeError):  # another system than Linux
        return False


def use() -> None:
    """For this process and those that it starts; whoever names a TMPDIR has the say."""
    if "TMPDIR" not in os.environ and has_room():
        os.environ["TMPDIR"] = tempfile.tempdir = str(_SHARED)


def short_folder() -> str:
    """One that other accounts may enter, whose name leaves room for that of a socket, which may have some 100 characters."""
    return str(_SHARED) if os.environ.get("TMPDIR") == str(_SHARED) else "/tmp"
