"""Whether what people agreed to still stands: what the gate asks before a start, and what a start or an end makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from strategies import approvals, audit, seals
from strategies.approval_rules import is_within, say_level
from strategies.approvals import APPROVED_LATER, NOT_APPROVED
from strategies.audit import PORTAL, Actor
from strategies.gate_values import GlassBroken, Reason
from strategies.models import GOES_ON, Approval, ApprovalState, BreakGlass, JobRun, RunStatus, StandingApproval
from strategies.plans import Plan

_TAKEN_BACK = Reason(NOT_APPROVED, "Its approval was taken back just now.", "A DBA changes it, or asks again.")
_OPEN = (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY)


class Consents:
    """Whether waiting runs may start as far as people are asked: loaded with two queries, however many there are."""

    def __init__(self, asking: Sequence[JobRun], moment: datetime) -> None:
        self._moment = moment
        self._approvals: dict[int, Approval] = {}
        self._glasses: dict[int, BreakGlass] = {}
        if any(run.pk is not None for run in asking):  # about a run that is not kept nobody was asked
            self._load(asking)

    def _load(self, asking: Sequence[JobRun]) -> None:
        one = asking[0] if len(asking) == 1 else None
        of_runs = {"run": one.pk} if one is not None else {"run__status__in": _OPEN}
        rows = Approval.objects.filter(**of_runs).order_by("id").defer("sealed", "risk")
        self._approvals = {row.run_id: row for row in rows}  # of several of one run the last
        glasses = BreakGlass.objects.filter(**of_runs, ends_at__gt=self._moment, second_at__isnull=False, used_at=None)
        self._glasses = {row.run_id: row for row in glasses}

    def reason(self, run: JobRun) -> Reason | None:
        """What keeps the approval from standing; None = it stands, or nobody is wanted, or the run is not kept yet."""
        if run.pk is None or run.has_begun or run.needs_approval is False:
            return None
        return _why_not(self._approvals.get(run.pk), run, self._moment)

    def glass(self, run: JobRun) -> GlassBroken | None:
        row = self._glasses.get(run.pk)
        return None if row is None or row.ends_at <= self._moment else GlassBroken(row.ends_at)


def _why_not(approval: Approval | None, run: JobRun, moment: datetime) -> Reason | None:
    if run.needs_approval is None or approval is None:
        return Reason(
            NOT_APPROVED, "Whether it needs approval is not known yet.", "The portal finds out; this clears by itself."
        )
    if approval.state == ApprovalState.APPROVED:
        if approval.not_before <= moment <= approval.not_after:
            return None
        if moment < approval.not_before:
            return Reason(
                APPROVED_LATER,
                f"It is approved from {_instant(approval.not_before)} on.",
                "This clears by itself then.",
            )
        return Reason(
            NOT_APPROVED,
            f"Its approval was good until {_instant(approval.not_after)}.",
            "A DBA has it planned again, and approvers say anew whether it may start.",
        )
    words = {
        ApprovalState.ASKED: f"It waits for the approval of {approvals.in_words(approval)}.",
        ApprovalState.SENT_BACK: f"It was sent back: {approval.why}",
        ApprovalState.EXPIRED: f"Nobody approved it until {_instant(approval.not_after)}.",
        ApprovalState.OPENED: f"It is no longer what was approved: {approval.why}",
        ApprovalState.WITHDRAWN: f"The question whether it may start was withdrawn. {approval.why}",
    }[ApprovalState(approval.state)]
    cleared = {
        ApprovalState.ASKED: "They find it among their approvals.",
        ApprovalState.OPENED: "A DBA asks for approval of what it is now.",
    }.get(ApprovalState(approval.state), "A DBA changes it, or asks again.")
    return Reason(NOT_APPROVED, words.rstrip(), cleared)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def opened(run: JobRun, plan: Plan, moment: datetime) -> Reason | None:
    """At the start: whether what would run is what was approved. Where it is not, the seal is open from now on, and this says so."""
    if run.has_begun or run.needs_approval is None:
        return None
    if not run.needs_approval:
        return _wanted_since(run, plan, moment)
    approval = Approval.objects.filter(run=run).first()
    why_not = _why_not(approval, run, moment)  # it may have changed since the gate was asked
    if approval is None or why_not is not None:
        return why_not
    between = approvals.between(approval.not_before, approval.not_after)
    # This comes first: what was changed need not even be readable.
    if seals.seal(approval.sealed) != approval.seal or approval.sealed["between"] != between:
        return open_seal(approval, "What was kept of the approval was changed.", moment)
    if found := seals.differences(approval.sealed, approvals.as_value(run, plan)):
        return open_seal(approval, " ".join(found), moment)
    return _more_wanted(approval, run, plan, moment) or (None if _stands(approval) else _TAKEN_BACK)


def _stands(approval: Approval) -> bool:
    """Asked of the row itself, which is held until the start is kept: whoever takes the approval back comes before or after it."""
    rows = Approval.objects.filter(pk=approval.pk, state=ApprovalState.APPROVED)
    return rows.update(state=ApprovalState.APPROVED) == 1


def _wanted_since(run: JobRun, plan: Plan, moment: datetime) -> Reason | None:
    """Nobody was wanted when it was planned; its database, the groups of that or the rules may be others by now."""
    if not approvals.wanted_for(run, plan, run.planned_at or moment)[1]:
        return None
    approval = approvals.ask(run, plan, moment)
    return _why_not(approval, run, moment) if approval is not None else None


def _more_wanted(approval: Approval, run: JobRun, plan: Plan, moment: datetime) -> Reason | None:
    """Rules that became stricter since people were asked, or that hold for this database only now, open the seal.

    The plan is the same, and so a standing approval goes on; whether it is enough for the next run is asked with that.
    """
    wanted = approvals.wanted_for(run, plan, approval.asked_at)[1]
    if is_within(wanted, approvals.levels_of(approval)):
        return None
    who = ", then ".join(say_level(level) for level in wanted)
    return _open(approval, f"The rules want more people by now: {who}.")


def open_seal(approval: Approval, why: str, moment: datetime) -> Reason:
    """What was approved is not what would run: people are asked again, and a standing approval that was used ends."""
    with transaction.atomic():
        reason = _open(approval, why)
        if approval.standing_id is not None:
            revoke(approval.standing_id, f"Run {approval.run_id} was no longer what was approved: {why}", moment)
    return reason


def _open(approval: Approval, why: str) -> Reason:
    with transaction.atomic():
        won = Approval.objects.move(
            approval.pk, leaving=(ApprovalState.APPROVED,), to=ApprovalState.OPENED, why=why[:1000]
        )
        if won:
            audit.record(PORTAL, "approval.opened", approval, reason=why, target=approval.run.target)
    return Reason(
        NOT_APPROVED, f"It is no longer what was approved: {why}", "A DBA asks for approval of what it is now."
    )


def check_failed(run: JobRun, why: str, moment: datetime) -> None:
    """A check before the start of this run did not hold: what was approved rested on it."""
    if run.needs_approval and (approval := Approval.objects.filter(run=run).first()) is not None:
        open_seal(approval, why, moment)


def revoke(pk: int, why: str, moment: datetime, actor: Actor = PORTAL) -> bool:
    """End a standing approval; nothing starts on it any more, also what it was used for already. False = it had ended already."""
    with transaction.atomic():
        rows = StandingApproval.objects.filter(pk=pk, revoked_at=None)
        won = rows.update(revoked_at=moment, revoked_why=why[:500]) == 1
        if won:
            row = StandingApproval.objects.select_related("target").get(pk=pk)
            audit.record(actor, "standing.revoked", row, reason=why, target=row.target)
            _take_back(row, why, moment)
    return won


def _take_back(standing: StandingApproval, why: str, moment: datetime) -> None:
    """Runs that it approved and that have not begun: people decide about each."""
    why = f"The standing approval that it rested on has ended. {why}"[:1000]
    rows = standing.uses.filter(state=ApprovalState.APPROVED, run__status__in=_OPEN, run__started_at=None)
    for approval in rows.select_related("run__target").defer("sealed", "risk", "run__plan").order_by("pk"):
        won = Approval.objects.move(
            approval.pk, leaving=(ApprovalState.APPROVED,), to=ApprovalState.WITHDRAWN, decided_at=moment, why=why
        )
        if won:
            audit.record(PORTAL, "approval.withdrawn", approval, reason=why, target=approval.run.target)


def run_ended(run: JobRun, moment: datetime, *, is_bad: bool) -> None:
    """Nobody is asked any more whether it may start. The first failure of a run on a standing approval ends that; one that never
    began on it was no failure of the work, and gives its use back.
    """
    for approval in run.approvals.filter(Q(state=ApprovalState.ASKED) | Q(standing__isnull=False)):
        _end_question(approval, run, moment)
        if approval.standing_id is None:
            continue
        if not run.has_begun or approval.state != ApprovalState.APPROVED:
            _give_back(approval, run)
        elif is_bad:
            revoke(approval.standing_id, f"Run {run.pk} ended as {run.state.label.lower()}.", moment)


def _give_back(approval: Approval, run: JobRun) -> None:
    if approval.standing is not None and run.origin not in GOES_ON:  # what goes on used none up
        rows = StandingApproval.objects.filter(pk=approval.standing.pk, used_runs__gt=0)
        rows.update(used_runs=F("used_runs") - 1)


def _end_question(approval: Approval, run: JobRun, moment: datetime) -> None:
    why = f"The run is over: {run.state.label.lower()}."
    won = Approval.objects.move(
        approval.pk, leaving=(ApprovalState.ASKED,), to=ApprovalState.WITHDRAWN, decided_at=moment, why=why
    )
    if won:
        audit.record(PORTAL, "approval.withdrawn", approval, reason=why, target=run.target)
