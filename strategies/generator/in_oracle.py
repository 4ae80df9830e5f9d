"""The library as rows of tables inside an Oracle, where a package generates strategies from them; and what loads them. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from strategies.generator.definition import Known
from strategies.generator.library import Library
from strategies.generator.masters import fill
from strategies.generator.plsql import literal, masters, part_key, shown
from strategies.generator.words import reserved, why_reserved, why_taken
from strategies.plsql.scripts import MARK, Place, Unit, generator

Row = Mapping[str, str | int | float | None]
TEXT = "text"  # the column that is a CLOB
TOKENS = ("name", "package", "digest", "target_type", "takes_all")  # those beside the parameters'
_KINDS = {bool: "BOOLEAN", int: "INTEGER", float: "NUMBER", str: "TEXT"}
# Characters of a text in one literal: SQL*Plus takes lines of less than 2500, and SQL literals of 4000 bytes.
_PIECE = 200


def units(place: Place, known: Known, operation_types: Collection[str], own: tuple[Path, ...] = ()) -> tuple[Unit, ...]:
    """All that puts the generator into a database, in its order. Raises MasterBroken."""
    made = generator(place)
    loads = [load(table, found) for table, found in rows(known, own).items()]
    if place is Place.TARGET:  # beside the portal's own tables the words are there
        words = (
            ("operation_type", operation_types),
            ("job_type", known.job_types),
            ("target_type", known.target_types),
        )
        loads = [*(_add_missing(column, sorted(found)) for column, found in words), *loads]
    tables = [unit for unit in made if not unit.is_code]
    return (*tables, *loads, *(unit for unit in made if unit.is_code))


def rows(known: Known, own: tuple[Path, ...] = ()) -> dict[str, list[Row]]:
    """By table. Raises MasterBroken for a master that the package could not fill."""
    library = known.library
    why = {name: why_taken(name) for name in known.taken} | {word: why_reserved(word) for word in reserved()}
    return {
        "generic_generator_templates": list(_templates(library)),
        "generic_generator_operations": list(_operations(library)),
        "generic_generator_parts": list(_parts(library)),
        "generic_generator_settings": list(_settings(library)),
        "generic_generator_masters": list(_masters(library, own)),
        "generic_generator_words": [{"word": word, "reason": why[word]} for word in sorted(why)],
    }


def _templates(library: Library) -> Iterator[Row]:
    for one in library.templates.values():
        yield {
            "strategy_type": one.strategy_type, "title": one.title, "when_to_use": one.when_to_use,
            "operations": ",".join(one.operations), "job_type": one.job_type, "schedule_type": one.schedule_type,
            "schedule_value": one.schedule_value,
        }  # fmt: skip


def _operations(library: Library) -> Iterator[Row]:
    for position, one in enumerate(library.operations.values(), 1):
        yield {
            "operation_type": one.operation_type, "title": one.title, "what": one.what, "job_type": one.job_type, "position": position,
        }  # fmt: skip


def _parts(library: Library) -> Iterator[Row]:
    for one in library.operations.values():
        for work in one.plsql:
            yield {
                "part_key": part_key(one, work), "operation_type": one.operation_type, "target_type": work.target_type,
                "needs_object": "Y" if work.needs_object else "N",
            }  # fmt: skip


def _settings(library: Library) -> Iterator[Row]:
    for position, (name, setting) in enumerate(library.settings(library.operations).items(), 1):
        default, is_number = setting.field.default, setting.type in (int, float)
        takers = [key for key, one in library.operations.items() if name in one.python.settings]
        yield {
            "setting_name": name, "kind": _KINDS[setting.type], "default_json": json.dumps(default),
            "default_literal": literal(default), "default_shown": shown(default), "least": setting.bounds[0] if is_number else None,
            "most": setting.bounds[1] if is_number else None, "longest": setting.longest, "title": str(setting.field.title),
            "operations": ",".join(takers), "position": position,
        }  # fmt: skip


def _masters(library: Library, own: tuple[Path, ...]) -> Iterator[Row]:
    filled_in = {
        *TOKENS,
        *(f"{kind}:{name}" for name in library.settings(library.operations) for kind in ("default", "shown")),
    }
    for position, (path, text) in enumerate(masters(library, own).items(), 1):
        fill(text, (), dict.fromkeys(filled_in, ""))
        fill(path, (), {"package": ""})
        yield {"path": path, "position": position, TEXT: text.rstrip("\n") + "\n"}


def load(table: str, found: Sequence[Row]) -> Unit:
    """A block after which the table holds these rows and no others."""
    has_text = any(TEXT in row for row in found)
    lines = [*(["DECLARE", "    v_text CLOB;"] if has_text else []), "BEGIN"]
    lines.append(f"    -- {MARK}: from the portal's own library, anew with each installation")
    lines.append(f"    DELETE FROM {table};")  # noqa: S608 (a name of ours)
    for row in found:
        if TEXT in row:
            lines += ["    v_text := NULL;", *_append(str(row[TEXT]))]
        values = ",\n        ".join("v_text" if column == TEXT else as_literal(value) for column, value in row.items())
        lines += [f"    INSERT INTO {table} ({', '.join(row)})", f"    VALUES ({values});"]
    return Unit("ROWS", table.upper(), "\n".join([*lines, "    COMMIT;", "END;"]))


def _append(text: str) -> Iterator[str]:
    """Line by line, so that a DBA can read it and SQL*Plus takes none of them for a command of its own."""
    for line in text.removesuffix("\n").split("\n"):
        yield f"    v_text := v_text || {f'{as_literal(line)} || ' if line else ''}CHR(10);"


def _add_missing(column: str, words: Sequence[str]) -> Unit:
    """A block that adds words to a list of the registry; those that are there stay as people left them."""
    table = f"generic_{column}s"
    lines = ["BEGIN", f"    -- {MARK}: words of the portal's registry that are missing here"]
    for word in words:
        there = f"SELECT 1 FROM {table} t WHERE t.{column} = {as_literal(word)}"  # noqa: S608 (names of ours, and a literal)
        lines.append(f"    INSERT INTO {table} ({column})")
        lines.append(f"    SELECT {as_literal(word)} FROM dual d")  # noqa: S608
        lines.append(f"     WHERE NOT EXISTS ({there});")
    return Unit("ROWS", table.upper(), "\n".join([*lines, "    COMMIT;", "END;"]))


def as_literal(value: str | int | float | None) -> str:
    """In SQL, on lines that are short enough; letters beyond ASCII by their numbers, whatever character set a script is read in."""
    if not value and not isinstance(value, int | float):
        return "NULL"
    if not isinstance(value, str):
        return shown(value)
    pieces = [value[start : start + _PIECE] for start in range(0, len(value), _PIECE)]
    return "\n        || ".join(map(_piece, pieces))


def _piece(text: str) -> str:
    quoted = text.replace("'", "''")
    if text.isascii():
        return f"'{quoted}'"
    coded = "".join(one if one.isascii() else _units(one) for one in quoted.replace("\\", "\\\\"))
    return f"TO_CHAR(UNISTR('{coded}'))"


def _units(character: str) -> str:
    """Of UTF-16, as UNISTR reads them."""
    found = character.encode("utf-16-be")
    return "".join(f"\\{found[at : at + 2].hex().upper()}" for at in range(0, len(found), 2))
