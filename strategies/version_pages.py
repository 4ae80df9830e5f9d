"""What pages show of kept versions: where each is deployed, what another is compared with, and where it can be brought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max

from strategies import deployments, registry
from strategies.models import Assessment, Deployment, Finding, StrategyVersion, Target, User
from strategies.platforms.base import EVERYTHING, ObjectUnknown
from strategies.routines.strategy_deployment import ROUTINE


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: StrategyVersion
    places: list[Deployment] = field(default_factory=list)  # where it is now


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version is, and what the last look there found of it: how many things differ, None = nobody has looked since."""

    deployment: Deployment
    looked_at: datetime | None
    differ: int | None


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
    """Where a version is now, newest first. Three queries, wherever it is."""
    rows = [row for row in standing(version.strategy_name, user) if row.number == version.number]
    on = {row.target_id for row in rows}
    looks = Assessment.objects.answered().of_this_database().filter(target__in=on, strategy_name=ROUTINE.name)
    whole = looks.filter(target_object__in=EVERYTHING).order_by().values_list("target")
    looked = dict(whole.annotate(last=Max("started_at")))
    current = Finding.objects.current().filter(target__in=on, strategy_name=ROUTINE.name)
    found = set(current.values_list("target", "object"))
    return [_place(version, row, looked.get(row.target_id), found) for row in rows]


def _place(
    version: StrategyVersion, row: Deployment, looked_at: datetime | None, found: Set[tuple[int, str]]
) -> Place:  # fmt: skip
    if looked_at is None or looked_at < row.at:
        return Place(row, None, None)
    try:
        objects = deployments.objects_of(version, row.target, row.place)
    except ObjectUnknown:  # kept by another version of the portal
        return Place(row, None, None)
    return Place(row, looked_at, sum((row.target_id, name[:500]) in found for name in objects))


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
