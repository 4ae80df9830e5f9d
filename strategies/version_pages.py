"""What pages show of kept versions: where each is deployed, what another is compared with, and where it can be brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max

from strategies import registry
from strategies.models import Assessment, Deployment, Finding, StrategyVersion, Target, User
from strategies.platforms.base import EVERYTHING
from strategies.platforms.registered_rows import STRATEGIES
from strategies.routines.strategy_deployment import ROUTINE


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: StrategyVersion
    places: list[Deployment] = field(default_factory=list)  # where it is now


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version is, and what the last look there found of it: how many things differ, None = nobody has looked since.

    `is_apart`: it is for a database of another tenant, which looks at all that is deployed leave out.
    """

    deployment: Deployment
    looked_at: datetime | None = None
    differ: int | None = None
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a version can be brought: its rows to home, for one of `places`; its package to one of `for_package`."""

    home: Target | None
    places: list[Target]
    for_package: list[Target]


def sees_home(user: User) -> bool:
    """Who sees the portal's own database: its versions are deployed there."""
    return Target.objects.visible_to(user).filter(is_home=True).exists()


def versions_of(strategy: str, user: User) -> list[VersionRow]:
    """The newest first."""
    rows = StrategyVersion.objects.visible_to(user).filter(strategy_name=strategy)
    found = {row.number: VersionRow(row) for row in rows.defer("definition", "files", "registration")}
    for place in standing(strategy, user) if found else ():
        if place.number in found:
            found[place.number].places.append(place)
    return list(found.values())


def standing(strategy: str, user: User) -> list[Deployment]:
    """Where it is known to be, newest first."""
    rows = Deployment.objects.visible_to(user).filter(strategy_name=strategy).standing()
    return list(rows.select_related("target", "place").defer("target__facts", "place__facts").order_by("-pk"))


def places_of(version: StrategyVersion, user: User) -> list[Place]:
    """Where a version is now, newest first. The same few queries, wherever it is."""
    rows = [row for row in standing(version.strategy_name, user) if row.number == version.number]
    on = {row.target_id for row in rows}
    looks = Assessment.objects.answered().of_this_database().filter(target__in=on, strategy_name=ROUTINE.name)
    whole = looks.filter(target_object__in=EVERYTHING).order_by().values_list("target")
    looked = dict(whole.annotate(last=Max("started_at")))
    current = Finding.objects.current().filter(target__in=on, strategy_name=ROUTINE.name)
    found = list(current.values_list("target", "evidence"))
    return [_place(version, row, looked.get(row.target_id), found) for row in rows]


def _place(
    version: StrategyVersion, row: Deployment, looked_at: datetime | None, found: Sequence[tuple[int, Any]]
) -> Place:  # fmt: skip
    if row.place.tenant_id != row.target.tenant_id:
        return Place(row, is_apart=True)
    if looked_at is None or looked_at < row.at:
        return Place(row)
    here = (evidence for target, evidence in found if target == row.target_id)
    return Place(row, looked_at, sum(_is_of(evidence, version, row.place) for evidence in here))


def _is_of(evidence: Any, version: StrategyVersion, place: Target) -> bool:
    """Whether a finding is one of what this version brings for a database, by its evidence: names of databases change."""
    if not isinstance(evidence, Mapping) or evidence.get("deployed_version") != version.number:
        return False
    package, row = evidence.get("package"), evidence.get("row")
    if isinstance(package, Mapping):
        own = version.registration.get("package") or {}
        return bool(package.get("name") == own.get("name"))
    if not isinstance(row, Mapping) or row.get("strategy") != version.strategy_name:
        return False
    return row.get("table") == STRATEGIES.name or row.get("place") == (None if place.is_home else place.pk)


def generated(user: User) -> list[StrategyVersion]:
    """Of every strategy the newest version, by name."""
    return list(StrategyVersion.objects.visible_to(user).newest().defer("definition", "files", "registration"))


def compared_with(strategy: str, user: User) -> tuple[StrategyVersion | None, str]:
    """What a new version is compared with, and why it is that one: the one deployed last, else the newest."""
    rows = StrategyVersion.objects.visible_to(user).filter(strategy_name=strategy)
    for place in standing(strategy, user):
        if (version := rows.filter(number=place.number or 0).first()) is not None:
            return version, f"which is deployed to {place.target.name}"
    return rows.order_by("-number").first(), "the newest that is kept; none is deployed"


def ways(version: StrategyVersion, user: User) -> Ways:
    rows = Target.objects.visible_to(user).filter(is_active=True).defer("facts")
    seen: Sequence[Target] = list(rows)
    with_packages = {name for name, product in registry.platforms().items() if product.has_packages}
    has_package = bool(version.registration.get("package"))
    return Ways(
        home=next((row for row in seen if row.is_home), None),
        places=_by_name(row for row in seen if not row.is_home),
        for_package=_by_name(row for row in seen if row.platform in with_packages and has_package),
    )


def _by_name(rows: Iterable[Target]) -> list[Target]:
    return sorted(rows, key=lambda row: row.name)
