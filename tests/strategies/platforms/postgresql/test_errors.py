"""What a server says on several lines reads as sentences on one."""

from __future__ import annotations

import psycopg
import pytest

from strategies.platforms.postgresql.errors import target_error


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("Connection refused\n\tIs the server running?", "Connection refused. Is the server running?"),
        ("no unique index\nDETAIL:  Key (id)=(1) is double.", "no unique index. DETAIL: Key (id)=(1) is double."),
        ("stopped\nCONTEXT:  SQL statement \"SELECT 1\nFROM t\"", 'stopped. CONTEXT: SQL statement "SELECT 1 FROM t"'),
        ("one line", "one line"),
    ],
)  # fmt: skip
def test_parts_of_an_answer_end_before_the_next_begins(said: str, line: str) -> None:
    assert target_error(psycopg.errors.UniqueViolation(said)).message == line
