"""Versions of strategies on databases: what a deployment is to bring, what is there since which run, and what a run works with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db.models import Max

from strategies import registry, targets, versions
from strategies.audit import PORTAL
from strategies.models import (
    BAD,
    GOES_ON,
    GOOD,
    STANDS,
    Deployment,
    DeploymentState,
    JobRun,
    Origin,
    StrategyVersion,
    Target,
    User,
)
from strategies.plans import Plan
from strategies.platforms.base import ObjectUnknown
from strategies.registrations import Content, Registration, RegistrationRefused, definition_digest, package_version
from strategies.routines.base import Parameters
from strategies.routines.strategy_deployment import ROUTINE, DeploymentParameters

P = TypeVar("P", bound=Parameters)


def filled(typed: P, target: Target, run: JobRun | None = None) -> P:
    """Parameters of a deployment name a version; here they get what it brings. Those of other routines are as they were typed.

    `run` has its plan already, so that it stays with its version and database: the newest, and who has the name, may be others by now.

    Raises ObjectUnknown where there is no such version, or nothing of it is for this database.
    """
    if isinstance(typed, DeploymentParameters):
        return cast(P, typed.bringing(_named(typed, target, run) if typed.strategy else _deployed(target)))
    return typed


def _named(typed: DeploymentParameters, target: Target, run: JobRun | None) -> tuple[Content, ...]:
    number, place = (run.strategy_version, run.place) if run is not None else (None, None)
    try:
        version = versions.get(typed.strategy, number or typed.version)
    except versions.VersionUnknown as unknown:
        raise ObjectUnknown(str(unknown)) from None
    place = place or _place(typed.target, target)
    content = _content(version, target, place, begins_anew=_begins_anew(version.strategy_name, target, place))
    if not (content.brings_rows or content.brings_package):
        raise ObjectUnknown(
            f"Version {version.number} of {version.strategy_name} has nothing for {target.name}: its jobs and configurations are"
            " kept in home, and packages are brought to databases of Oracle."
        )
    return (content,)


def _place(name: str, target: Target) -> Target:
    """The database that a deployment to `target` is for. Raises ObjectUnknown."""
    if not name or name == target.name:
        return target
    if not target.is_home:
        raise ObjectUnknown(
            f"Only home keeps what is for another database than itself, and {target.name} is not home: deploy to home."
        )
    place = Target.objects.filter(name=name).first()
    if place is None:
        raise ObjectUnknown(f"There is no database {name}.")
    return place


def _deployed(target: Target) -> tuple[Content, ...]:
    """Whatever was deployed to this database, in the versions that it has; of the registry's row what the newest of them says.

    Only for databases of its own tenant: what is found of a database, and the runs that mend it, are seen by all who see that one.
    """
    standing = Deployment.objects.filter(target=target).standing().select_related("place")
    rows = list(standing.order_by("strategy_name", "place"))
    newest: dict[str, int] = {}
    for row in rows:
        newest[row.strategy_name] = max(newest.get(row.strategy_name, 0), row.number or 0)
    found = []
    for row in (row for row in rows if row.place.tenant_id == target.tenant_id):
        version = versions.get(row.strategy_name, row.number or 0)
        is_newest = newest[row.strategy_name] == row.number
        found.append(_content(version, target, row.place, is_newest=is_newest))
    return tuple(found)


def has_package_for(version: StrategyVersion, place: Target) -> bool:
    """Whether a version brings a package to this database. Raises ObjectUnknown for one that cannot be read."""
    return _content(version, place, place).brings_package


def _content(
    version: StrategyVersion, target: Target, place: Target, *, is_newest: bool = True, begins_anew: bool = False,
) -> Content:  # fmt: skip
    try:
        read = Registration.read(version.registration)
    except RegistrationRefused as fault:  # kept by another version of the portal
        told = f"Version {version.number} of {version.strategy_name} cannot be read: {fault.field}: {fault}"
        raise ObjectUnknown(told) from None
    product = registry.platforms().get(target.platform)
    can_hold = product is not None and product.has_packages
    return Content(
        version.number, read, None if place.is_home else place.pk, place.name, target.pk if target.is_home else None,
        brings_rows=target.is_home, brings_strategy=is_newest,
        brings_package=read.package is not None and can_hold and place.pk == target.pk,
        begins_anew=begins_anew, remark=installed_otherwise(version.strategy_name, version.definition),
    )  # fmt: skip


def _begins_anew(strategy: str, target: Target, place: Target) -> bool:
    """Whether the strategy was taken back here, so that a deployment switches on again what the undo has switched off."""
    last = _last(strategy, target, place)
    return last is not None and last.number is None


def installed_otherwise(strategy: str, definition: Mapping[str, Any]) -> str:
    """A sentence where the Python package that is installed was not generated from this definition; empty where it was, or none is."""
    routine = registry.installed().routines.get(strategy)
    if routine is None:
        return ""
    told = package_version(definition_digest(definition))
    if routine.version == told:
        return ""
    return (
        f"The Python package of {strategy} that is installed is {routine.version}, and this version's is {told}: runs do what is"
        " installed. Install the one that belongs to this version, and start the portal anew."
    )


def refusals(user: User, typed: Parameters, target: Target) -> dict[str, str]:
    """Parameter → why this person may not give it, here; empty for those of other routines.

    What there is for them are the versions and the databases that they see, and no others.
    """
    if not isinstance(typed, DeploymentParameters) or not typed.strategy:
        return {}
    if typed.target and not Target.objects.visible_to(user).filter(name=typed.target).exists():
        return {"target": f"There is no database {typed.target}."}
    seen = StrategyVersion.objects.visible_to(user).filter(strategy_name=typed.strategy)
    newest = seen.aggregate(last=Max("number"))["last"]
    if newest is None:
        return {"strategy": f"You see no version of {typed.strategy}; a strategy has one once it was generated."}
    if typed.version and not seen.filter(number=typed.version).exists():
        return {"version": f"There is no version {typed.version} of {typed.strategy}; the newest is {newest}."}
    try:
        _place(typed.target, target)
    except ObjectUnknown as elsewhere:
        return {"target": str(elsewhere)}
    try:
        _named(typed, target, None)
    except ObjectUnknown as nothing:
        return {"strategy": str(nothing)}
    return {}


def place_named(run: JobRun) -> Target | None:
    """The other database that a run asks to deploy for; None = it is for the one that it works on, or there is none of that name."""
    name = str(run.parameters.get("target") or "") if run.strategy_name == ROUTINE.name else ""
    return Target.objects.filter(name=name).first() if name and name != run.target.name else None


def place_of(run: JobRun, plan: Plan) -> int | None:
    """The same by its plan, whose steps hold the database by its number: the name may be another's by now."""
    if run.strategy_name != ROUTINE.name or not plan.parameters.get("strategy"):
        return run.place_id
    rows = (step.check.get("row") or {} for step in plan.steps)
    return next((row["place"] for row in rows if row.get("place") is not None), run.place_id)


def number_for(run: JobRun, plan: Plan) -> int | None:
    """The version that a run works with, for its row: a deployment's own, else the one that was deployed last for its database.

    Where that has a package of the strategy, the package counts. None = no generated version.
    """
    if run.strategy_name == ROUTINE.name:
        return plan.parameters.get("version") or None
    on_itself = _last(run.strategy_name, run.target, run.target)
    if on_itself is not None or run.target.is_home:
        return on_itself.number if on_itself is not None else None
    on_home = Deployment.objects.filter(
        strategy_name=run.strategy_name, place=run.target, target__is_home=True, status__in=STANDS
    ).first()
    return on_home.number if on_home is not None else None


def _last(strategy: str, target: Target, place: Target, *, before: int | None = None) -> Deployment | None:
    rows = Deployment.objects.filter(strategy_name=strategy, target=target, place=place, status__in=STANDS)
    return (rows.filter(pk__lt=before) if before is not None else rows).order_by("-pk").first()


def run_ended(run: JobRun, moment: datetime) -> None:
    """Keep what an ended run has made of the version that it was to bring, or take back; nothing where that changed no version."""
    named = str(run.parameters.get("strategy") or "")
    if run.strategy_name != ROUTINE.name or not named or run.strategy_version is None:
        return
    place = run.place or run.target
    made = _made(run, named, place)
    if made is None:
        return
    status, number = made
    Deployment.objects.create(
        strategy_name=named, target=run.target, place=place, number=number, run=run, status=status, at=moment
    )
    product = registry.platforms().get(run.target.platform)
    if product is not None and product.has_packages:  # so that jobs find a package that is new
        targets.ask_check(run.target, PORTAL, moment)


def _made(run: JobRun, strategy: str, place: Target) -> tuple[DeploymentState, int | None] | None:
    """How it ended, and the version that is there since."""
    if run.status in BAD and run.started_at is not None:
        return DeploymentState.FAILED, run.strategy_version
    if run.status not in GOOD:
        return None
    if not run.is_undo:
        last = _last(strategy, run.target, place)
        is_new = last is None or (last.number, last.status) != (run.strategy_version, DeploymentState.COMPLETED)
        return (DeploymentState.COMPLETED, run.strategy_version) if is_new else None
    undone = _undone(run)
    brought = undone.deployments.order_by("pk").first() if undone is not None else None
    if brought is None:  # it only put back what the version has
        return None
    before = _last(strategy, run.target, place, before=brought.pk)
    return DeploymentState.ROLLED_BACK, before.number if before is not None else None


def _undone(run: JobRun) -> JobRun | None:
    """The run that this one, or what it goes on with, takes back."""
    while run.parent is not None and (run.origin == Origin.UNDO or run.origin in GOES_ON):
        if run.origin == Origin.UNDO:
            return run.parent
        run = run.parent
    return None
