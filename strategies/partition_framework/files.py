"""Reads the older tables from CSV files, three of them in a folder or in one ZIP archive, and refuses what is none. Pure.

The first line names the columns; commas, semicolons or tabs part them. Nothing is held in memory but the row at hand.
"""

from __future__ import annotations

import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from strategies.partition_framework.tables import TABLES, ImportRefused, OldRow, Table

MOST_BYTES = 2_000_000_000  # of one table, once unpacked
LONGEST_CELL = 10_000_000
SEPARATORS = ",;\t"
_AT_ONCE = 65_536
_SQUEEZED = 500  # times smaller than what it holds: no archive of texts is


@dataclass(frozen=True, slots=True)
class Files:
    """`open_` gives the bytes of a table's file; `names` how people know each."""

    names: Mapping[str, str]
    open_: Callable[[str], IO[bytes]]

    def check(self, *, whole: bool = True) -> None:
        """Read each file to its end, or only its first line. Raises ImportRefused, naming file, line and column."""
        for table in TABLES:
            for _ in self.rows(table):
                if not whole:
                    break

    def rows(self, table: Table) -> Iterator[OldRow]:
        """Raises ImportRefused."""
        name = self.names[table.name]
        with self.open_(table.name) as opened, _told(name):
            text = io.TextIOWrapper(
                io.BufferedReader(_Bounded(opened, name), _AT_ONCE), encoding="utf-8-sig", newline=""
            )
            lines = _Lines(text, name)
            yield from _rows(table, lines, name)


def in_folder(folder: Path) -> Files:
    """Raises ImportRefused."""
    try:
        found = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    except OSError as error:
        raise ImportRefused(f"{folder} cannot be read: {error.strerror}.") from None
    names = {table.name: table.file_name for table in TABLES}
    _all_there(names, found, str(folder))
    return Files(names, lambda table: found[names[table]].open("rb"))


def in_archive(content: BinaryIO) -> Files:
    """Raises ImportRefused. Folders within the archive do not matter."""
    try:
        archive = zipfile.ZipFile(content)
    except (zipfile.BadZipFile, ValueError, OSError):
        raise ImportRefused("The file is no ZIP archive.") from None
    found: dict[str, zipfile.ZipInfo] = {}
    names = {table.name: table.file_name for table in TABLES}
    for entry in archive.infolist():
        name = entry.filename.replace("\\", "/").rsplit("/", 1)[-1].lower()
        if name not in names.values() or "__MACOSX" in entry.filename:
            continue
        if name in found:
            raise ImportRefused(f"The archive holds {name} twice.")
        if entry.flag_bits & 1:
            raise ImportRefused(f"{name} is encrypted.")
        if entry.file_size > max(1_000_000, _SQUEEZED * entry.compress_size):
            raise ImportRefused(f"{name} is packed more tightly than any table is.")
        found[name] = entry
    _all_there(names, found, "the archive")
    return Files(names, lambda table: archive.open(found[names[table]]))


def _all_there(names: Mapping[str, str], found: Mapping[str, object], where: str) -> None:
    if missing := [name for name in names.values() if name not in found]:
        raise ImportRefused(
            f"There is no {' and no '.join(missing)} in {where}. A table without rows is a file with its first line."
        )


@contextmanager
def _told(name: str) -> Iterator[None]:
    """What goes wrong beneath the lines, as a sentence with the file's name."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError) as error:
        raise ImportRefused(f"{name} cannot be read to its end: {str(error).rstrip('.')}.") from None


class _Bounded(io.RawIOBase):
    """Bytes of a file, so many and no more."""

    def __init__(self, opened: IO[bytes], name: str) -> None:
        self._opened, self._name, self._left = opened, name, MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._opened.read(len(buffer))
        self._left -= len(read)
        if self._left < 0:
            raise ImportRefused(f"{self._name} is larger than {MOST_BYTES:,} bytes.")
        buffer[: len(read)] = read
        return len(read)


class _Lines:
    """Lines of text, counted; what is no text is refused with the number of its line."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text, self._name, self.number = text, name, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline(LONGEST_CELL + 1)
        except UnicodeDecodeError as error:
            raise ImportRefused(
                f"{self._name}, after line {self.number}: it is no text in UTF-8 ({error.reason})."
            ) from None
        if not line:
            raise StopIteration
        self.number += 1
        if "\x00" in line:
            raise ImportRefused(f"{self._name}, line {self.number}: it holds bytes that are no text.")
        return line


def _rows(table: Table, lines: _Lines, name: str) -> Iterator[OldRow]:
    first = next(lines, None)
    if first is None:
        raise ImportRefused(f"{name} is empty: its first line names the columns.")
    separator = max(SEPARATORS, key=first.count)
    columns = [cell.strip().lower() for cell in next(csv.reader([first], delimiter=separator), [])]
    _check_columns(table, columns, name)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        began = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportRefused(f"{name}, line {began}: its quotes do not match, or it is no CSV ({error}).") from None
        if not cells or cells == [""]:
            continue
        if len(cells) != len(columns):
            raise ImportRefused(
                f"{name}, line {began}: {len(cells)} cells, where the first line names {len(columns)} columns, "
                f"the last of them {columns[-1]}."
            )
        yield OldRow(dict(zip(columns, cells, strict=True)), f"line {began}")


def _check_columns(table: Table, columns: list[str], name: str) -> None:
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise ImportRefused(f"{name}, line 1: the column {twice[0] or 'without a name'} stands there twice.")
    if missing := table.missing(columns):
        raise ImportRefused(f"{name}, line 1: it has no column {' and no '.join(missing)}.")
