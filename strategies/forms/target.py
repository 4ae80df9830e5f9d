"""What a target must be to be registered or changed: the one validation for the page and the command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from strategies import registry, secrets
from strategies.forms.clear_text import has_password, without_password
from strategies.forms.plain_text import plain
from strategies.models import OPEN, Environment, Target, Tenant
from strategies.models.access import known_time_zone
from strategies.platforms.base import AddressRefused, Platform
from strategies.secrets import SecretRefused
from strategies.targets import TargetValues


class TargetForm(forms.Form):
    """`tenants` are those in which this person may register; `target` is the one to change, None for a new one.

    A password typed into the address or as a reference is taken out of the form's data at once: it cannot come back.
    """

    name = forms.CharField(max_length=80, help_text="How people call this database.")
    url = forms.CharField(
        label="Address", max_length=500,
        help_text="Without a password, like oracle://user@host:1521/service or postgresql://user@host:5432/database.",
    )  # fmt: skip
    secret_reference = forms.CharField(
        label="Secret",
        required=False,
        max_length=500,
        help_text="Where the password stands: env:NAME or file:/absolute/path, read when the portal connects.",
    )
    environment = forms.ChoiceField(choices=Environment.choices, initial=Environment.DEVELOPMENT, required=False)
    tenant: forms.ModelChoiceField[Tenant] = forms.ModelChoiceField(queryset=None, to_field_name="name")
    tags = forms.CharField(required=False, max_length=500, help_text="Groups of databases, separated by commas.")
    owner = forms.CharField(required=False, max_length=120, help_text="Whom to ask about this database.")
    time_zone = forms.CharField(
        required=False,
        max_length=64,
        initial="UTC",
        help_text="The clock of the people who use it, like Europe/Vienna.",
    )
    max_parallel_runs = forms.IntegerField(
        label="Runs at once", required=False, min_value=1, max_value=1000, initial=1,
        help_text="At most this many runs at work on it.",
    )  # fmt: skip
    load_limit = forms.FloatField(
        label="Limit of load", required=False, min_value=0.1, max_value=100_000,
        help_text="Above it nothing starts, and runs wait between their steps: active sessions of others in Oracle and PostgreSQL,"
        " for a SQLite file the load of its machine. Empty: no limit.",
    )  # fmt: skip

    def __init__(
        self, data: Mapping[str, Any] | None = None, *args: Any, tenants: QuerySet[Tenant],
        target: Target | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if target is not None:
            kwargs["initial"] = {**_initial(target), **kwargs.get("initial", {})}
        super().__init__(data, *args, **kwargs)
        self.target = target
        self._refused: dict[str, str] = {}
        tenant: Any = self.fields["tenant"]
        tenant.queryset = self._tenants = tenants
        if target is not None and target.is_home:
            del self.fields["url"], self.fields["secret_reference"]
        if self.is_bound:
            self._take_out_passwords()

    def _take_out_passwords(self) -> None:
        """What must not be shown again leaves the data before anything is checked or drawn."""
        url, secret = self.add_prefix("url"), self.add_prefix("secret_reference")
        data: Any = self.data.copy() if hasattr(self.data, "copy") else dict(self.data)
        typed_url, typed_secret = str(data.get(url) or "").strip(), str(data.get(secret) or "").strip()
        if has_password(typed_url):
            data[url] = without_password(typed_url)
            self._refused["url"] = (
                "The address must not contain a password; give the secret separately. "
                "(An @ that belongs to a name is written %40.)"
            )
        if typed_secret:
            try:
                secrets.reference(typed_secret)
            except SecretRefused as refusal:
                data[secret] = ""
                self._refused["secret_reference"] = f"{str(refusal)[0].upper()}{str(refusal)[1:]}."
        self.data = data

    def clean_name(self) -> str:
        name = plain(self.cleaned_data["name"], "name")
        others = Target.objects.exclude(pk=self.target.pk) if self.target else Target.objects.all()
        # In Python, since not every database compares other letters than A to Z without their case.
        if name.casefold() in (other.casefold() for other in others.values_list("name", flat=True)):
            raise ValidationError(f"Another target is named {name}.")
        return name

    def clean_url(self) -> str:
        if "url" in self._refused:
            raise ValidationError(self._refused["url"])
        url = plain(self.cleaned_data["url"], "address")
        platform = platform_for(url)
        try:
            address = platform.address(url)
        except AddressRefused as refusal:
            raise ValidationError(str(refusal)) from None
        if self.target and self.target.url != address.url and self.target.runs.filter(status__in=OPEN).exists():
            raise ValidationError("A run on this database is open; wait until it has ended, or cancel it.")
        # Two names for one database would have two of its limits, and two runs of the same work at once.
        same = Target.objects.filter(platform=platform.name, url=address.url, tenant__in=self._tenants)
        if (other := (same.exclude(pk=self.target.pk) if self.target else same).first()) is not None:
            raise ValidationError(f"{other.name} is the database at this address.")
        self.cleaned_data["platform"] = platform.name
        return address.url

    def clean_secret_reference(self) -> str:
        if "secret_reference" in self._refused:
            raise ValidationError(self._refused["secret_reference"])
        return str(self.cleaned_data["secret_reference"])

    def clean_environment(self) -> str:
        return self.cleaned_data["environment"] or Environment.DEVELOPMENT.value

    def clean_tags(self) -> tuple[str, ...]:
        names: dict[str, str] = {}
        for part in plain(self.cleaned_data["tags"], "list of tags").split(","):
            name = part.strip()
            if len(name) > 60:
                raise ValidationError("A tag has at most 60 characters.")
            if name:
                names.setdefault(name.casefold(), name)
        return tuple(names.values())

    def clean_owner(self) -> str:
        return plain(self.cleaned_data["owner"], "owner")

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"] or "UTC")
        known_time_zone(zone)
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        platform = registry.platforms().get(cleaned.get("platform", ""))
        if platform is not None and not platform.takes_secret and cleaned.get("secret_reference"):
            self.add_error("secret_reference", f"{platform.label} takes no secret.")
        return cleaned

    @property
    def takes_secret(self) -> bool:
        """Whether the platform of a valid form knows secrets at all."""
        return registry.platforms()[self.cleaned_data["platform"]].takes_secret

    @property
    def needs_secret(self) -> bool:
        """Whether nobody signs in to the platform of a valid form without one."""
        return registry.platforms()[self.cleaned_data["platform"]].needs_secret

    def values(self, password: str = "") -> TargetValues:
        """What the person said. A `password` is encrypted here, and goes before a reference."""
        cleaned = self.cleaned_data
        home = self.target if self.target is not None and self.target.is_home else None
        return TargetValues(
            name=cleaned["name"],
            platform=home.platform if home else cleaned["platform"],
            url=home.url if home else cleaned["url"],
            tenant=cleaned["tenant"],
            secret=None if home else self._secret(password),
            environment=cleaned["environment"],
            tags=cleaned["tags"],
            owner=cleaned["owner"],
            time_zone=cleaned["time_zone"],
            max_parallel_runs=cleaned["max_parallel_runs"] or 1,
            load_limit=cleaned["load_limit"],
        )

    def _secret(self, password: str) -> str | None:
        """What to store. A secret kept in the portal stays with its address: it is not sent to another one."""
        if not self.takes_secret:
            return ""
        if password:
            return secrets.encrypt(password)
        if reference := self.cleaned_data["secret_reference"]:
            return str(reference)
        is_kept = self.target is not None and self.target.url == self.cleaned_data["url"]
        return None if is_kept and self.target and not _is_reference(self.target.secret) else ""


def platform_for(url: str) -> Platform:
    """The platform whose addresses begin like this one. Raises ValidationError, naming those that are known."""
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    for platform in registry.platforms().values():
        if scheme in platform.schemes:
            return platform
    known = " or ".join(platform.url_example for platform in registry.platforms().values())
    raise ValidationError(f"No platform knows this kind of address; write {known}.")


def _initial(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "url": target.url,
        "secret_reference": target.secret if _is_reference(target.secret) else "",
        "environment": target.environment,
        "tenant": target.tenant.name,
        "tags": ", ".join(target.tags.order_by("name").values_list("name", flat=True)),
        "owner": target.owner,
        "time_zone": target.time_zone,
        "max_parallel_runs": target.max_parallel_runs,
        "load_limit": target.load_limit,
    }


def _is_reference(stored: str) -> bool:
    """Not one that is encrypted, nor none."""
    return stored.startswith(("env:", "file:"))
