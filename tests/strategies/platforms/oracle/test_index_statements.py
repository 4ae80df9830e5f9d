from __future__ import annotations

import pytest

from strategies.platforms.oracle import index_statements
from strategies.platforms.oracle.lock_wait import lock_wait


@pytest.mark.parametrize(
    ("level", "part", "is_online", "degree", "back", "statements"),
    [
        (None, None, True, 1, "NOPARALLEL", ('ALTER INDEX "SALES"."ix" REBUILD ONLINE',)),
        (None, None, False, 1, "NOPARALLEL", ('ALTER INDEX "SALES"."ix" REBUILD',)),
        ("PARTITION", "P 1", True, 1, "NOPARALLEL", ('ALTER INDEX "SALES"."ix" REBUILD PARTITION "P 1" ONLINE',)),
        ("SUBPARTITION", "Ü$#", False, 1, "NOPARALLEL", ('ALTER INDEX "SALES"."ix" REBUILD SUBPARTITION "Ü$#"',)),
        (
            None, None, True, 4, "NOPARALLEL",
            ('ALTER INDEX "SALES"."ix" REBUILD ONLINE PARALLEL 4', 'ALTER INDEX "SALES"."ix" NOPARALLEL'),
        ),
        (
            "PARTITION", "P", True, 8, "PARALLEL 2",
            ('ALTER INDEX "SALES"."ix" REBUILD PARTITION "P" ONLINE PARALLEL 8', 'ALTER INDEX "SALES"."ix" PARALLEL 2'),
        ),
    ],
)  # fmt: skip
def test_a_rebuild_is_written_for_each_level_and_gives_the_degree_back(
    level: str | None, part: str | None, is_online: bool, degree: int, back: str, statements: tuple[str, ...]
) -> None:
    assert (
        index_statements.rebuild("SALES", "ix", level, part, is_online=is_online, degree=degree, back=back)
        == statements
    )


@pytest.mark.parametrize(
    ("degree", "instances", "clause"),
    [
        ("1", "1", "NOPARALLEL"),
        ("         4", "         1", "PARALLEL 4"),
        ("DEFAULT", "DEFAULT", "PARALLEL"),
        ("4", "2", None),
        ("DEFAULT", "1", None),
        ("0", "0", None),
        ("0", "1", None),
        (None, None, None),
        ("²", "1", None),
    ],
)
def test_only_a_degree_that_can_be_put_back_exactly_has_a_clause(
    degree: str | None, instances: str | None, clause: str | None
) -> None:
    assert index_statements.clause_of_degree(degree, instances) == clause


def test_an_interrupted_build_is_cleaned_up_for_one_object_and_says_when_it_was_not() -> None:
    assert index_statements.clean_build(4711) == (
        "BEGIN\n"
        "  IF NOT SYS.DBMS_REPAIR.ONLINE_INDEX_CLEAN(4711, SYS.DBMS_REPAIR.LOCK_NOWAIT) THEN\n"
        "    RAISE_APPLICATION_ERROR(-20001, 'The interrupted build could not be cleaned up: its table is in use.');\n"
        "  END IF;\n"
        "END;"
    )


@pytest.mark.parametrize(
    ("part", "statement"),
    [
        (None, 'ALTER INDEX "S"."I" COALESCE CLEANUP'),
        ("P$1", 'ALTER INDEX "S"."I" MODIFY PARTITION "P$1" COALESCE CLEANUP'),
    ],
)
def test_orphaned_entries_are_removed_partition_by_partition(part: str | None, statement: str) -> None:
    assert index_statements.remove_orphans("S", "I", part) == statement


def test_an_index_is_hidden_and_shown_again() -> None:
    assert index_statements.hide("S", "select") == 'ALTER INDEX "S"."select" INVISIBLE'
    assert index_statements.show("S", "select") == 'ALTER INDEX "S"."select" VISIBLE'


@pytest.mark.parametrize("name", ['a"b', "", "a\0b"])
def test_a_name_that_no_statement_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="double quote"):
        index_statements.hide("S", name)


def test_the_session_waits_for_locks_as_long_as_it_was_told() -> None:
    assert lock_wait(7) == ("ALTER SESSION SET ddl_lock_timeout = 7",)
