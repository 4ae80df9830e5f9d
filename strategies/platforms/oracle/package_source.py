"""The source of a package in the account's schema: read, compared with the one that is wanted, and what makes one of the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strategies.platforms.base import Session
from strategies.platforms.oracle.names import oracle_query, quoted
from strategies.registrations import PackageSource

PACKAGE, BODY = "PACKAGE", "PACKAGE BODY"
KINDS = (PACKAGE, BODY)
WORDS = {PACKAGE: "specification", BODY: "body"}
_TOLD = 5
_CREATE = re.compile(r"\s*CREATE\s+OR\s+REPLACE\s+(?:(?:NON)?EDITIONABLE\s+)?", re.IGNORECASE)
_HEAD = re.compile(r'PACKAGE(?:\s+(BODY))?\s+"?([A-Z][A-Z0-9_$#]*)"?(?=\s)', re.IGNORECASE)

Sources = Mapping[str, str | None]  # by kind, as the dictionary has them; None = there is none


@dataclass(frozen=True, slots=True)
class Seen:
    """A package as it is: the source of each part, and parts that do not compile."""

    sources: Sources
    invalid: tuple[str, ...] = ()

    @property
    def digests(self) -> dict[str, str | None]:
        return digests(self.sources)


def read(session: Session, name: str) -> Seen:
    """Raises PlatformError."""
    binds = {"name": name}
    parts = session.rows(oracle_query("deployed_package"), binds)
    there = {str(row["kind"]) for row in parts}
    lines: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for row in session.rows(oracle_query("deployed_source"), binds) if there else ():
        lines[str(row["kind"])].append(str(row["text"] or ""))
    sources = {kind: "".join(_ended(line) for line in lines[kind]) if kind in there else None for kind in KINDS}
    return Seen(sources, tuple(str(row["kind"]) for row in parts if row["status"] != "VALID"))


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n"


def errors(session: Session, name: str) -> str:
    """What the database says of a package that does not compile; empty where it says nothing. Raises PlatformError."""
    rows = session.rows(oracle_query("visible_compile_errors"), {"owner": None, "name": name})
    told = [f"{row['type']}, line {row['line']}: {' '.join(str(row['text']).split())}" for row in rows[:_TOLD]]
    return "; ".join([*told, *([f"and {len(rows) - _TOLD} more"] if len(rows) > _TOLD else [])])


def wanted(package: PackageSource) -> dict[str, str | None]:
    """The sources as the dictionary would have them."""
    return {PACKAGE: _CREATE.sub("", package.specification, count=1), BODY: _CREATE.sub("", package.body, count=1)}


def plain(source: str) -> str:
    """What of a source counts: without blanks at the ends of lines and behind the last, and whatever the letters of its first words."""
    head = _HEAD.match(source.lstrip())
    text = source.lstrip()
    if head is not None:
        text = f"PACKAGE {'BODY ' if head[1] else ''}{head[2].upper()}{text[head.end() :]}"
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()


def digests(sources: Sources) -> dict[str, str | None]:
    return {kind: _digest(sources[kind]) for kind in KINDS}


def _digest(source: str | None) -> str | None:
    return None if source is None else hashlib.sha256(plain(source).encode()).hexdigest()


def statements(name: str, sources: Sources) -> tuple[str, ...]:
    """What makes these of whatever is there."""
    specification, body = sources[PACKAGE], sources[BODY]
    if specification is None:
        return (f"DROP PACKAGE {quoted(name)}",)
    of_body = f"DROP PACKAGE BODY {quoted(name)}" if body is None else f"CREATE OR REPLACE {body.rstrip()}"
    return f"CREATE OR REPLACE {specification.rstrip()}", of_body


def differing(has: Seen, wants: Mapping[str, str | None]) -> list[str]:
    """Sentences on what is not as it is to be; `wants` are digests. Pure."""
    told = []
    for kind in KINDS:
        if has.digests[kind] != wants[kind]:
            what = "is missing" if has.sources[kind] is None else "has another source"
            told.append(f"the {WORDS[kind]} {'is not to be there' if wants[kind] is None else what}")
        elif kind in has.invalid:
            told.append(f"the {WORDS[kind]} does not compile")
    return told


def is_between(has: Seen, check: Mapping[str, Any]) -> bool:
    """Whether an attempt that was cut off left it so: each part is the former or the wanted one, and not all are the former. Pure."""
    known = all(has.digests[kind] in (check["former"][kind], check["wanted"][kind]) for kind in KINDS)
    return known and has.digests != dict(check["former"])
