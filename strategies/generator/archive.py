"""A strategy's files as one archive: the same bytes for the same files, whenever and wherever it is made. Pure."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from strategies.generator.implementation import in_order

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_READABLE = 0o100644 << 16  # a plain file that its owner may change


def zipped(folder: str, files: Mapping[str, str]) -> bytes:
    """All files below a folder. Raises ValueError for a name that could lead anywhere else."""
    found = io.BytesIO()
    # Not packed: what packing makes of the same text differs from one build of zlib to the next
    with ZipFile(found, "w", ZIP_STORED) as archive:
        for path in in_order(files):
            name = f"{folder}/{path}"
            if not _PATH.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a file in an archive")
            info = ZipInfo(name)  # of the first day that archives know
            info.create_system, info.external_attr = 3, _READABLE
            archive.writestr(info, files[path].encode())
    return found.getvalue()
