"""Queries that are kept as files, and what their headers say: what for, with which rights, under which licence."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Query:
    """A reading statement kept as a file; the header is what DBAs, the grants script and the checks read."""

    name: str
    sql: str
    purpose: str
    needs: str
    licence: str
    since: str
    better_with: str = ""  # what it can do without, and then tells less

    @property
    def privileges(self) -> list[str]:
        """What it needs, one by one."""
        return _one_by_one(self.needs)

    @property
    def helpful_privileges(self) -> list[str]:
        return _one_by_one(self.better_with)


def _one_by_one(line: str) -> list[str]:
    return [part.strip() for part in line.split(",") if part.strip()]


_HEADER = re.compile(r"^-- (purpose|needs|better with|licence|since): (.+)$")


@cache
def load_query(platform: str, name: str) -> Query:
    """Read `platforms/<platform>/queries/<name>.sql`. Raises ValueError where a header line is missing."""
    path = Path(__file__).parent / platform / "queries" / f"{name}.sql"
    header: dict[str, str] = {}
    body: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not body and (match := _HEADER.match(line)):
            header[match[1].replace(" ", "_")] = match[2].strip()
        else:
            body.append(line)
    if missing := {"purpose", "needs", "licence", "since"} - header.keys():
        raise ValueError(f"{path.name}: header without {', '.join(sorted(missing))}")
    return Query(name=name, sql="\n".join(body).strip().rstrip(";"), **header)


@dataclass(frozen=True, slots=True)
class Right:
    """What a capability needs, in the words of a GRANT: `ALTER ANY INDEX`, `EXECUTE ON SYS.DBMS_REPAIR`, `pg_maintain`.

    Without an optional one the portal does less, and says so; without one that is not, that capability does nothing.
    """

    privilege: str
    needed_for: str
    is_optional: bool = False


def rights_of(queries: Iterable[Query], optional: Container[str] = ()) -> list[Right]:
    """What the headers of these queries ask for, each once, needed for the first that asks and cannot be done without."""
    found: dict[str, Right] = {}
    for query in sorted(queries, key=lambda query: query.name in optional):
        for privilege in query.privileges:
            found.setdefault(privilege, Right(privilege, query.purpose.rstrip("."), query.name in optional))
    return list(found.values())
