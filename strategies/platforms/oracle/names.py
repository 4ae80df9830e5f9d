"""Names as Oracle text: identifiers are quoted always, and read from people as Oracle reads them."""

from __future__ import annotations

import re
from dataclasses import replace

from strategies.platforms.base import ObjectUnknown
from strategies.platforms.queries import Query, load_query

_PLAIN = re.compile(r"[A-Z][A-Z0-9_$#]*")
_PART = re.compile(r'\s*(?:"([^"\0]+)"|([^\s".\0]+))\s*')


_PLACE = re.compile(r"\{([a-z]+)\}")


def oracle_query(name: str) -> Query:
    return load_query("oracle", name)


def filled(query: Query, **places: str) -> Query:
    """The query with its `{place}` marks replaced, for identifiers, which no bind can carry. One pass: names may hold marks."""
    return replace(query, sql=_PLACE.sub(lambda mark: places[mark[1]], query.sql))


def quoted(*names: str) -> str:
    """A qualified identifier. Raises ValueError for what no name of Oracle's can hold: a double quote, or NUL."""
    for name in names:
        if not name or '"' in name or "\0" in name:
            raise ValueError(
                "A name of Oracle's is never empty and holds neither a double quote nor the character NUL."
            )
    return ".".join(f'"{name}"' for name in names)


def can_quote(*names: str | None) -> bool:
    """Whether a statement can hold these names; None = there is no such name, as that of a part of a whole table."""
    try:
        quoted(*(name for name in names if name is not None))
    except ValueError:
        return False
    return True


def is_plain(name: str) -> bool:
    """Whether Oracle reads it without double quotes as it stands."""
    return _PLAIN.fullmatch(name) is not None


def literal(text: str) -> str:
    """A text literal for statements that take no binds, such as a PL/SQL block of a plan."""
    return "'" + text.replace("'", "''") + "'"


def argument(name: str) -> str:
    """A name as the DBMS_ packages take it: they raise what is not in double quotes to upper case."""
    return literal(quoted(name))


def shown(*names: str) -> str:
    """A qualified name for people: quoted only where Oracle would need it."""
    return ".".join(name if _PLAIN.fullmatch(name) else f'"{name}"' for name in names)


def read_name(text: str) -> tuple[str | None, str]:
    """Owner (None where none was typed) and name as the dictionary holds them: `sales.orders` is SALES.ORDERS.

    Raises ObjectUnknown for what cannot be a name.
    """
    parts, at = [], 0
    while (match := _PART.match(text, at)) is not None:
        parts.append(match[1] if match[1] is not None else _upper(match[2]))
        at = match.end()
        if at == len(text) or text[at] != ".":
            break
        at += 1
    if at != len(text) or not 1 <= len(parts) <= 2 or text.endswith("."):
        raise ObjectUnknown(f"{text} is no name of a table or an index: write it as OWNER.NAME.")
    return (parts[0] if len(parts) == 2 else None), parts[-1]


def _upper(text: str) -> str:
    """Letter by letter: Oracle leaves a letter whose capital form would be two (ß) as it is."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)
