"""ALTER INDEX as text: rebuilding and its parallel degree, coalescing, hiding, cleaning up after an interrupted build. Pure."""

from __future__ import annotations

from strategies.platforms.oracle.names import literal, quoted, shown

CLEAN_REFUSED = 20001  # of the range that RAISE_APPLICATION_ERROR has for applications
PARTITION, SUBPARTITION = "PARTITION", "SUBPARTITION"


def rebuild(
    owner: str, index: str, level: str | None, part: str | None, *, is_online: bool, degree: int, back: str
) -> tuple[str, ...]:
    """Rebuild an index or one part of it. With `degree` above 1 in parallel, and then `back` to the degree it had.

    The degree of a parallel rebuild stays in the dictionary, also that of one partition, and would make queries parallel.
    """
    words = ["ALTER INDEX", quoted(owner, index), "REBUILD"]
    if level is not None and part is not None:
        words += [level, quoted(part)]
    if is_online:
        words.append("ONLINE")
    if degree < 2:
        return (" ".join(words),)
    return (" ".join([*words, f"PARALLEL {int(degree)}"]), restore_degree(owner, index, back))


def restore_degree(owner: str, index: str, back: str) -> str:
    return f"ALTER INDEX {quoted(owner, index)} {back}"


def clause_of_degree(degree: str | None, instances: str | None) -> str | None:
    """The clause that gives an index the degree which the dictionary shows for it; None where no clause is known to.

    DBA_INDEXES holds both as padded text: 1 and 1, n and 1, or DEFAULT and DEFAULT.
    """
    shown_degree, shown_instances = (degree or "").strip(), (instances or "").strip()
    if (shown_degree, shown_instances) == ("DEFAULT", "DEFAULT"):
        return "PARALLEL"
    if shown_instances != "1" or not (shown_degree.isascii() and shown_degree.isdigit()) or int(shown_degree) < 1:
        return None
    return "NOPARALLEL" if int(shown_degree) == 1 else f"PARALLEL {int(shown_degree)}"


def remove_orphans(owner: str, index: str, part: str | None) -> str:
    """Entries of dropped partitions go. A partitioned index is refused as a whole (ORA-08111), so each partition by itself."""
    if part is None:
        return f"ALTER INDEX {quoted(owner, index)} COALESCE CLEANUP"
    return f"ALTER INDEX {quoted(owner, index)} MODIFY PARTITION {quoted(part)} COALESCE CLEANUP"


def hide(owner: str, index: str) -> str:
    return f"ALTER INDEX {quoted(owner, index)} INVISIBLE"


def show(owner: str, index: str) -> str:
    return f"ALTER INDEX {quoted(owner, index)} VISIBLE"


def clean_build(object_id: int) -> str:
    """Undo what an interrupted online build left of this one object. FALSE means not cleaned, and is raised as an error.

    Without an object id DBMS_REPAIR would look at every index, and without LOCK_NOWAIT try again many times.
    """
    refused = literal("The interrupted build could not be cleaned up: its table is in use.")
    return (
        "BEGIN\n"
        f"  IF NOT SYS.DBMS_REPAIR.ONLINE_INDEX_CLEAN({int(object_id)}, SYS.DBMS_REPAIR.LOCK_NOWAIT) THEN\n"
        f"    RAISE_APPLICATION_ERROR(-{CLEAN_REFUSED}, {refused});\n"
        "  END IF;\n"
        "END;"
    )


def words_for(owner: str, index: str, level: str | None, part: str | None) -> str:
    """An index, or a part of it, as pages name it."""
    return (
        shown(owner, index) if part is None else f"{shown(owner, index)} {(level or PARTITION).lower()} {shown(part)}"
    )
