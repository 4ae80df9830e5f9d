"""Who approved a run, who is asked, and what people may do where it waits for them: what the page of a run shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strategies import approvals, asking_again, glass
from strategies.gate_values import OVERRIDABLE
from strategies.models import (
    OPERATES,
    READS_SQL,
    SIGNS,
    Approval,
    ApprovalState,
    ApprovalWord,
    BreakGlass,
    JobRun,
    RunStatus,
    User,
    may,
)


@dataclass(frozen=True, slots=True)
class Consent:
    """`approvals` are all questions about the run, the last one first; `said` what was said to that one; `to_agree` the break-glass
    to which the reader can agree.
    """

    approvals: Sequence[Approval]
    said: Sequence[ApprovalWord]
    glasses: Sequence[BreakGlass]
    may_ask_again: bool
    may_break_glass: bool
    to_agree: BreakGlass | None = None

    @property
    def last(self) -> Approval | None:
        return self.approvals[0] if self.approvals else None

    @property
    def asked(self) -> str:
        """Who is asked now; empty where nobody is."""
        last = self.last
        return approvals.in_words(last) if last is not None and last.state == ApprovalState.ASKED else ""


def of(run: JobRun, user: User, moment: datetime) -> Consent | None:
    """Three queries at most. None = nobody was ever asked, and nothing stands against the start that people may override."""
    rows = list(Approval.objects.filter(run=run).select_related("standing").defer("sealed", "risk").order_by("-pk"))
    glasses = list(BreakGlass.objects.filter(run=run).order_by("-pk"))
    is_dba = may(user, *OPERATES)
    may_break_glass = is_dba and _is_kept(run) and not any(_counts(row, moment) for row in glasses)
    if not rows and not glasses and not may_break_glass:
        return None
    reads = may(user, *READS_SQL)
    said = list(rows[0].words.order_by("pk")) if rows and reads else []
    may_ask_again = is_dba and bool(rows) and asking_again.may_be_asked(run, rows[0], moment)
    return Consent(rows, said, glasses, may_ask_again, may_break_glass, _to_agree(run, glasses, user, moment))


def _to_agree(run: JobRun, glasses: Sequence[BreakGlass], user: User, moment: datetime) -> BreakGlass | None:
    if run.has_begun or not run.is_open or not may(user, *SIGNS):
        return None
    for row in glasses:
        row.run = run
        if not row.second and _counts(row, moment) and glass.may_agree(row, user.username):
            return row
    return None


def _is_kept(run: JobRun) -> bool:
    """Whether a window, a freeze or a hold keeps it from starting."""
    is_waiting = run.status == RunStatus.WAITING and not run.has_begun
    return is_waiting and any(reason.get("code") in OVERRIDABLE for reason in run.reasons)


def _counts(row: BreakGlass, moment: datetime) -> bool:
    return row.used_at is None and row.ends_at > moment
