"""How long the operation log is kept, and which strategies write rows of their own into it; every change is audited.

The switches silence rows that strategies write themselves (`operation_log.log_operation`, SQL, PL/SQL). What the portal's
runs write is their checkpoint and their proof: no switch reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from strategies import audit
from strategies.audit import Actor
from strategies.models import LogPolicy

ALL = ""  # the name of the row that holds for every strategy
SHORTEST_DAYS, LONGEST_DAYS = 1, 3650
LONGEST_NAME = 50


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one strategy; `has_own` where it has a row of its own.

    It writes rows of its own where its switch (`is_switched_on`) and that of all are on (`is_enabled`).
    """

    strategy: str
    retention_days: int
    is_enabled: bool
    is_switched_on: bool
    has_own: bool


def set_logging_enabled(actor: Actor, enabled: bool) -> bool:
    """Let strategies write rows of their own, or none of them; whether that changed anything."""
    return _change(actor, ALL, is_enabled=enabled)


def is_logging_enabled() -> bool:
    return _general().is_enabled


def set_strategy_logging(actor: Actor, strategy_name: str, enabled: bool) -> bool:
    """The same for one strategy. Switched on, it still writes nothing while all are switched off. Raises ValueError."""
    return _change(actor, _named(strategy_name), is_enabled=enabled)


def is_strategy_logging_enabled(strategy_name: str) -> bool:
    """Whether a row that this strategy writes itself is kept; one query."""
    rows = LogPolicy.objects.filter(Q(strategy_name=ALL) | Q(strategy_name=strategy_name))
    return all(rows.values_list("is_enabled", flat=True))


def set_log_retention_days(actor: Actor, days: int, strategy_name: str = ALL) -> bool:
    """Keep the rows of all strategies, or of one, for so many days; whether that changed anything. Raises ValueError."""
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise ValueError(f"{days:,} days are not between {SHORTEST_DAYS:,} and {LONGEST_DAYS:,}.")
    return _change(actor, _named(strategy_name) if strategy_name else ALL, retention_days=days)


def get_log_retention_days(strategy_name: str = ALL) -> int:
    """For how many days the rows of this strategy are kept; of those that have no row of their own, without a name."""
    return policies([strategy_name])[0].retention_days


def follow_all(actor: Actor, strategy_name: str) -> bool:
    """Take away a strategy's own row, so that it is kept and switched as all others; False = it had none."""
    with transaction.atomic():
        row = _locked(_named(strategy_name))
        if row is None:
            return False
        before = {"retention_days": row.retention_days, "is_enabled": row.is_enabled}
        audit.record(actor, "log.policy_dropped", row, before=before)
        row.delete()
    return True


def policies(strategies: Iterable[str]) -> list[Policy]:
    """What holds for each of these, in their order; one query."""
    rows = {row.strategy_name or ALL: row for row in LogPolicy.objects.all()}
    general = rows.get(ALL) or LogPolicy()
    found = []
    for name in strategies:
        own = rows.get(name) if name else None
        chosen = own or general
        is_on = chosen.is_enabled if own or not name else True
        days = max(SHORTEST_DAYS, chosen.retention_days)
        found.append(Policy(name, days, general.is_enabled and is_on, is_on, own is not None))
    return found


def own_names() -> list[str]:
    """Strategies that have a row of their own."""
    return sorted(LogPolicy.objects.exclude(strategy_name=ALL).values_list("strategy_name", flat=True))


def general_row() -> LogPolicy:
    """The row that holds for every strategy; made where there is none. What is done to the whole log is audited under it."""
    return LogPolicy.objects.get_or_create(strategy_name=ALL)[0]


def _general() -> LogPolicy:
    return LogPolicy.objects.filter(strategy_name=ALL).first() or LogPolicy()


def _named(strategy_name: str) -> str:
    name = strategy_name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise ValueError(f"A strategy's name has 1 to {LONGEST_NAME} characters.")
    return name


def _locked(strategy: str) -> LogPolicy | None:
    """Its own row. Not by `first`: Oracle locks no part of a query's rows, and there is one at most."""
    return next(iter(LogPolicy.objects.select_for_update().filter(strategy_name=strategy)), None)


def _change(actor: Actor, strategy: str, *, retention_days: int | None = None, is_enabled: bool | None = None) -> bool:
    """A strategy's own row begins as the general one is, so that a change of one value changes no other."""
    with transaction.atomic():
        general = general_row()
        row = _locked(strategy)
        is_new = row is None
        if row is None:
            if is_enabled is True:
                return False  # it writes already, as far as all do
            row = LogPolicy.objects.create(strategy_name=strategy, retention_days=general.retention_days)
        if retention_days is not None and (is_new or retention_days != row.retention_days):
            before = None if is_new else {"retention_days": row.retention_days}
            LogPolicy.objects.filter(pk=row.pk).update(retention_days=retention_days)
            audit.record(actor, "log.retention_changed", row, before=before, after={"retention_days": retention_days})
            return True
        if is_enabled is not None and is_enabled != row.is_enabled:
            LogPolicy.objects.filter(pk=row.pk).update(is_enabled=is_enabled)
            audit.record(actor, "log.switched_on" if is_enabled else "log.switched_off", row)
            return True
    return False
