"""What stakeholders are told of: systems in their words, who subscribed, links to their state, and announced maintenance."""

from __future__ import annotations

import secrets
import zoneinfo
from datetime import datetime, timedelta
from typing import ClassVar

from django.core import signing
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, When
from django.utils import timezone

from strategies.models import JobRun, MaintenanceJob, Target, Tenant, User
from strategies.models.access import READS
from strategies.models.state import State

MOST_AHEAD_HOURS, MOST_REMINDER_MINUTES = 14 * 24, 7 * 24 * 60
CONFIRM_WITHIN = timedelta(days=7)
LINKS_LAST = timedelta(days=400)  # those in the messages of a subscription
_DOES = {
    "coming": "to come", "working": "at work", "verifying": "being checked", "done": "done", "broken": "not all of it done",
    "missed": "could not begin in time", "gone": "does not take place",
    "dropped": "not told any more",
}  # fmt: skip
_SUBSCRIPTION, _CONFIRMATION, _STATUS = "subscription", "confirmation of a subscription", "status page"


def new_key() -> str:
    return secrets.token_urlsafe(24)


class SystemQuerySet(models.QuerySet["System"]):
    def visible_to(self, user: User) -> SystemQuerySet:
        """Those of one's own tenants: they are made for people who know nothing of databases."""
        if not user.has_role(*READS):
            return self.none()
        return self if user.is_superuser else self.filter(tenant__in=user.tenants.all())


class System(models.Model):
    """What people who do not work here call what runs on some databases. Of a database in no system stakeholders hear nothing.

    `strategies` are those whose work is told; empty = all that change something. `look_at` is when it is looked after next,
    `looked_at` when it was last; empty = not yet.
    """

    name = models.CharField(max_length=80)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="systems")
    targets = models.ManyToManyField(Target, related_name="systems", db_table="portal_system_target")
    notice = models.CharField(max_length=500, blank=True, default="")
    strategies = models.JSONField(default=list, blank=True)
    ahead_hours = models.PositiveIntegerField(
        default=72, validators=[MinValueValidator(1), MaxValueValidator(MOST_AHEAD_HOURS)]
    )
    reminder_minutes = models.PositiveIntegerField(default=60, validators=[MaxValueValidator(MOST_REMINDER_MINUTES)])
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    look_at = models.DateTimeField(default=timezone.now, editable=False)
    looked_at = models.DateTimeField(null=True, blank=True, editable=False)
    changes = models.PositiveIntegerField(default=0, editable=False)
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[SystemQuerySet] = SystemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_system"
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="portal_system_name")]
        indexes = [models.Index(fields=["is_active", "look_at"], name="portal_system_look")]

    def __str__(self) -> str:
        return self.name

    @property
    def told_strategies(self) -> frozenset[str]:
        """Those whose work is told; empty = all."""
        return frozenset(map(str, self.strategies)) if isinstance(self.strategies, list) else frozenset()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """UTC, where this machine does not know the one that is kept."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return zoneinfo.ZoneInfo("UTC")


class Steps(models.TextChoices):
    """How much of a maintenance somebody hears."""

    ALL = "all", "Each step, with a reminder"
    MAIN = "main", "Plan, changes and end"


class SubscriptionState(State):
    ASKED = "asked", "hourglass-split", "warn", "Not confirmed yet"
    EXPIRED = "expired", "clock", "plan", "Never confirmed"
    CONFIRMED = "confirmed", "check-lg", "ok", "Confirmed"
    LEFT = "left", "box-arrow-right", "plan", "Left"


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def in_force(self) -> SubscriptionQuerySet:
        return self.filter(confirmed_at__isnull=False, left_at__isnull=True)

    def together(self, row: Subscription) -> SubscriptionQuerySet:
        """What one message asked for and waits for a yes, this one first."""
        asked = self.filter(address=row.address, asked_at=row.asked_at, confirmed_at=None, left_at=None)
        asked = asked.filter(system__tenant=row.system.tenant_id).select_related("system", "system__tenant")
        return asked.order_by(Case(When(pk=row.pk, then=0), default=1), "system__name", "pk")

    def of_account(self, user: User) -> SubscriptionQuerySet:
        """Those of the address of an account that have not ended, to systems that it may see."""
        if not user.email:
            return self.none()
        mine = self.filter(address=user.email.casefold(), left_at=None, system__in=System.objects.visible_to(user))
        return mine.select_related("system").order_by("system__name", "pk")

    def to_confirm(self, token: str) -> Subscription | None:
        """The subscription that this link confirms; None = there is none, or the link is too old, or was replaced."""
        row = self._of(token, _CONFIRMATION, CONFIRM_WITHIN)
        return row if row is not None and row.left_at is None else None

    def of_token(self, token: str) -> Subscription | None:
        """The confirmed subscription whose own link this is; None = there is none any more, or the link is too old."""
        row = self._of(token, _SUBSCRIPTION, LINKS_LAST)
        return row if row is not None and row.state is SubscriptionState.CONFIRMED else None

    def left(self, token: str) -> Subscription | None:
        """The subscription that was ended with this link, or since it was sent; None = there is none."""
        row = self._of(token, _SUBSCRIPTION, LINKS_LAST)
        return row if row is not None and row.state is SubscriptionState.LEFT else None

    def _of(self, token: str, salt: str, lasts: timedelta) -> Subscription | None:
        try:
            key = signing.TimestampSigner(salt=salt, sep=".").unsign(token, max_age=lasts)
        except signing.BadSignature:
            return None
        return self.select_related("system", "system__tenant").filter(key=key).first()


class Subscription(models.Model):
    """A mail address that wants to hear of a system. Nothing is sent there before it was confirmed from there, nor after it left.

    A new `key` ends all links that were sent before; with one that left, they say only that. `listed` are the announcements that stood
    in its first message, by their keys, as they were when the entry `listed_until` was written.
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="subscriptions")
    address = models.CharField(max_length=254)
    steps = models.CharField(max_length=10, choices=Steps.choices, default=Steps.ALL)
    key = models.CharField(max_length=64, unique=True, default=new_key)
    asked_by = models.CharField(max_length=150, blank=True, default="", help_text="Empty = from a status page.")
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    left_by = models.CharField(max_length=150, blank=True, default="", help_text="Empty = its owner, by a link.")
    listed = models.JSONField(default=list, blank=True, help_text="Announcements that stood in the first message.")
    listed_until = models.BigIntegerField(
        default=0, help_text="The entry of its yes: steps before it stood there, too."
    )

    objects: ClassVar[SubscriptionQuerySet] = SubscriptionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_subscription"
        ordering = ["address", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["system", "address"], name="portal_subscription_one"),
            models.CheckConstraint(condition=models.Q(steps__in=Steps.values), name="portal_subscription_steps"),
        ]

    def __str__(self) -> str:
        return f"{self.address} to {self.system}"

    @property
    def state(self) -> SubscriptionState:
        if self.left_at is not None:
            return SubscriptionState.LEFT
        if self.confirmed_at is not None:
            return SubscriptionState.CONFIRMED
        is_over = timezone.now() > self.asked_at + CONFIRM_WITHIN
        return SubscriptionState.EXPIRED if is_over else SubscriptionState.ASKED

    @property
    def listed_keys(self) -> frozenset[int]:
        return (
            frozenset(key for key in self.listed if type(key) is int) if isinstance(self.listed, list) else frozenset()
        )

    @property
    def token(self) -> str:
        return signing.TimestampSigner(salt=_SUBSCRIPTION, sep=".").sign(self.key)

    @property
    def confirmation(self) -> str:
        return signing.TimestampSigner(salt=_CONFIRMATION, sep=".").sign(self.key)


class StatusPageQuerySet(models.QuerySet["StatusPage"]):
    def visible_to(self, user: User) -> StatusPageQuerySet:
        return self if user.is_superuser else self.filter(tenant__in=user.tenants.all())

    def of_token(self, token: str, moment: datetime) -> StatusPage | None:
        """The page that is read at this address; None = there is none, or it was revoked, or its time is over."""
        try:
            key = signing.Signer(salt=_STATUS, sep=".").unsign(token)
        except signing.BadSignature:
            return None
        rows = self.select_related("tenant").filter(key=key, revoked_at=None, expires_at__gt=moment)
        return rows.first()


class StatusPage(models.Model):
    """A secret link to what is planned, under way and done on the systems of one tenant, for people without a sign-in.

    The key alone, without the portal's own secret, opens nothing.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="status_pages")
    name = models.CharField(max_length=80)
    key = models.CharField(max_length=64, unique=True, default=new_key)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[StatusPageQuerySet] = StatusPageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_status_page"
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return f"Status page {self.name}"

    @property
    def token(self) -> str:
        return signing.Signer(salt=_STATUS, sep=".").sign(self.key)


class Stage(State):
    """How far an announced maintenance is."""

    PLANNED = "planned", "calendar-event", "plan", "Planned"
    STARTED = "started", "play-fill", "run", "Under way"
    VERIFYING = "verifying", "search", "run", "Being checked"
    DONE = "done", "check-lg", "ok", "Done"
    UNFINISHED = "unfinished", "exclamation-triangle", "warn", "Not completed"
    CANCELLED = "cancelled", "slash-circle", "plan", "Cancelled"
    WITHDRAWN = "withdrawn", "bell-slash", "plan", "No longer told"


UNDER_WAY = (Stage.STARTED, Stage.VERIFYING)
NOT_OVER = (Stage.PLANNED, *UNDER_WAY)


class Announcement(models.Model):
    """A maintenance of a system as its subscribers are told of it: one piece of time, however many runs it is made of.

    `starts_at` and `ends_at` are what is expected, then what was; `ends_at` empty = not known. `told_…` is what was told last:
    `told_at` empty = nothing yet, `told_starts_at` empty = that nobody knows when; `named_starts_at` is the last begin that was told,
    by which people know it. Only subscribers of an announcement that was told hear of its end.
    """

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="announcements")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.PLANNED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_bound = models.BooleanField(default=False, help_text="Its end is only the latest.")
    told_at = models.DateTimeField(null=True, blank=True)
    told_starts_at = models.DateTimeField(null=True, blank=True)
    told_ends_at = models.DateTimeField(null=True, blank=True)
    told_is_bound = models.BooleanField(default=False)
    named_starts_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    changes = models.PositiveIntegerField(default=0, help_text="How often its times or its stage became others.")
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "portal_announcement"
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["system", "stage", "starts_at"], name="portal_announcement_stage"),
            models.Index(fields=["closed_at"], name="portal_announcement_closed"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(stage__in=Stage.values), name="portal_announcement_known"),
        ]

    def __str__(self) -> str:
        return f"Maintenance of {self.system}"

    @property
    def state(self) -> Stage:
        return Stage(self.stage)

    @property
    def is_short(self) -> bool:
        return self.ends_at is not None and self.ends_at - self.starts_at < timedelta(minutes=1)


class AnnouncedWork(models.Model):
    """A run, or the due instant of a job before there is one. `work` is its `due_key`; `key` is unique as long as it is not over."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="works")
    key = models.CharField(max_length=260, unique=True)
    work = models.CharField(max_length=200)
    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="+")
    strategy_name = models.CharField(max_length=50)
    job = models.ForeignKey(MaintenanceJob, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    run = models.ForeignKey(JobRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField()
    doing = models.CharField(max_length=10, help_text="See maintenance_life.Doing.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_bound = models.BooleanField(default=False, help_text="Its end is only the latest.")

    class Meta:
        db_table = "portal_announced_work"
        ordering = ["starts_at", "pk"]
        constraints = [models.CheckConstraint(condition=models.Q(doing__in=list(_DOES)), name="portal_work_doing")]

    def __str__(self) -> str:
        return self.work

    @property
    def does(self) -> str:
        """In a word or two."""
        return _DOES.get(self.doing, self.doing)
