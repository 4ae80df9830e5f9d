"""Who has to agree before a run may start, who has agreed, and to what exactly."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from strategies.models.access import Role, User
from strategies.models.run import JobRun
from strategies.models.scoped import Outliving, Scoped, visible_scopes
from strategies.models.state import State
from strategies.risk import MOST

SIGNS = (Role.DBA, Role.APPROVER, Role.MANAGER)  # whose word a rule may ask for


class ApprovalState(State):
    """What became of the question."""

    ASKED = "asked", "hourglass-split", "warn", "Waits for approval"
    APPROVED = "approved", "check-lg", "ok", "Approved"
    SENT_BACK = "sent_back", "arrow-return-left", "fail", "Sent back"
    EXPIRED = "expired", "calendar-x", "fail", "Expired"
    OPENED = "opened", "envelope-open", "warn", "No longer what was approved"
    WITHDRAWN = "withdrawn", "slash-circle", "plan", "Withdrawn"


class ApprovalRule(Scoped):
    """`levels` are asked one after the other; each is a list of demands, `{"role": …, "quorum": …, "people": [user names]}`, that are
    all to be met.
    """

    name = models.CharField(max_length=80, unique=True)
    strategy_name = models.CharField(max_length=50, blank=True, default="", help_text="Empty = each.")
    from_score = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(MOST)])
    levels = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta(Scoped.Meta):
        db_table = "portal_approval_rule"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StandingApproval(Outliving):
    """A proven routine is approved ahead: so many runs, up to this risk, until that day. The first failure or drift ends it."""

    strategy_name = models.CharField(max_length=50)
    most_score = models.PositiveSmallIntegerField(validators=[MaxValueValidator(MOST)])
    most_runs = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    used_runs = models.PositiveSmallIntegerField(default=0)
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    granted_by = models.CharField(max_length=150, blank=True, default="")
    granted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_why = models.CharField(max_length=500, blank=True, default="")

    class Meta(Scoped.Meta):
        db_table = "portal_standing_approval"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.strategy_name} on {self.scope}"

    def is_over(self, moment: datetime) -> bool:
        return self.revoked_at is not None or self.ends_at <= moment


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: User) -> ApprovalQuerySet:
        return self.filter(run__in=JobRun.objects.visible_to(user))

    def move(self, pk: int, *, leaving: tuple[str, ...], to: str, **values: Any) -> bool:
        """Compare-and-set. False = somebody else was first."""
        return self.filter(pk=pk, state__in=leaving).update(state=to, **values) == 1


class Approval(models.Model):
    """The question whether a run may do what its plan says. Of several of one run the last counts.

    `sealed` is what was asked for, as a value; `seal` its digest. `level` is the one that is asked now, counted from nought.
    """

    run = models.ForeignKey(JobRun, on_delete=models.CASCADE, related_name="approvals")
    state = models.CharField(max_length=12, choices=ApprovalState.choices, default=ApprovalState.ASKED)
    seal = models.CharField(max_length=64)
    sealed = models.JSONField()
    risk = models.JSONField(default=list, help_text="The factors: name, points and words of each.")
    score = models.PositiveSmallIntegerField(default=0)
    levels = models.JSONField(default=list)
    level = models.PositiveSmallIntegerField(default=0)
    asked_by = models.CharField(max_length=150)
    requesters = models.JSONField(default=list, help_text="User names of all who wanted it: none of them approves it.")
    asked_at = models.DateTimeField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField(help_text="It starts by then, or not on this approval.")
    remind_at = models.DateTimeField(null=True, blank=True, help_text="When people are reminded next; empty = no more.")
    reminded = models.PositiveSmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)
    is_escalated = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=1000, blank=True, default="")
    standing = models.ForeignKey(
        StandingApproval, on_delete=models.SET_NULL, null=True, blank=True, related_name="uses"
    )

    objects: ClassVar[ApprovalQuerySet] = ApprovalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_approval"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "not_after"], name="portal_approval_by_state"),
            models.Index(fields=["run", "id"], name="portal_approval_by_run"),
            models.Index(fields=["asked_at"], name="portal_approval_by_asking"),
            models.Index(fields=["decided_at"], name="portal_approval_by_end"),
        ]

    def __str__(self) -> str:
        return f"Approval {self.pk} of run {self.run_id}"

    @property
    def stage(self) -> ApprovalState:
        return ApprovalState(self.state)


class Verdict(models.TextChoices):
    """What somebody said."""

    APPROVE = "approve", "Approved"
    SEND_BACK = "send_back", "Sent back"
    COMMENT = "comment", "Comment"


class ApprovalWord(models.Model):
    """What one person said about one level. `instead_of` is for whom they spoke, if for another.

    `once` tells an approval from any other of the same person for the same level; empty of what may be said again.
    """

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="words")
    level = models.PositiveSmallIntegerField()
    person = models.CharField(max_length=150)
    roles = models.JSONField(default=list)
    instead_of = models.CharField(max_length=150, blank=True, default="")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    comment = models.CharField(max_length=1000, blank=True, default="")
    given_at = models.DateTimeField()
    once = models.CharField(max_length=200, unique=True, null=True, editable=False)

    class Meta:
        db_table = "portal_approval_word"
        ordering = ["id"]
        indexes = [models.Index(fields=["given_at"], name="portal_approval_word_by_time")]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.person}"


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, moment: Any) -> DelegationQuerySet:
        return self.filter(starts_at__lte=moment, ends_at__gt=moment, revoked_at=None)


class Delegation(models.Model):
    """One person speaks for another until a day. What they may not approve themselves they may not approve so either."""

    person = models.CharField(max_length=150, help_text="User name of whose word is given away.")
    delegate = models.CharField(max_length=150)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[DelegationQuerySet] = DelegationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_delegation"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(person=models.F("delegate")), name="portal_delegation_of_two")
        ]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.person}"


class BreakGlass(models.Model):
    """A start against windows, freezes and holds: one person asks with a reason, a second one agrees."""

    run = models.ForeignKey(JobRun, on_delete=models.CASCADE, related_name="glasses")
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    second = models.CharField(max_length=150, blank=True, default="")
    second_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(help_text="Not begun by then, it counts no more.")
    used_at = models.DateTimeField(null=True, blank=True)
    overrode = models.JSONField(default=list, blank=True, help_text="The reasons that stood against the start.")

    class Meta:
        db_table = "portal_break_glass"
        ordering = ["-id"]
        indexes = [models.Index(fields=["ends_at"], name="portal_break_glass_by_end")]

    def __str__(self) -> str:
        return f"Break-glass for run {self.run_id}"


def visible_standing(user: User) -> models.QuerySet[StandingApproval]:
    return visible_scopes(StandingApproval.objects.all(), user)
