"""The forms of channels, built from the typed settings of their kind, and of the rules that lead to them."""

from __future__ import annotations

import copy
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from django import forms
from django.core.exceptions import ValidationError
from pydantic.fields import FieldInfo

from monitoring import channel_changes, notification_rules
from monitoring.models import NotificationChannel, NotificationRule, Severity
from monitoring.notifiable import GROUPS
from monitoring.notifications.base import Channel
from strategies import registry, secrets
from strategies.change_checks import version
from strategies.forms.plain_text import plain
from strategies.forms.scopes import Scopes, key_of
from strategies.models import READS_SQL, Tenant, User
from strategies.secrets import SecretRefused

PREFIX = "setting-"
_REFERENCES = ("env:", "file:")


class Refusing:
    """A form that takes refusals of the domain beside the field that they name."""

    def refuse(self: Any, field: str, why: str) -> None:
        known = next((name for name in (field, PREFIX + field) if name in self.fields), None)
        self.add_error(known, why)


class ChannelForm(Refusing, forms.Form):
    """A channel of one kind; `channel` is the one to change, None for a new one. A typed secret never comes back."""

    name = forms.CharField(max_length=80, help_text="How people call it, like Mail or On-call.")
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.none(), required=False, help_text="It then carries only what is of this tenant."
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, user: User, kind: Channel[Any], channel: NotificationChannel | None = None, **kwargs: Any
    ) -> None:
        self.kind, self.channel = kind, channel
        kwargs["initial"] = {**(_initial(channel) if channel is not None else {}), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        tenant: Any = self.fields["tenant"]
        tenant.queryset = Tenant.objects.all() if user.has_every_tenant else user.tenants.all()
        tenant.required = not user.has_every_tenant
        tenant.empty_label = "All tenants" if user.has_every_tenant else "Choose…"
        for name, field in kind.settings.model_fields.items():
            self.fields[PREFIX + name] = _field(field)
        if kind.needs_secret != "never":  # noqa: S105 (a rule)
            is_there = channel is not None and bool(channel.secret)
            is_needed = kind.needs_secret == "always" and not is_there  # noqa: S105 (a rule)
            kept = "Leave it empty to keep the one that is there. " if is_there else ""
            self.fields["secret"] = forms.CharField(
                label=kind.secret_title or "Secret", required=is_needed, max_length=1500,
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
                help_text=f"{kept}{kind.secret_help} Kept encrypted; env:NAME or file:/absolute/path say where it stands instead.",
            )  # fmt: skip

            if kind.needs_secret == "optional" and channel is not None and channel.secret:  # noqa: S105 (a rule)
                self.fields["forgets_secret"] = forms.BooleanField(
                    label="Forget the secret that is there", required=False
                )

    @property
    def own(self) -> list[forms.BoundField]:
        """The settings of this kind of channel."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def clean_name(self) -> str:
        return plain(self.cleaned_data["name"], "name")

    def clean_secret(self) -> str:
        typed = str(self.cleaned_data["secret"]).strip()
        if typed.startswith(_REFERENCES):
            try:
                secrets.reference(typed)
            except SecretRefused as refusal:
                raise ValidationError(f"{str(refusal)[0].upper()}{str(refusal)[1:]}.") from None
        return typed

    def row(self) -> NotificationChannel:
        """The channel as a valid form says it; nothing is kept."""
        row = copy.copy(self.channel) if self.channel is not None else NotificationChannel(kind=self.kind.name)
        row.name, row.tenant = self.cleaned_data["name"], self.cleaned_data["tenant"]
        row.settings = {
            name: self.cleaned_data[PREFIX + name]
            for name in self.kind.settings.model_fields
            if self.cleaned_data.get(PREFIX + name) is not None
        }
        return row

    @property
    def secret(self) -> str | None:
        """What to store; None = as it is."""
        typed = self.cleaned_data.get("secret", "")
        if not typed:
            return "" if self.cleaned_data.get("forgets_secret") else None
        return str(typed) if typed.startswith(_REFERENCES) else secrets.encrypt(typed)


def _field(field: FieldInfo) -> forms.Field:
    """Raises TypeError for a type of setting that no form knows yet."""
    default = None if field.is_required() else field.get_default()
    words: dict[str, Any] = {
        "label": field.title, "help_text": field.description, "initial": default, "required": field.is_required()
    }  # fmt: skip
    if field.annotation is bool:
        return forms.BooleanField(**{**words, "required": False})
    if get_origin(field.annotation) is Literal:
        return forms.ChoiceField(choices=[(value, value) for value in get_args(field.annotation)], **words)
    if field.annotation is int:
        lowest: Any = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
        highest: Any = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
        return forms.IntegerField(min_value=lowest, max_value=highest, **words)
    if field.annotation is str:
        return forms.CharField(max_length=900, **words)
    raise TypeError(f"no form field for settings of type {field.annotation}")


def _initial(channel: NotificationChannel) -> dict[str, Any]:
    own = {PREFIX + name: value for name, value in channel.settings.items()}
    return {**own, "name": channel.name, "tenant": channel.tenant, "version": version(channel, channel_changes.COLUMNS)}


class RuleForm(Refusing, forms.Form):
    """`rule` is the one to change, None for a new one."""

    name = forms.CharField(max_length=80, help_text="How people call it, like Failures of production.")
    scope = forms.ChoiceField(label="Databases", help_text="What happens on them is told.")
    events = forms.MultipleChoiceField(
        label="What is told", choices=list(GROUPS.items()), required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None chosen = all, as far as it matters so much.",
    )  # fmt: skip
    least_severity = forms.ChoiceField(
        label="From severity", choices=[("", "Choose…"), *Severity.choices],
        help_text="What matters less is not told. Information: what goes as it should, too.",
    )  # fmt: skip
    strategy_name = forms.ChoiceField(label="Strategy", required=False)
    channel = forms.ModelChoiceField(queryset=NotificationChannel.objects.none(), empty_label="Choose…")
    recipients = forms.CharField(
        required=False, max_length=1000,
        help_text="On a channel for people: mail addresses or user names, separated by commas.",
    )  # fmt: skip
    role = forms.ChoiceField(
        required=False, choices=[("", "Nobody by role"), *((role.value, role.label) for role in READS_SQL)],
        help_text="On a channel for people: everybody who has this role and sees the database.",
    )  # fmt: skip
    is_active = forms.BooleanField(label="On", required=False, initial=True)
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, rule: NotificationRule | None = None, **kwargs: Any) -> None:
        self.rule = rule
        kwargs["initial"] = {**(_initial_of_rule(rule) if rule is not None else {}), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self._scopes = Scopes(user)
        scope: Any = self.fields["scope"]
        scope.choices = self._scopes.one
        scope.help_text = f"{scope.help_text} {self._scopes.help('told of')}".strip()
        strategy: Any = self.fields["strategy_name"]
        known = [(name, routine.title) for name, routine in registry.routines().items()]
        strategy.choices = [("", "Each"), *known]
        channel: Any = self.fields["channel"]
        channel.queryset = NotificationChannel.objects.visible_to(user)

    def clean_name(self) -> str:
        return plain(self.cleaned_data["name"], "name")

    def clean_recipients(self) -> str:
        return plain(self.cleaned_data["recipients"], "list")

    def row(self) -> NotificationRule:
        """The rule as a valid form says it; nothing is kept."""
        row = copy.copy(self.rule) if self.rule is not None else NotificationRule()
        for name in ("name", "channel", "events", "strategy_name", "least_severity", "recipients", "role", "is_active"):
            setattr(row, name, self.cleaned_data[name])
        for name, value in self._scopes.place(self.cleaned_data["scope"]).items():
            setattr(row, name, value)
        return row


def _initial_of_rule(rule: NotificationRule) -> dict[str, Any]:
    names = ("name", "channel", "events", "strategy_name", "least_severity", "recipients", "role", "is_active")
    told = {name: getattr(rule, name) for name in names}
    return {**told, "scope": key_of(rule), "version": version(rule, notification_rules.COLUMNS)}
