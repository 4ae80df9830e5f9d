"""Targets in use: registering and changing them, connecting with their secret, checking them, and stopping after a refused sign-in."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from strategies import account_rights, audit, implementations, queue, registry, secrets
from strategies.audit import PORTAL, Actor
from strategies.holding import holding
from strategies.models import (
    OPEN,
    AuditEntry,
    Finding,
    LogCollection,
    MaintenanceJob,
    Portal,
    RunStatus,
    Tag,
    Target,
    Tenant,
)
from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import (
    Address,
    AddressRefused,
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


class ChangedMeanwhile(ValueError):
    """Somebody else changed the target after the form was drawn; the text says who."""


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
    load_limit: float | None = None


# Of the options in DATABASE_URL, those that an address of PostgreSQL may carry beside the host.
_HOME_OPTIONS = ("sslmode", "sslrootcert", "target_session_attrs")
_COLUMNS = ("name", "platform", "url", "environment", "owner", "time_zone", "max_parallel_runs", "load_limit")


def register(actor: Actor, values: TargetValues, *, is_demo: bool = False) -> Target:
    """Add a target; nothing connects to it here. Raises NameTaken."""
    columns = {name: getattr(values, name) for name in _COLUMNS}
    try:
        with transaction.atomic():
            target = Target.objects.create(tenant=values.tenant, secret=values.secret or "", is_demo=is_demo, **columns)
            target.tags.set(_tags(actor, values.tags))
            audit.record(actor, "target.registered", target, after=_told(target))
    except IntegrityError:
        if Target.objects.filter(name=values.name).exists():
            raise NameTaken(f"another target is named {values.name}") from None
        raise
    return target


def change(actor: Actor, target: Target, values: TargetValues, *, drawn_from: str | None = None) -> None:
    """Change a target. Another address or secret forgets what was seen through the old one.

    `drawn_from` is the `version` that the person saw; None = whatever it is now. Raises NameTaken, TargetInUse, ChangedMeanwhile.
    """
    try:
        with transaction.atomic():
            stored = Target.objects.select_for_update().get(pk=target.pk)
            if drawn_from not in (None, version(stored)):
                raise ChangedMeanwhile(f"{_changed_by(stored)} changed {stored.name} while this form was open")
            _change(actor, stored, values)
    except IntegrityError:
        if Target.objects.filter(name=values.name).exclude(pk=target.pk).exists():
            raise NameTaken(f"another target is named {values.name}") from None
        raise
    target.refresh_from_db()


def _change(actor: Actor, target: Target, values: TargetValues) -> None:
    """`target` as it is stored, locked by this transaction."""
    moment = timezone.now()
    before, old_secret = {**_told(target), **holding(target, moment)}, target.secret
    has_moved = (target.platform, target.url) != (values.platform, values.url)
    without_plan = Q(
        status=RunStatus.PLANNED, planned_at=None, planning_at=None
    )  # those are planned for the new address
    if has_moved and target.runs.filter(status__in=OPEN).exclude(without_plan).exists():
        raise TargetInUse("a run on this database is open; wait until it has ended, or cancel it")
    for name in _COLUMNS:
        setattr(target, name, getattr(values, name))
    target.tenant = values.tenant
    target.secret = old_secret if values.secret is None else values.secret
    fields = [*_COLUMNS, "tenant", "secret"]
    if has_moved or old_secret != target.secret:
        target.checked_at, target.check_error, target.facts, target.missing_rights = None, "", None, []
        target.check_started_at = None  # one under way goes through the old ones: another is to take it up
        fields += ["checked_at", "check_error", "facts", "missing_rights", "check_started_at"]
    if has_moved:
        target.moved_at = moment
        fields.append("moved_at")
        Finding.objects.current().filter(target=target).update(gone_at=target.moved_at)
    target.save(update_fields=fields)
    target.tags.set(_tags(actor, values.tags))
    after = {**_told(target), **holding(target, moment)}
    if old_secret != target.secret and before["secret"] == after["secret"]:
        after["secret"] += " (another)"
    if before != after:
        audit.record(actor, "target.changed", target, before=before, after=after)


def version(target: Target) -> str:
    """A keyed digest of what `change` may change: the same as long as nobody did, and telling nothing of the secret."""
    values = [getattr(target, name) for name in (*_COLUMNS, "tenant_id", "secret")]
    text = json.dumps([*values, sorted(target.tags.values_list("pk", flat=True))])
    return salted_hmac("version of a target", text, algorithm="sha256").hexdigest()


def _changed_by(target: Target) -> str:
    """Who changed it last, as the audit has it."""
    entries = AuditEntry.objects.filter(object_type="Target", object_id=str(target.pk), action="target.changed")
    last = entries.order_by("-pk").values_list("actor", flat=True).first()
    return last or "Somebody"


def switch(actor: Actor, target: Target, *, on: bool, reason: str) -> bool:
    """Let new work start on a target, or no more; what runs goes on. False = it was so already."""
    with transaction.atomic():
        won = Target.objects.filter(pk=target.pk, is_active=not on).update(is_active=on) == 1
        if won:
            audit.record(actor, f"target.switched_{'on' if on else 'off'}", target, reason=reason)
    target.refresh_from_db(fields=["is_active"])
    return won


def _tags(actor: Actor, names: tuple[str, ...]) -> list[Tag]:
    """The tags of these names, made where they are missing; `finance` and `Finance` are one tag."""
    known = {tag.name.casefold(): tag for tag in Tag.objects.all()}
    return [known.get(name.casefold()) or _made_tag(actor, name) for name in names]


def _made_tag(actor: Actor, name: str) -> Tag:
    tag, is_new = Tag.objects.get_or_create(name=name)
    if is_new:
        audit.record(actor, "tag.added", tag)
    return tag


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
    product = own["ENGINE"].rsplit(".", 1)[1]
    if product == "sqlite3":
        return f"sqlite:///{quote(str(Path(own['NAME']).absolute()))}"
    if product == "oracle":  # of hosts, wallet and what was bought Django's entry has only what the driver takes
        return str(settings.PORTAL_HOME_URL)
    user = f"{quote(own['USER'], safe='')}@" if own.get("USER") else ""
    given = own.get("OPTIONS") or {}
    host = str(own.get("HOST") or given.get("host") or _host_in_use())
    options = {name: str(given[name]) for name in _HOME_OPTIONS if name in given}
    if host.startswith("/"):
        host, options["host"] = "", host
    place = f"[{host}]" if ":" in host else quote(host, safe="")
    port = f":{own['PORT']}" if own.get("PORT") else ""
    query = f"?{urlencode(options, safe='/')}" if options else ""
    return f"{product}://{user}{place}{port}/{quote(own['NAME'], safe='')}{query}"


def _host_in_use() -> str:
    """Where no host is set, libpq decides (a socket's folder, PGHOST): our own connection knows."""
    connection.ensure_connection()
    return str(connection.connection.info.host)


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
    if target.is_home:
        opened.longest_hold_seconds = settings.PORTAL_LEASE_SECONDS / 2
    with opened:
        yield opened


def _secret(target: Target) -> str | None:
    if target.is_home:
        return _home_secret(settings.DATABASES["default"])
    try:
        return secrets.resolve(target.secret)
    except SecretMissing as missing:
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "secret", str(missing))) from None


def _home_secret(own: dict[str, Any]) -> str | None:
    """In the form of a target's: the wallet's own password is the second line."""
    of_wallet = (own.get("OPTIONS") or {}).get("wallet_password")
    return "\n".join(filter(None, (own.get("PASSWORD"), of_wallet))) or None


def stop(target: Target, why: str) -> None:
    """After a refused sign-in: nothing connects to this target by itself any more, since accounts get locked."""
    with transaction.atomic():
        if _as_reached(target).filter(stopped_at=None).update(stopped_at=timezone.now(), stopped_why=why[:2000]):
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
            missing = account_rights.missing(platform_of(target), opened)
    except PlatformError as refusal:
        keep_check_error(target, str(refusal.error), moment)
        return False
    except Exception as bug:
        keep_check_error(target, f"The portal itself failed: {type(bug).__name__}.", moment)
        raise
    before = implementations.packages_in(target).keys()
    _keep_check(target, moment, check_error="", facts=facts.as_json(), missing_rights=missing)
    _meet_news(target, moment, facts.packages.keys() - before)
    return True


def _meet_news(target: Target, moment: datetime, appeared: Collection[str]) -> None:
    """Jobs that lacked a package which is there now are read again, and a log of the database's own is collected from now on."""
    if appeared:
        at = Q(target=target) | Q(target__isnull=True) if target.is_home else Q(target=target)
        jobs = MaintenanceJob.objects.filter(at, strategy__in=list(appeared), quarantined_at__isnull=False)
        jobs.update(is_settled=False)
    if (target.facts or {}).get("has_own_log") and not target.is_home:
        LogCollection.objects.get_or_create(target=target, defaults={"next_at": moment})


def keep_check_error(target: Target, error: str, moment: datetime) -> None:
    """The check ended without facts; those of an earlier one stay."""
    _keep_check(target, moment, check_error=error[:2000])


def _keep_check(target: Target, moment: datetime, **seen: Any) -> None:
    """The answer of a check that began at this moment, unless a later one has answered while it was under way."""
    _as_reached(target).filter(Q(checked_at=None) | Q(checked_at__lte=moment)).update(checked_at=moment, **seen)
    target.refresh_from_db()


def _as_reached(target: Target) -> QuerySet[Target]:
    """The target, as long as its address and secret are those that were used: nothing seen through others is kept."""
    return Target.objects.filter(pk=target.pk, platform=target.platform, url=target.url, secret=target.secret)
