"""Targets in use: registering and changing them, connecting with their secret, checking them, and stopping after a refused sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from strategies import audit, queue, registry, secrets
from strategies.audit import PORTAL, Actor
from strategies.models import OPEN, Portal, Tag, Target, Tenant
from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import (
    Address,
    AddressRefused,
    NotSupported,
    Platform,
    PlatformError,
    Session,
    SessionTag,
)
from strategies.secrets import SecretMissing


class NameTaken(ValueError):
    """Another target has this name."""


class TargetInUse(ValueError):
    """The address stays while a run is open: its plan was made for the database that the address names now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetValues:
    """What a person says of a target, checked by the form. `secret` is as stored, never clear; None = as it is."""

    name: str
    platform: str
    url: str
    tenant: Tenant
    secret: str | None = None
    environment: str = "development"
    tags: tuple[str, ...] = ()
    owner: str = ""
    time_zone: str = "UTC"
    max_parallel_runs: int = 1


_COLUMNS = ("name", "platform", "url", "environment", "owner", "time_zone", "max_parallel_runs")


def register(actor: Actor, values: TargetValues, *, is_demo: bool = False) -> Target:
    """Add a target; nothing connects to it here. Raises NameTaken."""
    columns = {name: getattr(values, name) for name in _COLUMNS}
    try:
        with transaction.atomic():
            target = Target.objects.create(tenant=values.tenant, secret=values.secret or "", is_demo=is_demo, **columns)
            target.tags.set(_tags(values.tags))
            audit.record(actor, "target.registered", target, after=_told(target))
    except IntegrityError:
        if Target.objects.filter(name=values.name).exists():
            raise NameTaken(f"another target is named {values.name}") from None
        raise
    return target


def change(actor: Actor, target: Target, values: TargetValues) -> None:
    """Change a target. Another address or secret forgets what was seen through the old one. Raises NameTaken, TargetInUse."""
    old = Target.objects.get(pk=target.pk)
    before = _told(old)
    for name in _COLUMNS:
        setattr(old, name, getattr(values, name))
    old.tenant = values.tenant
    old.secret = old.secret if values.secret is None else values.secret
    try:
        with transaction.atomic():
            _change(actor, old, before, values)
    except IntegrityError:
        if Target.objects.filter(name=values.name).exclude(pk=target.pk).exists():
            raise NameTaken(f"another target is named {values.name}") from None
        raise
    target.refresh_from_db()


def _change(actor: Actor, target: Target, before: dict[str, Any], values: TargetValues) -> None:
    stored = Target.objects.select_for_update().get(pk=target.pk)
    has_moved = (stored.platform, stored.url) != (target.platform, target.url)
    if has_moved and target.runs.filter(status__in=OPEN).exists():
        raise TargetInUse("a run on this database is open; wait until it has ended, or cancel it")
    fields = [*_COLUMNS, "tenant", "secret"]
    if has_moved or stored.secret != target.secret:
        target.checked_at, target.check_error, target.facts, target.missing_rights = None, "", None, []
        fields += ["checked_at", "check_error", "facts", "missing_rights"]
    target.save(update_fields=fields)
    target.tags.set(_tags(values.tags))
    after = _told(target)
    if stored.secret != target.secret and before["secret"] == after["secret"]:
        after["secret"] += " (another)"
    if before != after:
        audit.record(actor, "target.changed", target, before=before, after=after)


def switch(actor: Actor, target: Target, *, on: bool, reason: str) -> bool:
    """Let new work start on a target, or no more; what runs goes on. False = it was so already."""
    with transaction.atomic():
        won = Target.objects.filter(pk=target.pk, is_active=not on).update(is_active=on) == 1
        if won:
            audit.record(actor, f"target.switched_{'on' if on else 'off'}", target, reason=reason)
    target.refresh_from_db(fields=["is_active"])
    return won


def _tags(names: tuple[str, ...]) -> list[Tag]:
    """The tags of these names, made where they are missing; `finance` and `Finance` are one tag."""
    known = {tag.name.casefold(): tag for tag in Tag.objects.all()}
    return [known.get(name.casefold()) or Tag.objects.get_or_create(name=name)[0] for name in names]


def _told(target: Target) -> dict[str, Any]:
    """What the audit keeps of a target: where its secret is, never the secret."""
    return {
        **{name: getattr(target, name) for name in _COLUMNS},
        "tenant": target.tenant.name,
        "tags": sorted(tag.name for tag in target.tags.all()),
        "secret": secrets.describe(target.secret),
    }


def platform_of(target: Target) -> Platform:
    """Raises PlatformError for a platform this version of the portal does not know."""
    try:
        return registry.platforms()[target.platform]
    except KeyError:
        raise PlatformError(
            TargetError(ErrorClass.PERMANENT, "", f"This version of the portal has no platform {target.platform}.")
        ) from None


def tag(purpose: str, run: int | None = None) -> SessionTag:
    """What the sessions of this installation carry."""
    return SessionTag(Portal.objects.values_list("identity", flat=True).get(pk=1), purpose, run)


def address_of(target: Target) -> Address:
    """Raises PlatformError where the stored address is no longer one."""
    try:
        return platform_of(target).address(home_url() if target.is_home else target.url)
    except AddressRefused as refusal:
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "address", str(refusal))) from None


def home_url() -> str:
    """The portal's own database as a target's address, without its password."""
    own: dict[str, Any] = settings.DATABASES["default"]
    if own["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{own['NAME']}"
    place = f"{own['USER']}@{own['HOST'] or 'localhost'}" + (f":{own['PORT']}" if own["PORT"] else "")
    return f"{own['ENGINE'].rsplit('.', 1)[1]}://{place}/{own['NAME']}"


@contextmanager
def session(target: Target, purpose: str, run: int | None = None) -> Iterator[Session]:
    """A tagged session. Raises PlatformError; a refused sign-in also stops the target until a person clears it."""
    platform = platform_of(target)
    address = address_of(target)
    if target.stopped_at is not None:
        raise PlatformError(TargetError(ErrorClass.AUTHENTICATION, "stopped", target.stopped_why))
    try:
        opened = platform.connect(address, _secret(target), tag(purpose, run))
    except PlatformError as refusal:
        if refusal.error.error_class is ErrorClass.AUTHENTICATION:
            stop(target, str(refusal.error))
        raise
    with opened:
        yield opened


def _secret(target: Target) -> str | None:
    if target.is_home:
        return settings.DATABASES["default"].get("PASSWORD") or None
    try:
        return secrets.resolve(target.secret)
    except SecretMissing as missing:
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "secret", str(missing))) from None


def stop(target: Target, why: str) -> None:
    """After a refused sign-in: nothing connects to this target by itself any more, since accounts get locked."""
    with transaction.atomic():
        if Target.objects.filter(pk=target.pk, stopped_at__isnull=True).update(
            stopped_at=timezone.now(), stopped_why=why[:2000]
        ):
            audit.record(PORTAL, "target.stopped", target, reason=why)
    target.refresh_from_db(fields=["stopped_at", "stopped_why"])


def ask_check(target: Target, actor: Actor, moment: datetime, *, wake: bool = True) -> None:
    """Have the target looked at soon. A person who asks also clears the stop after a refused sign-in: that is the retry.

    With `wake` a worker looks; without, the caller does, who takes the check up in the same transaction.
    """
    with transaction.atomic():
        if target.stopped_at is not None and actor != PORTAL:
            audit.record(actor, "target.stop_cleared", target, before={"stopped_why": target.stopped_why})
            Target.objects.filter(pk=target.pk).update(stopped_at=None, stopped_why="")
        if actor != PORTAL:
            audit.record(actor, "target.check_asked", target)
        Target.objects.filter(pk=target.pk).update(check_asked_at=moment, check_woken_at=moment)
        if wake:
            queue.enqueue("check_target", target.pk)


def check(target: Target, moment: datetime) -> bool:
    """Connect, and keep what the target says: facts and missing rights, or the error. True = it could be reached."""
    try:
        with session(target, "check") as opened:
            facts = opened.facts()
            missing = _missing_rights(target, opened)
    except PlatformError as refusal:
        keep_check_error(target, str(refusal.error), moment)
        return False
    except Exception as bug:
        keep_check_error(target, f"The portal itself failed: {type(bug).__name__}.", moment)
        raise
    Target.objects.filter(pk=target.pk).update(
        checked_at=moment, check_error="", facts=facts.as_json(), missing_rights=missing
    )
    target.refresh_from_db()
    return True


def keep_check_error(target: Target, error: str, moment: datetime) -> None:
    """The check ended without facts; those of an earlier one stay."""
    Target.objects.filter(pk=target.pk).update(checked_at=moment, check_error=error[:2000])
    target.refresh_from_db()


def _missing_rights(target: Target, opened: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, routine in registry.routines().items():
        try:
            concern = registry.concern(target.platform, name)
        except NotSupported:
            continue
        found += [
            {**right.as_json(), "strategy": name}
            for right in concern.missing_rights(opened, routine.read_parameters({}))
        ]
    return found
