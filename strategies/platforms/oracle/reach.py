"""Whose objects the account may work on: its own, and with an ANY privilege those of everybody but Oracle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from strategies.assessments import Finding
from strategies.platforms.base import Session
from strategies.platforms.oracle.names import oracle_query, shown
from strategies.platforms.queries import Right


@dataclass(frozen=True, slots=True)
class Reach:
    """`privilege` is what others' objects ask for; `is_held` says whether the session has it."""

    account: str
    privilege: str
    is_held: bool

    @classmethod
    def ask(cls, session: Session, privilege: str) -> Reach:
        """Raises PlatformError."""
        return cls.ask_each(session, [privilege])[privilege]

    @classmethod
    def ask_each(cls, session: Session, privileges: Iterable[str]) -> dict[str, Reach]:
        """By privilege. Raises PlatformError."""
        account = str(session.rows(oracle_query("facts_session"))[0]["account"])
        held = {row["privilege"] for row in session.rows(oracle_query("system_privileges"))}
        return {privilege: cls(account, privilege, privilege in held) for privilege in privileges}

    def covers(self, owner: str | None) -> bool:
        """Whether the account may work on what this owner has; None = on what everybody has. Pure."""
        return self.is_held or owner == self.account

    def why_not(self, owner: str) -> str:
        """A sentence where the account may not work on what this owner has; empty where it may. Pure."""
        if self.covers(owner):
            return ""
        return f"Left alone: the account needs {self.privilege}, or to be {shown(owner)} itself."

    def judged(self, finding: Finding) -> Finding:
        """The finding, without a plan where the account may not work on what its `owner` has. Pure."""
        if not finding.evidence["can_plan"] or not (why_not := self.why_not(finding.evidence["owner"])):
            return finding
        return replace(finding, advice=why_not, evidence={**finding.evidence, "can_plan": False})


def softened(session: Session, wanted: Sequence[Right]) -> list[Right]:
    """An account that owns tables can maintain these without any ANY privilege: lacking one then blocks nothing."""
    if not session.rows(oracle_query("own_tables")):
        return list(wanted)
    return [replace(right, is_optional=right.is_optional or " ANY " in f" {right.privilege} ") for right in wanted]
