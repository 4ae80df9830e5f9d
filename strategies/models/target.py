"""A maintained database: where it is, whose it is, what it said of itself, and how much may be done on it at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.core.validators import MinValueValidator
from django.db import models

from strategies.models.access import Role, Tenant, User
from strategies.models.state import State

Q = TypeVar("Q", bound=models.QuerySet[Any])


def visible_rows(rows: Q, user: User, *roles_without_target: Role) -> Q:
    """Rows whose target the user may see; rows without a target are for the roles named. The one rule of visibility.

    Where each row has a target the rule is asked of a row at a time: joined to the targets, SQLite would gather and sort all rows of
    all of them to show the newest fifty.
    """
    if not user.is_active or not (user.is_superuser or user.roles):
        return rows.none()
    if user.is_superuser:
        return rows
    if not roles_without_target:
        is_theirs = Target.objects.filter(pk=models.OuterRef("target"), tenant__in=user.tenants.all())
        return rows.filter(models.Exists(is_theirs))
    own = models.Q(target__tenant__in=user.tenants.all())
    if user.has_role(*roles_without_target):
        own |= models.Q(target__isnull=True)
    return rows.filter(own)


class Environment(models.TextChoices):
    DEVELOPMENT = "development", "Development"
    TEST = "test", "Test"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"


class TargetState(State):
    """What the portal knows of a target now. Each has an icon, a word and a colour, so that no page tells them by colour alone."""

    OFF = "off", "power", "plan", "Switched off"
    STOPPED = "stopped", "lock", "fail", "Stopped after a refused sign-in"
    CHECKING = "checking", "arrow-repeat", "run", "Checking…"
    NEVER = "never", "question-circle", "plan", "Never checked"
    UNREACHABLE = "unreachable", "x-lg", "fail", "Cannot be reached"
    REACHABLE = "reachable", "check-lg", "ok", "Reachable"


class Tag(models.Model):
    """A group of targets. With `max_parallel_runs` the whole group takes no more runs at once."""

    name = models.CharField(max_length=60, unique=True)
    max_parallel_runs = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Runs at once over all databases with this tag.",
    )

    class Meta:
        db_table = "portal_tag"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TargetQuerySet(models.QuerySet["Target"]):
    def being_checked(self) -> TargetQuerySet:
        """Targets whose check was asked for and has not been answered."""
        unanswered = models.Q(checked_at__isnull=True) | models.Q(checked_at__lt=models.F("check_asked_at"))
        return self.filter(unanswered, check_asked_at__isnull=False)

    def in_state(self, state: TargetState) -> TargetQuerySet:
        """Targets whose `state` is this one."""
        is_off, is_stopped = models.Q(is_active=False), models.Q(stopped_at__isnull=False)
        if state is TargetState.OFF:
            return self.filter(is_off)
        on = self.exclude(is_off)
        if state is TargetState.STOPPED:
            return on.filter(is_stopped)
        on = on.exclude(is_stopped)
        if state is TargetState.CHECKING:
            return on.being_checked()
        settled = on.filter(
            models.Q(check_asked_at__isnull=True) | models.Q(checked_at__gte=models.F("check_asked_at"))
        )
        if state is TargetState.NEVER:
            return settled.filter(checked_at__isnull=True)
        seen = settled.filter(checked_at__isnull=False)
        return seen.filter(check_error="") if state is TargetState.REACHABLE else seen.exclude(check_error="")

    def take_check(self, pk: int, moment: datetime) -> bool:
        """Take up the check that was asked for. False = another worker has it: a password is not tried twice at once."""
        open_ = models.Q(check_started_at__isnull=True) | models.Q(check_started_at__lt=models.F("check_asked_at"))
        return self.being_checked().filter(open_, pk=pk).update(check_started_at=moment) == 1

    def visible_to(self, user: User) -> TargetQuerySet:
        if not user.is_active or not (user.is_superuser or user.roles):
            return self.none()
        return self if user.is_superuser else self.filter(tenant__in=user.tenants.all())


class Target(models.Model):
    """A maintained database.

    `secret` is a reference (`env:NAME`, `file:PATH`) or a text encrypted with a key kept outside the database; never clear.
    What the last check saw stands in the `check…` fields; `facts` and `missing_rights` are the values of strategies/plans.py.
    `moved_at` is when it got another address: what was seen before is of another database.
    """

    name = models.CharField(max_length=80, unique=True)
    platform = models.CharField(max_length=30)
    url = models.CharField(max_length=500, help_text="Without a password.")
    secret = models.CharField(max_length=1000, blank=True, default="")
    environment = models.CharField(max_length=20, choices=Environment.choices, default=Environment.DEVELOPMENT)
    owner = models.CharField(max_length=120, blank=True, default="")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="targets")
    tags = models.ManyToManyField(Tag, blank=True, related_name="targets", db_table="portal_target_tags")
    time_zone = models.CharField(max_length=64, default="UTC")
    max_parallel_runs = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    load_limit = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.1)],
        help_text="Above it nothing starts and runs wait between their steps, see Platform.load; empty = no limit.",
    )  # fmt: skip
    is_home = models.BooleanField(default=False, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    moved_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_woken_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_started_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_error = models.CharField(max_length=2000, blank=True, default="", editable=False)
    facts = models.JSONField(null=True, blank=True, editable=False)
    missing_rights = models.JSONField(default=list, blank=True, editable=False)
    # After an authentication error nothing tries again by itself: accounts get locked. A person clears it.
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)
    stopped_why = models.CharField(max_length=2000, blank=True, default="", editable=False)

    objects: ClassVar[TargetQuerySet] = TargetQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_target"
        ordering = ["name"]
        indexes = [models.Index(fields=["check_asked_at"], name="portal_target_check_asked")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_reachable(self) -> bool | None:
        """What the last check saw; None = never checked."""
        return None if self.checked_at is None else not self.check_error

    @property
    def state(self) -> TargetState:
        """The first of these that holds; `TargetQuerySet.in_state` asks the database the same."""
        if not self.is_active:
            return TargetState.OFF
        if self.stopped_at is not None:
            return TargetState.STOPPED
        if self.is_being_checked:
            return TargetState.CHECKING
        if self.checked_at is None:
            return TargetState.NEVER
        return TargetState.UNREACHABLE if self.check_error else TargetState.REACHABLE

    @property
    def rights_needed(self) -> list[str]:
        """Missing rights that runs wait for, each once however many strategies need it."""
        return _each_once(row["right"] for row in self.missing_rights if row.get("blocks", True))

    @property
    def rights_useful(self) -> list[str]:
        """Missing rights without which runs start all the same, and leave out what they are for."""
        needed = self.rights_needed
        return [right for right in _each_once(row["right"] for row in self.missing_rights) if right not in needed]

    @property
    def is_being_checked(self) -> bool:
        return self.check_asked_at is not None and (self.checked_at is None or self.checked_at < self.check_asked_at)


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
