"""Targets in use: connecting with their secret, checking what they are, and stopping after a refused sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from strategies import audit, queue, registry, secrets
from strategies.audit import PORTAL, Actor
from strategies.models import Portal, Target
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


def ask_check(target: Target, actor: Actor, moment: datetime) -> None:
    """Have the target looked at soon. A person who asks also clears the stop after a refused sign-in: that is the retry."""
    with transaction.atomic():
        if target.stopped_at is not None and actor != PORTAL:
            audit.record(actor, "target.stop_cleared", target, before={"stopped_why": target.stopped_why})
            Target.objects.filter(pk=target.pk).update(stopped_at=None, stopped_why="")
        if actor != PORTAL:
            audit.record(actor, "target.check_asked", target)
        Target.objects.filter(pk=target.pk).update(check_asked_at=moment, check_woken_at=moment)
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
