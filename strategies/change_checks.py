"""What a change of a window, a calendar, an entry, a rule or a channel is held to: its name, times, owner, no change meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, models, transaction
from django.utils.crypto import salted_hmac

from strategies.models import ApprovalRule, Calendar, CalendarEntry, MaintenanceWindow, Role, User
from strategies.models.scoped import Scoped
from strategies.models.window import Recurring
from strategies.occurrences import RuleRefused
from strategies.reach import Reach
from strategies.refused import Refused

_RECURRING = ("starts", "minutes", "time_zone", "rule")
SCOPE = ("target_id", "tag_id", "environment", "tenant_id")
# The columns that people change.
CHANGED: Mapping[type, Sequence[str]] = {
    MaintenanceWindow: (
        "name", "is_active", *_RECURRING, "capacity", "owner", "extended_by", "extend_minutes", "grace_minutes", *SCOPE,
    ),
    Calendar: ("name", "kind", "is_active", "owner"),
    CalendarEntry: ("name", *_RECURRING, "is_whole_days", "reason", "left_out", "added"),
    ApprovalRule: ("name", "strategy_name", "from_score", "levels", "is_active", *SCOPE),
}  # fmt: skip
CHANGE = "may change it"
R = TypeVar("R", bound=models.Model)


class Named(Protocol):
    """A row of which there is one of each name."""

    pk: Any
    name: str


class ChangedMeanwhile(Refused):
    """The row is no longer what the form was drawn from."""

    def __init__(self) -> None:
        super().__init__("Somebody has changed this meanwhile; open it anew to see it as it is now.")


def version(row: models.Model, columns: Sequence[str] = ()) -> str:
    """A digest of what people may change of it: the same as long as nobody did. `columns`: where `CHANGED` has none of it."""
    values: list[Any] = [getattr(row, name) for name in columns or CHANGED[type(row)]]
    if isinstance(row, Calendar):
        values.append(sorted(map(repr, (scope.where for scope in row.scopes.all()))))
    return salted_hmac(
        "version of a calendar's row", json.dumps(values, sort_keys=True), algorithm="sha256"
    ).hexdigest()


def stored_row(row: R, drawn_from: str, columns: Sequence[str] = ()) -> R | None:
    """The row as it is kept, locked; None = it is new. Raises ChangedMeanwhile where it is not what the person saw."""
    if row.pk is None:
        return None
    try:
        stored: R = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    except ObjectDoesNotExist:
        raise ChangedMeanwhile from None
    if drawn_from != version(stored, columns):
        raise ChangedMeanwhile
    return stored


def judge_name(row: Named, kind: str) -> None:
    """Raises Refused where it has none, or one that another `kind` has."""
    if not row.name.strip():
        raise Refused(f"Give the {kind} a name.", "name")
    _refuse_second(row, kind)


@contextmanager
def of_this_name(row: Named, kind: str) -> Iterator[None]:
    """Somebody may keep another of this name between our look and our row. Raises Refused."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        _refuse_second(row, kind)
        raise


def _refuse_second(row: Named, kind: str) -> None:
    # In Python, since not every database compares other letters than A to Z without their case.
    kept: Any = type(row)
    others = kept.objects.exclude(pk=row.pk).values_list("name", flat=True)
    if row.name.casefold() in (other.casefold() for other in others):
        raise Refused(f"Another {kind} is named {row.name}.", "name")


def judge_times(row: Recurring) -> None:
    """Raises Refused where nobody could tell when it is."""
    try:
        row.read()
    except RuleRefused as refusal:
        raise Refused(str(refusal), refusal.field) from None


def judge_range(row: MaintenanceWindow, name: str, least: int, most: int) -> None:
    """Raises Refused where that number is out of its bounds; none is none."""
    value = getattr(row, name)
    if value is not None and not least <= value <= most:
        raise Refused(f"This is a number from {least} to {most:,}.", name)


def judge_owner(user: User, name: str) -> None:
    """Somebody answers for it, and is there: a person with a role, of whom who writes this down sees something. Raises Refused."""
    person = User.objects.filter(username=name, is_active=True).first()
    is_known = person is not None and (person.is_superuser or bool(person.roles))
    if person is None or not is_known or not (user.has_every_tenant or _share_a_tenant(user, person)):
        raise Refused(f"No person with a role is named {name or 'so'}.", "owner")


def _share_a_tenant(user: User, person: User) -> bool:
    return person == user or person.tenants.filter(pk__in=user.tenants.all()).exists()


def judge_reach(user: User, *scopes: Scoped) -> None:
    """Raises Refused for who has no hand in all of these."""
    if not user.has_role(Role.DBA):
        raise Refused("Only a DBA may change this.")
    reach = Reach.of(user)
    for scope in scopes:
        if refusal := reach.refusal(scope, CHANGE):
            raise Refused(refusal, "scope" if isinstance(scope, MaintenanceWindow) else "scopes")
