"""Which rights the account lacks: those that the queries name in their headers, and those that the steps of a concern need."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from strategies.plans import MissingRight
from strategies.platforms.base import Session
from strategies.platforms.oracle.names import oracle_query, quoted
from strategies.platforms.queries import Right, rights_of

_ON_OBJECT = re.compile(r"(SELECT|READ|EXECUTE) ON (\w+)\.([\w$#]+)")
# Reads every object of SYS.
_ANY_OF_SYS = {"SELECT": "SELECT ANY DICTIONARY", "READ": "SELECT ANY DICTIONARY"}


@dataclass(frozen=True, slots=True)
class Held:
    """What the session has: `system` privileges by name, and (privilege, owner, object), roles that are on included."""

    account: str
    system: frozenset[str]
    on_objects: frozenset[tuple[str, str, str]]

    @classmethod
    def ask(cls, session: Session) -> Held:
        """Raises PlatformError."""
        account = session.rows(oracle_query("facts_session"))[0]["account"]
        system = session.rows(oracle_query("system_privileges"))
        objects = session.rows(oracle_query("object_privileges"))
        return cls(
            str(account),
            frozenset(str(row["privilege"]) for row in system),
            frozenset((str(row["privilege"]), str(row["owner"]), str(row["name"])) for row in objects),
        )

    def has(self, privilege: str) -> bool:
        """`privilege` in the words of a GRANT."""
        match = _ON_OBJECT.fullmatch(privilege)
        if match is None:
            return privilege in self.system
        kind, owner, name = match.groups()
        if owner == self.account or (owner == "SYS" and _ANY_OF_SYS.get(kind, "") in self.system):
            return True
        kinds = ("SELECT", "READ") if kind in ("SELECT", "READ") else (kind,)
        return any((one, owner, name) in self.on_objects for one in kinds)


def of_queries(names: Iterable[str], optional: Container[str] = ()) -> list[Right]:
    """What the headers of the queries of these names ask for."""
    return rights_of(map(oracle_query, names), optional)


def missing_rights(
    session: Session, queries: Iterable[str], rights: Sequence[Right] = (), *, optional: Container[str] = ()
) -> list[MissingRight]:
    """What the account lacks of all these; `optional` names queries that can be done without. Raises PlatformError."""
    return missing([*of_queries(queries, optional), *rights], Held.ask(session))


def missing(wanted: Iterable[Right], held: Held) -> list[MissingRight]:
    """The rights that are not held, each once, with the GRANT that would give it. Pure."""
    found: dict[str, MissingRight] = {}
    for right in wanted:
        if right.privilege in found or held.has(right.privilege):
            continue
        found[right.privilege] = MissingRight(
            right=right.privilege,
            needed_for=right.needed_for,
            grant=grant(right.privilege, held.account),
            blocks=not right.is_optional,
        )
    return list(found.values())


def grant(privilege: str, account: str) -> str:
    return f"GRANT {privilege} TO {quoted(account)};"
