"""Archives of the operation log as files: JSON lines, packed by gzip, in the data folder and for its user only.

A process that is killed in the middle loses no row and doubles none. A file is called `.part` until it is complete, on the
disk and read back; of such a one nothing was deleted. It is called `.moving` until all of its rows are gone from the log;
whoever archives next finishes that. Only then it has its own name.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from monitoring.retention import BATCH, Turn
from strategies import keyset
from strategies.models import OperationLog

FOLDER = "archives"
WRITING, MOVING = ".part", ".moving"
SLACK = timedelta(seconds=1)  # SQLite compares instants as texts, of whatever length somebody typed
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,120}\.jsonl\.gz")


class ArchiveRefused(ValueError):
    """The rows cannot be moved there; the text says why, and `about` which argument of `archive_logs` it is about."""

    def __init__(self, about: str, why: str) -> None:
        super().__init__(why)
        self.about = about


class NotWhole(RuntimeError):
    """A copy did not hold what was copied; nothing of it was deleted."""


def path_of(file_name: str) -> Path:
    """Where an archive of this name is to stand. Raises ArchiveRefused."""
    if not _NAME.fullmatch(file_name) or ".." in file_name:
        raise ArchiveRefused(
            "file_name", "A file's name has letters, digits, dots and dashes, no folder, and ends in .jsonl.gz."
        )
    path = Path(settings.PORTAL_DATA) / FOLDER / file_name
    if path.exists():
        raise ArchiveRefused("file_name", f"There is a file {file_name} already.")
    return path


def move(rows: QuerySet[OperationLog], path: Path, at_work: Turn) -> int:
    """Move these rows, at least one, into a new file; how many. Raises ArchiveRefused, NotWhole, Busy and OSError."""
    if path.exists():
        raise ArchiveRefused(
            "file_name", f"An archive that was cut off is finished now, as {path.name}; choose another name."
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(path.name + WRITING)
    written = _write(rows, part, at_work)
    if _look_again(part) != written:
        raise NotWhole(f"{part} does not hold what was written into it.")
    moving = path.with_name(path.name + MOVING)
    _rename(part, moving)
    _delete_moved(moving, at_work)
    return written.rows


@dataclass(frozen=True, slots=True)
class _Content:
    """How many rows a file has, and a digest over their lines."""

    rows: int
    digest: str


def _write(rows: QuerySet[OperationLog], part: Path, at_work: Turn) -> _Content:
    """All rows, oldest first, one JSON object a line; on the disk when this returns."""
    count, digest, names = 0, hashlib.sha256(), _attributes()
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
            for batch in keyset.batches(rows, BATCH, by="operation_time"):
                at_work.go_on()
                for row in batch:
                    values = {name: getattr(row, name) for name in names}
                    line = json.dumps(values, default=_plain).encode() + b"\n"
                    packed.write(line)
                    digest.update(line)
                count += len(batch)
        raw.flush()
        os.fsync(raw.fileno())
    return _Content(count, digest.hexdigest())


def _attributes() -> list[str]:
    return [field.attname for field in OperationLog._meta.concrete_fields]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _look_again(path: Path) -> _Content:
    count, digest = 0, hashlib.sha256()
    with gzip.open(path, "rb") as lines:
        for line in lines:
            count += 1
            digest.update(line)
    return _Content(count, digest.hexdigest())


def _rename(path: Path, to: Path) -> None:
    """On the disk when this returns."""
    path.rename(to)
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _delete_moved(moving: Path, at_work: Turn) -> None:
    """Delete from the log what a complete file holds, batch by batch; then it gets its own name."""
    for batch in _batches(moving):
        at_work.go_on()
        times = batch.values()
        # By their time as well: a log that is partitioned may hold a number twice, and looks into these months only
        there = OperationLog.objects.filter(
            operation_time__gte=min(times) - SLACK, operation_time__lte=max(times) + SLACK
        )
        with transaction.atomic():
            there.filter(pk__in=list(batch)).delete()
    _rename(moving, moving.with_name(moving.name.removesuffix(MOVING)))


def _batches(path: Path) -> Iterator[dict[int, datetime]]:
    """Numbers of operations with their times, in the order of these."""
    batch: dict[int, datetime] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            batch[row["operation_id"]] = datetime.fromisoformat(row["operation_time"])
            if len(batch) == BATCH:
                yield batch
                batch = {}
    if batch:
        yield batch


def finish_left_over(at_work: Turn) -> None:
    """What a killed process left: of a complete archive the rows go from the log; a half-written one was none yet."""
    folder = Path(settings.PORTAL_DATA) / FOLDER
    for part in folder.glob(f"*{WRITING}"):
        part.unlink()
    for moving in sorted(folder.glob(f"*{MOVING}")):
        _delete_moved(moving, at_work)
