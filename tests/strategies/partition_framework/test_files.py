"""CSV files of the older tables: read as tools write them, and refused by name, line and column before anything is kept."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from strategies.partition_framework import files
from strategies.partition_framework.files import in_archive, in_folder
from strategies.partition_framework.tables import CONFIGS, JOBS, LOG, TABLES, ImportRefused, OldRow, Table
from tests.older import archive, as_csv, operation, rows

HEADER = "OPERATION_ID,OPERATION_TYPE,STATUS,OPERATION_TIME,MESSAGE"
LINE = "1,DROP,SUCCESS,2024-03-01 02:00:00,"


def read(table: Table, content: bytes) -> list[OldRow]:
    return list(in_archive(io.BytesIO(content)).rows(table))


def of_log(text: str | bytes) -> list[OldRow]:
    return read(LOG, archive(partition_operation_log=text))


def test_rows_come_with_their_lines_and_small_names() -> None:
    found = of_log(f"{HEADER}\n{LINE}fine\n\n2,DROP,SUCCESS,2024-03-01 02:00:00,\n")
    assert [row.where for row in found] == ["line 2", "line 4"]
    assert found[0].cells == {
        "operation_id": "1", "operation_type": "DROP", "status": "SUCCESS", "operation_time": "2024-03-01 02:00:00", "message": "fine",
    }  # fmt: skip


def test_quoted_commas_quotes_and_line_breaks_belong_to_their_cell() -> None:
    found = of_log(f'{HEADER}\r\n{LINE}"a, ""b""\r\nc"\r\n2,DROP,SUCCESS,2024-03-01,last')
    assert [row.cells["message"] for row in found] == ['a, "b"\r\nc', "last"]
    assert [row.where for row in found] == ["line 2", "line 4"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_are_parted_by_commas_semicolons_or_tabs(separator: str) -> None:
    text = as_csv([operation(7, message="größe")], LOG.name, separator)
    (row,) = of_log(b"\xef\xbb\xbf" + text.encode())
    assert (row.cells["operation_id"], row.cells["message"]) == ("7", "größe"), (
        "and the mark at the beginning is none of a name"
    )


def test_a_folder_is_read_like_an_archive(tmp_path: Path) -> None:
    for table, each in rows().items():
        (tmp_path / f"{table.upper()}.CSV").write_text(as_csv(each, table))
    found = in_folder(tmp_path)
    found.check()
    assert [len(list(found.rows(table))) for table in TABLES] == [1, 1, 1]


def test_a_table_without_rows_is_its_first_line() -> None:
    assert read(JOBS, archive(rows(jobs=[]))) == []


WRONG = {
    "nothing at all": ("", "partition_operation_log.csv is empty"),
    "a column that is missing": (HEADER.replace("STATUS,", ""), "line 1: it has no column status"),
    "columns that are missing": ("OPERATION_ID", "line 1: it has no column operation_type and no status and no operation_time"),
    "a column twice": (f"{HEADER},status", "line 1: the column status stands there twice"),
    "too few cells": (f"{HEADER}\n{LINE}x\n2,DROP", "line 3: 2 cells, where the first line names 5 columns, the last of them message"),
    "too many cells": (f"{HEADER}\n{LINE}x,y", "line 2: 6 cells"),
    "a quote without an end": (f'{HEADER}\n{LINE}x\n{LINE}"y\n{LINE}z', "line 3: its quotes do not match"),
    "text behind a quote": (f'{HEADER}\n{LINE}"y"z', "line 2: its quotes do not match"),
    "bytes": (f"{HEADER}\n{LINE}a\x00b", "line 2: it holds bytes that are no text"),
    "another encoding": (f"{HEADER}\n{LINE}größe".encode("latin-1"), "it is no text in UTF-8"),
    "another kind of file": (bytes(range(256)) * 40, "partition_operation_log.csv"),
    "a workbook": (b"PK\x03\x04" + bytes(500), "partition_operation_log.csv"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_such_table_is_refused_by_file_and_line(name: str) -> None:
    text, words = WRONG[name]
    with pytest.raises(ImportRefused) as refusal:
        in_archive(io.BytesIO(archive(partition_operation_log=text))).check()
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("partition_operation_log.csv")


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(
        ImportRefused, match=r"There is no partition_strategy_config.csv and no partition_operation_log.csv in"
    ):
        in_archive(io.BytesIO(archive(partition_strategy_config=None, partition_operation_log=None)))


def test_an_empty_folder_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"partition_strategy_config\.csv"):
        in_folder(tmp_path)
    with pytest.raises(ImportRefused, match="No such file"):
        in_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(10), bytes(range(256))])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ImportRefused, match="no ZIP archive"):
        in_archive(io.BytesIO(content))


def test_an_archive_that_unpacks_into_far_more_than_it_is_is_refused() -> None:
    with pytest.raises(ImportRefused, match="packed more tightly"):
        in_archive(io.BytesIO(archive(partition_operation_log=HEADER + " " * 30_000_000)))


def test_a_table_that_is_too_large_is_refused_whatever_the_archive_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 200)
    with pytest.raises(ImportRefused, match="larger than 200 bytes"):
        of_log(f"{HEADER}\n" + f"{LINE}x\n" * 9)


def test_an_archive_with_a_file_twice_or_one_that_was_broken_on_its_way_is_refused() -> None:
    content = io.BytesIO(archive())
    with zipfile.ZipFile(content, "a") as packed:
        packed.writestr(LOG.file_name, HEADER)
    with pytest.raises(ImportRefused, match=r"holds partition_operation_log\.csv twice"):
        in_archive(content)
    broken = bytearray(archive(partition_strategy_config=as_csv([], CONFIGS.name) + "\n" * 5000))
    at = broken.index(b"partition_strategy_config.csv") + 40
    broken[at : at + 8] = b"\xff" * 8
    with pytest.raises(ImportRefused, match=r"partition_strategy_config\.csv"):
        in_archive(io.BytesIO(bytes(broken))).check()


def test_only_the_first_lines_are_looked_at_where_the_rest_is_read_later() -> None:
    found = in_archive(io.BytesIO(archive(partition_operation_log=f"{HEADER}\n{LINE}x\ntoo few")))
    found.check(whole=False)
    with pytest.raises(ImportRefused):
        found.check()
