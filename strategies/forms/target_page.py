"""The form of the page on which a target is registered or changed: the one validation, and a password that only goes in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models

from strategies import registry, secrets, targets
from strategies.forms.target import TargetForm
from strategies.models import Target
from strategies.platforms.base import Platform

_LONGEST_PASSWORD = 500  # bytes; encrypted it still fits its column


class SecretChoice(models.TextChoices):
    """What becomes of the secret of a target."""

    KEEP = "keep", "Keep the password that is stored"
    PASSWORD = "password", "A password, kept encrypted in the portal"
    REFERENCE = "reference", "A place from which the portal reads it"
    NONE = "none", "No secret"


class TargetPageForm(TargetForm):
    """`values()` encrypts the password. It is never drawn, so that after any error it has to be typed again.

    `may_name_places`: whether this person may lead the portal to a secret on its own machine. `version` goes out with the form and
    comes back with it: what the target was when the person saw it.
    """

    secret_choice = forms.ChoiceField(label="Secret", choices=SecretChoice.choices, widget=forms.RadioSelect)
    password = forms.CharField(
        required=False,
        strip=False,
        max_length=_LONGEST_PASSWORD,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="Goes in only: no page shows it again.",
    )
    version = forms.CharField(
        max_length=64,
        widget=forms.HiddenInput,
        error_messages={"required": "The form came without the version that it was drawn from; open it anew."},
    )

    def __init__(self, *args: Any, may_name_places: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._may_name_places = may_name_places
        tenant: Any = self.fields["tenant"]
        if tenant.queryset.count() == 1:
            tenant.initial, tenant.empty_label = tenant.queryset.get().name, None
        self.fields["time_zone"].widget.attrs["list"] = "time-zones"
        if self.target is None:
            del self.fields["version"]
        else:
            self.fields["version"].initial = targets.version(self.target)
        if self.is_of_home:
            del self.fields["secret_choice"], self.fields["password"]
            return
        platforms = registry.platforms().values()
        examples = " or ".join(platform.url_example for platform in platforms)
        notes = [platform.url_note for platform in platforms if platform.url_note]
        self.fields["url"].help_text = " ".join([f"Without a password, like {examples}.", *notes])
        self.fields["secret_reference"].label = "Place"
        self._offer_choices()

    @property
    def is_of_home(self) -> bool:
        return self.target is not None and self.target.is_home

    def _offer_choices(self) -> None:
        field: Any = self.fields["secret_choice"]
        kept = self._kept
        field.choices = [pair for pair in SecretChoice.choices if kept or pair[0] != SecretChoice.KEEP]
        if kept:
            field.initial = SecretChoice.KEEP
        elif self.target is None:
            field.initial = SecretChoice.PASSWORD
        else:
            field.initial = SecretChoice.REFERENCE if self.target.secret else SecretChoice.NONE

    @property
    def _kept(self) -> Target | None:
        """The target, where a password of it is kept encrypted."""
        return self.target if self.target is not None and secrets.is_encrypted(self.target.secret) else None

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if len(password.encode()) > _LONGEST_PASSWORD:
            raise forms.ValidationError(f"A password has at most {_LONGEST_PASSWORD} bytes here.")
        return password

    def clean(self) -> dict[str, Any]:
        choice = self.cleaned_data.get("secret_choice")
        if choice != SecretChoice.REFERENCE and "secret_reference" in self.cleaned_data:
            self.cleaned_data["secret_reference"] = ""  # what stood there before another choice was made
        cleaned = super().clean()
        platform = registry.platforms().get(cleaned.get("platform", ""))
        if platform is not None and choice and (problem := self._problem(platform, SecretChoice(choice))):
            field, text = problem
            if field not in self.errors:
                self.add_error(field, text)
        return cleaned

    def _problem(self, platform: Platform, choice: SecretChoice) -> tuple[str, str] | None:
        """What does not go together, and at which field to say so."""
        cleaned = self.cleaned_data
        typed = bool(cleaned.get("password"))
        if typed and not platform.takes_secret:
            return "password", f"{platform.label} takes no secret."
        if typed and choice is not SecretChoice.PASSWORD:
            return "secret_choice", "A password was typed, but another choice was made."
        if not platform.takes_secret:
            return None
        if choice is SecretChoice.NONE and platform.needs_secret:
            return (
                "secret_choice",
                f"{platform.label} signs in with a password: type it, or name the place where it stands.",
            )
        if choice is SecretChoice.PASSWORD and not typed:
            return "password", "Type the password, or choose another way."
        if choice is SecretChoice.REFERENCE and not cleaned.get("secret_reference"):
            return "secret_reference", "Name the place, like env:NAME or file:/absolute/path."
        if choice is SecretChoice.REFERENCE and not (self._may_name_places or self._is_place_as_it_was):
            return "secret_reference", secrets.FOR_ALL_TENANTS
        if choice is SecretChoice.KEEP and self._kept and cleaned["url"] != self._kept.url:
            return "secret_choice", "The stored password belongs to the old address; type it again."
        return None

    @property
    def _is_place_as_it_was(self) -> bool:
        kept, cleaned = self.target, self.cleaned_data
        return kept is not None and (kept.secret, kept.url) == (cleaned["secret_reference"], cleaned["url"])

    def _secret(self, password: str) -> str | None:
        """What to store for what was chosen; None = as it is."""
        cleaned = self.cleaned_data
        if not self.takes_secret:
            return ""
        match cleaned["secret_choice"]:
            case SecretChoice.KEEP:
                return None
            case SecretChoice.PASSWORD:
                return secrets.encrypt(password or cleaned["password"])
            case SecretChoice.REFERENCE:
                return str(cleaned["secret_reference"])
        return ""


class SwitchForm(forms.Form):
    """Switching a target off or on; whoever finds it off must be able to read why."""

    switch = forms.ChoiceField(choices=[("on", "on"), ("off", "off")])
    reason = forms.CharField(max_length=500)
