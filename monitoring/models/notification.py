"""Who is told of what: channels, the rules that lead to them, texts that people wrote, and each message to each recipient."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from strategies.models import Role, Target, Tenant, User
from strategies.models.scoped import Scoped, visible_scopes
from strategies.models.state import State

ITSELF = "*"  # the recipient of a channel that has none of its own: a chat room, a webhook


class Severity(models.TextChoices):
    """How much it matters; a rule takes what matters at least so much."""

    INFO = "info", "Information"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Audience(models.TextChoices):
    """For whom a text is written."""

    TECHNICAL = "technical", "Technical"
    PLAIN = "plain", "Plain words"


class ChannelState(State):
    """How a channel stands; the first of these that holds."""

    OFF = "off", "power", "plan", "Switched off"
    TROUBLE = "trouble", "x-lg", "fail", "In trouble"
    NEVER = "never", "question-circle", "plan", "Nothing sent yet"
    WORKS = "works", "check-lg", "ok", "Delivers"


class NotificationChannelQuerySet(models.QuerySet["NotificationChannel"]):
    def visible_to(self, user: User) -> NotificationChannelQuerySet:
        """Those of one's own tenants, and those for all."""
        if not user.has_role(Role.DBA, Role.AUDITOR):
            return self.none()
        return self if user.has_every_tenant else self.filter(Q(tenant=None) | Q(tenant__in=user.tenants.all()))

    def in_trouble(self) -> NotificationChannelQuerySet:
        """By which nothing goes out: one failed attempt is tried again in half a minute, and is no trouble yet."""
        return self.filter(is_active=True, failures__gt=1)

    def take(self, pk: int, moment: datetime, lease_until: datetime) -> int | None:
        """Deliver by this channel alone; the number of this turn, or None while somebody else has it, or it pauses."""
        free = Q(lease_until=None) | Q(lease_until__lte=moment)
        ready = Q(paused_until=None) | Q(paused_until__lte=moment)
        rows = self.filter(free, ready, pk=pk, is_active=True)
        if rows.update(turn=F("turn") + 1, lease_until=lease_until) != 1:
            return None
        return self.values_list("turn", flat=True).get(pk=pk)

    def release(self, pk: int, turn: int, **values: Any) -> bool:
        """The turn is over. False = it had passed to somebody else."""
        return self.filter(pk=pk, turn=turn).update(lease_until=None, **values) == 1


class NotificationChannel(models.Model):
    """A configured way to tell. `settings` are those of its kind (monitoring/notifications), `secret` is kept like that of a target.

    A tenant's channel carries only what is of its tenant.
    """

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, null=True, blank=True, related_name="channels", help_text="Empty = for all."
    )
    settings = models.JSONField(default=dict)
    secret = models.CharField(max_length=2000, blank=True, default="")
    is_active = models.BooleanField(default=True)
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    turn = models.BigIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    woken_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row, of the channel itself.")
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.CharField(max_length=500, blank=True, default="", editable=False)
    trouble_since = models.DateTimeField(null=True, blank=True, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[NotificationChannelQuerySet] = NotificationChannelQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_channel"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> ChannelState:
        if not self.is_active:
            return ChannelState.OFF
        if self.failures:
            return ChannelState.TROUBLE
        return ChannelState.NEVER if self.delivered_at is None else ChannelState.WORKS


class NotificationRuleQuerySet(models.QuerySet["NotificationRule"]):
    def visible_to(self, user: User) -> NotificationRuleQuerySet:
        return visible_scopes(self, user) if user.has_role(Role.DBA, Role.AUDITOR) else self.none()


class NotificationRule(Scoped):
    """Leads what happens in its scope to a channel. `events` are names of `monitoring.notifiable.GROUPS`; empty = all.

    On channels for people it names them by address and by role; a role means everybody who has it and sees the database.
    """

    goes_along = True

    name = models.CharField(max_length=80, unique=True)
    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="rules")
    events = models.JSONField(default=list, blank=True)
    strategy_name = models.CharField(max_length=50, blank=True, default="", help_text="Empty = each.")
    least_severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.INFO)
    recipients = models.CharField(max_length=1000, blank=True, default="", help_text="Addresses, separated by commas.")
    role = models.CharField(max_length=20, choices=Role.choices, blank=True, default="")
    is_active = models.BooleanField(default=True)
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[NotificationRuleQuerySet] = NotificationRuleQuerySet.as_manager()  # type: ignore[assignment]

    class Meta(Scoped.Meta):
        db_table = "portal_notification_rule"
        ordering = ["name"]
        constraints = [
            *Scoped.Meta.constraints,
            models.CheckConstraint(
                condition=Q(least_severity__in=Severity.values), name="portal_notification_rule_from"
            ),
            models.CheckConstraint(
                condition=Q(role="") | Q(role__in=Role.values), name="portal_notification_rule_role"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def groups(self) -> frozenset[str]:
        """The kinds of events that it takes; empty = all."""
        return frozenset(map(str, self.events)) if isinstance(self.events, list) else frozenset()

    @property
    def addresses(self) -> list[str]:
        return [part for part in (part.strip() for part in self.recipients.split(",")) if part]


class MessageText(models.Model):
    """What people wrote in place of the portal's own text for one kind of event and one audience.

    `trouble` says why the last message did not take it: it then went out in the portal's own words.
    """

    event = models.CharField(max_length=60)
    audience = models.CharField(max_length=10, choices=Audience.choices)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    trouble = models.CharField(max_length=500, blank=True, default="", editable=False)
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "portal_message_text"
        ordering = ["event", "audience"]
        constraints = [models.UniqueConstraint(fields=["event", "audience"], name="portal_message_text_one")]

    def __str__(self) -> str:
        return f"{self.event}, {self.get_audience_display()}"


class NotificationReader(models.Model):
    """How far the sealed entries were read (pk 1); `seal` empty = not yet: what happened before the first look is told to nobody."""

    seal = models.BigIntegerField(null=True, blank=True)
    trouble = models.CharField(max_length=500, blank=True, default="")
    trouble_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "portal_notification_reader"

    def __str__(self) -> str:
        return str(self.seal)


class Delivery(State):
    """What became of a message to one recipient."""

    WAITING = "waiting", "hourglass-split", "warn", "Waiting"
    DELIVERED = "delivered", "check-lg", "ok", "Delivered"
    FAILED = "failed", "x-lg", "fail", "Not delivered"
    DROPPED = "dropped", "slash-circle", "plan", "Not sent"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: User) -> NotificationQuerySet:
        """By the channel that carries it and the tenant that it is about; what is about several is for all, as it is in the audit."""
        channels = NotificationChannel.objects.visible_to(user)
        if user.has_every_tenant:
            return self.filter(channel__in=channels)
        return self.filter(Q(tenant=None) | Q(tenant__in=user.tenants.all()), channel__in=channels)

    def move(self, pk: int, *, leaving: tuple[str, ...], to: str, **values: Any) -> bool:
        """Compare-and-set. False = somebody else was first."""
        return self.filter(pk=pk, state__in=leaving).update(state=to, **values) == 1


class Notification(models.Model):
    """One message to one recipient by one channel. `key` is made of the entry, the channel and the recipient, so that there is one of
    each; it is the Message-ID or idempotency key of every attempt.
    """

    key = models.CharField(max_length=80, unique=True)
    seal = models.BigIntegerField(
        null=True, blank=True, help_text="Of the audit entry; empty = a message to try a channel."
    )
    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="notifications")
    recipient = models.CharField(max_length=254)
    event = models.CharField(max_length=60)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.INFO)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.TECHNICAL)
    target = models.ForeignKey(Target, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty = of several."
    )
    announcement = models.ForeignKey(
        "Announcement", on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications",
        help_text="The maintenance of whose life it tells a stakeholder.",
    )  # fmt: skip
    why = models.CharField(
        max_length=200, blank=True, default="", help_text="Why this recipient: the rule, the job, the role."
    )
    subject = models.CharField(max_length=300)
    body = models.TextField()
    path = models.CharField(max_length=200, blank=True, default="", help_text="The page that it leads to.")
    subscription = models.ForeignKey(
        "Subscription", on_delete=models.SET_NULL, null=True, blank=True, related_name="notifications",
        help_text="Whose own links go along; they stand in no row.",
    )  # fmt: skip
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=Delivery.choices, default=Delivery.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    waits_since = models.DateTimeField(help_text="Given up so long after.")
    next_at = models.DateTimeField(help_text="Not tried before.")
    tried_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=500, blank=True, default="", help_text="What the other side answered last.")

    objects: ClassVar[NotificationQuerySet] = NotificationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "portal_notification"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["channel", "state", "next_at", "id"], name="portal_notification_due"),
            models.Index(fields=["state", "id"], name="portal_notification_state"),
            models.Index(fields=["seal"], name="portal_notification_seal"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=Delivery.values), name="portal_notification_state_is"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="portal_notification_severe"),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="portal_notification_for"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.state)

    @property
    def next_attempt(self) -> datetime:
        """Not while its channel pauses."""
        return max(self.next_at, self.channel.paused_until or self.next_at)

    @property
    def why_shown(self) -> str:
        """As others than its recipient are told."""
        return f"the recipient's {self.why.removeprefix('your ')}" if self.why.startswith("your ") else self.why

    @property
    def recipient_shown(self) -> str:
        return "the channel" if self.recipient == ITSELF else self.recipient
