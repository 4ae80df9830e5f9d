"""What a person is asked to approve, what of their own waits for others, and all that one needs to decide it.

Loaded with the same few queries however much waits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from strategies import approvals, glass, seals, signing
from strategies.approval_rules import Word
from strategies.models import (
    Approval,
    ApprovalState,
    ApprovalWord,
    BreakGlass,
    JobRun,
    RunStatus,
    User,
    Verdict,
)
from strategies.plans import UNREADABLE, Locks, Plan, Step
from strategies.routines.strategy_deployment import ROUTINE as DEPLOYMENT
from strategies.run_parameters import Given, given
from strategies.seal_changes import StepChange, changes
from strategies.signing import Voices

MOST = 500  # questions that are looked through
SHOWN = 20
SHOWN_STEPS = 20
EARLIER, LOOKED_THROUGH = 3, 200
_NOT_BEGUN = (RunStatus.PLANNED, RunStatus.WAITING, RunStatus.READY)


@dataclass(frozen=True, slots=True)
class Card:
    """One question with all that one needs to decide it. `steps` are None where what is kept of them cannot be read.

    `word` is the one that the reader may give for it; `earlier` are the latest of the same kind of work on the same database that
    were approved.
    """

    approval: Approval
    said: Sequence[ApprovalWord]
    steps: tuple[Step, ...] | None
    word: Word | None = None
    earlier: Sequence[Approval] = ()

    @property
    def run(self) -> JobRun:
        return self.approval.run

    @property
    def asked(self) -> str:
        return approvals.in_words(self.approval)

    @property
    def work(self) -> list[tuple[str, int]]:
        """Kinds of operations, and how many of each."""
        return Counter(step.operation_type for step in self.steps or ()).most_common()

    @property
    def chosen(self) -> list[Given]:
        """The parameters that are asked about and are not the usual ones; of a deployment also the version that it brings."""
        values = self.approval.sealed.get("parameters") if self.steps is not None else None
        if not isinstance(values, Mapping):
            return []
        found = [one for one in given(self.run.strategy_name, self.run.target.platform, values) if not one.is_usual]
        version = self.run.strategy_version if self.run.strategy_name == DEPLOYMENT.name else None
        is_said = version is None or values.get("version") == version
        return found if is_said else [*found, Given("Version", version, is_usual=False)]

    @property
    def shown_steps(self) -> Sequence[Step]:
        return (self.steps or ())[:SHOWN_STEPS]

    @property
    def locks(self) -> str:
        worst = max((step.locks for step in self.steps or ()), key=list(Locks).index, default=Locks.NONE)
        return worst.sentence

    @property
    def destructive(self) -> int:
        return sum(step.is_destructive for step in self.steps or ())

    @property
    def reversible(self) -> int:
        return sum(step.is_reversible for step in self.steps or ())

    @property
    def undo_notes(self) -> list[str]:
        """Why the others cannot be taken back, each once."""
        notes = (step.undo_note for step in self.steps or () if not step.is_reversible and step.undo_note)
        return list(dict.fromkeys(notes))[:3]

    @property
    def predicted(self) -> Mapping[str, Any]:
        return self.run.predicted or {}


@dataclass(frozen=True, slots=True)
class Difference:
    """Between what was approved and what would run now: `sentences` open the seal; steps that are only `gone` do not."""

    sentences: Sequence[str]
    gone: Sequence[str]
    steps: Sequence[StepChange]


def questions(user: User) -> QuerySet[Approval]:
    """What is asked about runs that this person sees and that have not begun, the most urgent first."""
    rows = Approval.objects.visible_to(user).filter(state=ApprovalState.ASKED, run__status__in=_NOT_BEGUN)
    return rows.select_related("run__target").order_by("-is_escalated", "not_after", "pk")


def asked_of(user: User, moment: datetime) -> list[Approval]:
    """The questions that this person can answer now, without what is sealed."""
    if not signing.roles_of(user):
        return []
    found = list(
        questions(user).only(
            "run", "state", "level", "levels", "requesters", "is_escalated", "not_after", "run__status", "run__target",
            "run__target__tenant",
        )[:MOST]
    )  # fmt: skip
    if not found:
        return []
    who = signing.voices(user, moment)
    given = ApprovalWord.objects.filter(approval__state=ApprovalState.ASKED, verdict=Verdict.APPROVE)
    said = _by_approval(given.only("approval", "person", "instead_of", "verdict"))
    return [row for row in found if _word(row, said, who) is not None]


def glasses_for(user: User, moment: datetime) -> list[BreakGlass]:
    """Starts against windows, freezes and holds to which this person can agree as the second one."""
    if not signing.roles_of(user):
        return []
    # Each page asks this, and there is hardly ever any: all that belongs to one is read only where there is.
    asked = list(
        BreakGlass.objects.filter(second_at=None, used_at=None, ends_at__gt=moment).values_list("pk", flat=True)
    )
    if not asked:
        return []
    rows = BreakGlass.objects.filter(pk__in=asked, run__in=JobRun.objects.visible_to(user), run__status__in=_NOT_BEGUN)
    wanted_by = [
        f"run__{source}__{name}" for source in ("job", "config") for name in ("created_by", "last_modified_by")
    ]
    rows = rows.select_related("run__target", "run__job", "run__config").only(
        "reason", "asked_by", "ends_at", "run__asked_by", "run__released_by", "run__origin", "run__parent",
        "run__strategy_name", "run__reasons", "run__target__name", *wanted_by,
    )  # fmt: skip
    return [row for row in rows if glass.may_agree(row, user.username)]


def count(user: User, moment: datetime) -> int:
    """For the badge in the navigation."""
    return len(asked_of(user, moment)) + len(glasses_for(user, moment))


def cards(user: User, moment: datetime, pks: Sequence[int]) -> list[Card]:
    """In the order of the keys."""
    rows = (
        Approval.objects.visible_to(user)
        .filter(pk__in=pks)
        .select_related("run__target", "standing")
        .defer("run__plan")
    )
    found = {row.pk: row for row in rows}
    shown = [found[pk] for pk in pks if pk in found]
    said = _by_approval(ApprovalWord.objects.filter(approval__in=shown).order_by("pk"))
    earlier = _earlier(shown)
    who = signing.voices(user, moment)
    return [
        Card(
            row, said.get(row.pk, []), read_steps(row.sealed), _word(row, said, who),
            [one for one in earlier.get((row.run.strategy_name, row.run.target_id), []) if one.pk != row.pk][:EARLIER],
        )
        for row in shown
    ]  # fmt: skip


def own(user: User) -> QuerySet[Approval]:
    """What this person asked for, the newest first."""
    names = (user.username, f"cli:{user.username}")
    rows = Approval.objects.visible_to(user).filter(asked_by__in=names)
    return rows.select_related("run__target").defer("sealed", "risk", "run__plan", "run__parameters")


def read_steps(sealed: Any) -> tuple[Step, ...] | None:
    """The steps that are asked about; None = what is kept cannot be read."""
    try:
        return tuple(Step.from_json(step) for step in sealed["steps"])
    except UNREADABLE:
        return None


def difference(approval: Approval) -> Difference | None:
    """What differs now from what was asked about; None = nothing, or there is no plan now."""
    if approval.run.plan is None:
        return None
    try:
        now = approvals.as_value(approval.run, Plan.from_json(approval.run.plan))
        found = Difference(
            seals.differences(approval.sealed, now),
            seals.fallen_away(approval.sealed, now),
            changes(approval.sealed, now),
        )
    except UNREADABLE:
        return Difference(["What was kept of the approval, or of the plan, cannot be read."], [], [])
    return found if found.sentences or found.gone else None


def _word(row: Approval, said: Mapping[int, Sequence[ApprovalWord]], who: Voices) -> Word | None:
    if row.state != ApprovalState.ASKED or row.run.status not in _NOT_BEGUN:
        return None
    return signing.word_of(row, said.get(row.pk, []), who, row.run.target.tenant_id)


def _by_approval(words: Iterable[ApprovalWord]) -> dict[int, list[ApprovalWord]]:
    found: dict[int, list[ApprovalWord]] = defaultdict(list)
    for word in words:
        found[word.approval_id].append(word)
    return found


def _earlier(shown: Sequence[Approval]) -> dict[tuple[str, int], list[Approval]]:
    """The latest that were approved, by strategy and database; one query, which looks through a bounded number."""
    rows = Approval.objects.filter(
        state=ApprovalState.APPROVED, run__target__in={row.run.target_id for row in shown},
        run__strategy_name__in={row.run.strategy_name for row in shown},
    )  # fmt: skip
    found: dict[tuple[str, int], list[Approval]] = defaultdict(list)
    for row in rows.select_related("run").defer("sealed", "risk", "run__plan").order_by("-pk")[:LOOKED_THROUGH]:
        found[row.run.strategy_name, row.run.target_id].append(row)
    return found
