"""What our own PL/SQL may name: the tables beside which it is installed, and the specifications of our packages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from django.apps import apps

from strategies.plsql.scripts import Place, Unit, generator, units
from tests.oracle import plsql
from tests.oracle.plsql import Package, Tables


@cache
def tables(place: Place) -> Tables:
    """In capitals: those that Django makes for the portal, or those that a target gets; and those of the generator."""
    of_django = {
        model._meta.db_table.upper(): frozenset(field.column.upper() for field in model._meta.local_concrete_fields)
        for model in (apps.get_models() if place is Place.PORTAL else ())
    }
    made = [unit for unit in all_units(place) if unit.kind == "TABLE"]
    return of_django | {unit.name: frozenset(plsql.columns(unit.statement)) for unit in made}


def all_units(place: Place) -> tuple[Unit, ...]:
    """What is always installed, and what is asked for."""
    return (*units(place), *generator(place))


@cache
def packages() -> Mapping[str, Package]:
    return {unit.name: plsql.package(unit.statement) for unit in all_units(Place.TARGET) if unit.kind == "PACKAGE"}


def body_of(name: str, place: Place) -> str:
    (found,) = (unit.statement for unit in all_units(place) if (unit.kind, unit.name) == ("PACKAGE BODY", name))
    return found


def selects(body: str, function: str) -> list[str]:
    """The queries that a subprogram of a body asks, as they stand there."""
    region = next(region for region in plsql.regions(body) if region.name == function.upper())
    return re.findall(r"FOR found IN \(\s*(SELECT.*?)\n        \) LOOP", region.text, re.S)
