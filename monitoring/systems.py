"""Systems are kept and switched, and status pages made and revoked: by whoever may, and on record."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from monitoring import announcements, plain_language, subscriptions
from monitoring.models import MOST_AHEAD_HOURS, MOST_REMINDER_MINUTES, StatusPage, System
from strategies import audit, registry
from strategies.audit import Actor
from strategies.change_checks import stored_row, version
from strategies.models import OPERATES, Target, Tenant, User
from strategies.refused import Refused

COLUMNS = ("name", "tenant_id", "notice", "strategies", "ahead_hours", "reminder_minutes", "time_zone", "changes")
MOST_PAGES = 50  # of one tenant
_OURSELVES = {"localhost", "127.0.0.1", "::1"}
LONGEST = timedelta(days=730)  # until a link to a status page expires


def refusal(user: User, tenant: int) -> str:
    """Why this person may not change what is of a tenant, as a sentence; empty = they may."""
    if not user.has_role(*OPERATES):
        return "Only a DBA may change this."
    return "" if user.is_of(tenant) else "It is of a tenant that is not yours."


def _judge(user: User, *tenants: int) -> None:
    for tenant in tenants:
        if why := refusal(user, tenant):
            raise Refused(why, "tenant")


def keep_system(actor: Actor, user: User, row: System, targets: Collection[Target], *, drawn_from: str = "") -> bool:
    """Keep a new system, or what was changed of one. False = it is as it was. Raises Refused."""
    with transaction.atomic():
        stored = stored_row(row, drawn_from, COLUMNS)
        _judge(user, row.tenant_id, *([stored.tenant_id] if stored is not None else ()))
        if stored is not None and stored.tenant_id != row.tenant_id:
            raise Refused("A system stays with its tenant: its subscribers are people of that one.", "tenant")
        for field, why in faults(row, targets):
            raise Refused(why, field)
        before = told_of_system(stored, stored.targets.all()) if stored is not None else None
        after = told_of_system(row, targets)
        if before == after:
            return False
        row.changed_by, row.changes = actor.name, row.changes + 1
        try:
            with transaction.atomic():
                row.save(update_fields=[*COLUMNS, "changed_by", "changed_at"] if stored is not None else None)
        except IntegrityError:
            raise Refused(f"{row.tenant} has a system of this name already.", "name") from None
        row.targets.set(targets)
        audit.record(
            actor, "system.added" if stored is None else "system.changed", row, before=before, after=after,
            target=next(iter(targets), None),
        )  # fmt: skip
    return True


def faults(row: System, targets: Collection[Target]) -> list[tuple[str, str]]:
    """Each field that is wrong, and why."""
    found = [] if row.name.strip() else [("name", "Give the system a name.")]
    for field, text, instead in (
        ("name", row.name, "what people call it"),
        ("notice", row.notice, "what its users notice"),
    ):
        if why := plain_language.fault(text):
            found.append((field, f"{why}. Stakeholders read this: write {instead}."))
        elif host := _host_in(text, targets):
            found.append((field, f"“{host}” is the name of a machine. Stakeholders read this: write {instead}."))
    if not targets:
        found.append(("targets", "Choose at least one database: of what else could be told?"))
    if any(target.tenant_id != row.tenant_id for target in targets):
        found.append(("targets", "All databases of a system are of its tenant."))
    if unknown := sorted(set(row.strategies) - registry.routines().keys()):
        found.append(("strategies", f"There is no strategy {unknown[0]}."))
    if not 1 <= row.ahead_hours <= MOST_AHEAD_HOURS:
        found.append(("ahead_hours", f"From 1 to {MOST_AHEAD_HOURS} hours."))
    if not 0 <= row.reminder_minutes <= MOST_REMINDER_MINUTES:
        found.append(("reminder_minutes", f"From 0 to {MOST_REMINDER_MINUTES:,} minutes."))
    if row.time_zone not in zoneinfo.available_timezones():
        found.append(("time_zone", "This is no IANA time zone; write one like Europe/Vienna or UTC."))
    return found


def _host_in(text: str, targets: Iterable[Target]) -> str:
    """The machine of one of these databases that the text names, by its whole name or by the first part of it; empty = none."""
    words = {word.casefold() for word in re.findall(r"[\w.-]+", text.replace("/", " "))}
    words |= {word.strip(".-") for word in words} | {word.removesuffix("s") for word in words}
    for target in targets:
        try:
            host = (urlsplit(target.url).hostname or "").casefold()
        except ValueError:
            continue
        if host and host not in _OURSELVES and {host, host.partition(".")[0]} & words:
            return host.partition(".")[0]
    return ""


def told_of_system(row: System, targets: Iterable[Target]) -> dict[str, Any]:
    """What the audit keeps of a system."""
    return {
        "name": row.name, "tenant": row.tenant.name, "databases": sorted(target.name for target in targets), "notice": row.notice,
        "strategies": sorted(row.strategies), "ahead_hours": row.ahead_hours, "reminder_minutes": row.reminder_minutes,
        "time_zone": row.time_zone,
    }  # fmt: skip


def version_of(row: System) -> str:
    """A digest of a system as people may change it."""
    return version(row, COLUMNS)


def switch_system(actor: Actor, user: User, row: System, moment: datetime, *, is_active: bool) -> bool:
    """Off: what was announced is told no further, and its subscribers hear that. False = it is so already. Raises Refused."""
    _judge(user, row.tenant_id)
    with transaction.atomic():
        rows = System.objects.filter(pk=row.pk, is_active=not is_active)
        won = rows.update(is_active=is_active, look_at=moment) == 1
        if won:
            audit.record(
                actor, "system.switched_on" if is_active else "system.switched_off", row, target=subscriptions.place_of(row)
            )  # fmt: skip
            if not is_active:
                announcements.withdraw(actor, row, moment)
    return won


def remove_system(actor: Actor, user: User, row: System) -> None:
    """With its subscriptions and what was announced of it. Raises Refused while it is on: whoever was told hears of an end first."""
    _judge(user, row.tenant_id)
    with transaction.atomic():
        stored = next(iter(System.objects.select_for_update().filter(pk=row.pk)), None)
        if stored is None or stored.is_active:
            raise Refused("Switch it off first: whoever was told of a maintenance hears then that no more follows.")
        audit.record(
            actor,
            "system.removed",
            row,
            before=told_of_system(row, row.targets.all()),
            target=subscriptions.place_of(row),
        )
        stored.delete()


def make_page(actor: Actor, user: User, tenant: Tenant, name: str, days: int, moment: datetime) -> StatusPage:
    """A secret link to the state of the systems of a tenant. Raises Refused."""
    _judge(user, tenant.pk)
    if not name.strip():
        raise Refused("Say for whom it is.", "name")
    if not timedelta(days=1) <= timedelta(days=min(days, 10_000)) <= LONGEST:
        raise Refused(f"From 1 to {LONGEST.days} days.", "days")
    with transaction.atomic():
        if StatusPage.objects.filter(tenant=tenant, revoked_at=None, expires_at__gt=moment).count() >= MOST_PAGES:
            raise Refused(f"There are {MOST_PAGES} already; revoke one that nobody reads.")
        page = StatusPage.objects.create(
            tenant=tenant,
            name=name.strip(),
            made_by=actor.name,
            made_at=moment,
            expires_at=moment + timedelta(days=days),
        )
        after = {"name": page.name, "tenant": tenant.name, "expires_at": page.expires_at.isoformat()}
        audit.record(actor, "status_page.made", page, after=after, target=Target.objects.filter(tenant=tenant).first())
    return page


def revoke_page(actor: Actor, user: User, page: StatusPage, moment: datetime) -> bool:
    """Nobody reads it any more. False = it was revoked already. Raises Refused."""
    _judge(user, page.tenant_id)
    with transaction.atomic():
        won = StatusPage.objects.filter(pk=page.pk, revoked_at=None).update(revoked_at=moment) == 1
        if won:
            before = {"name": page.name, "tenant": page.tenant.name}
            target = Target.objects.filter(tenant=page.tenant_id).first()
            audit.record(actor, "status_page.revoked", page, before=before, target=target)
    return won


def strategy_choices() -> Sequence[tuple[str, str]]:
    """What may be told of, by name and title."""
    return [(name, routine.title) for name, routine in registry.routines().items()]
