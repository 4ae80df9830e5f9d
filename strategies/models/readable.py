"""Figures and instants of a table into which people type SQL: what cannot be read is nothing, and its row is read all the same.

SQLite takes any text for a number or an instant, PostgreSQL knows an instant without an end and a figure that is no number.
Rows like that are refused now (strategies/log_guard.py); those that were there before would break whatever reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField, Lookup

if TYPE_CHECKING:  # Django's fields and lookups take type arguments in their stubs only
    Whole = models.BigIntegerField[int | None, int | None]
    Decimals = models.DecimalField[Decimal | None, Decimal | None]
    Instant = models.DateTimeField[datetime | None, datetime | None]
    Condition = Lookup[bool]
else:
    Condition = Lookup
    Whole, Decimals, Instant = models.BigIntegerField, models.DecimalField, models.DateTimeField

# Conditions by database; {0} is the column. In SQLite every number sorts before every text, so that a range tells them apart.
IS_NUMBER = "{0} BETWEEN -9e18 AND 9e18"
IS_INSTANT: Mapping[str, str] = {
    # As Django and CURRENT_TIMESTAMP write it, since instants are compared as texts there; UTC
    "sqlite": "datetime(substr({0}, 1, 19), '+0 days') = substr({0}, 1, 19) AND {0} BETWEEN '1900-01-01' AND '9999-12-31' "
    "AND (length({0}) = 19 OR length({0}) BETWEEN 21 AND 26 "
    "AND substr({0}, 20, 1) = '.' AND substr({0}, 21) NOT GLOB '*[^0-9]*')",
    "postgresql": "{0} BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00'",
    "oracle": "{0} BETWEEN TIMESTAMP '1900-01-01 00:00:00' AND TIMESTAMP '9999-12-31 00:00:00'",
}


def refusals(
    instants: Mapping[str, str], figures: Iterable[str], texts: Iterable[str], *, is_change: bool
) -> str:  # fmt: skip
    """For a trigger of SQLite's: says what is wrong with NEW, the first of it; in a change only of what is changed.

    `instants` have their conditions, as in IS_INSTANT.
    """
    wrong = {
        **{name: (f"({condition.format(f'NEW.{name}')}) IS NOT TRUE", "an instant in UTC, as in 2026-11-25 02:00:00")
           for name, condition in instants.items()},
        **{name: (f"NOT {IS_NUMBER.format(f'NEW.{name}')}", "a number") for name in figures},
        **{name: (f"typeof(NEW.{name}) = 'blob'", "text, not a BLOB") for name in texts},
    }  # fmt: skip
    cases = [
        f"WHEN NEW.{name} IS NOT NULL {f'AND NEW.{name} IS NOT OLD.{name} ' if is_change else ''}AND {condition} "
        f"THEN RAISE(ABORT, '{name}: write {what}')"
        for name, (condition, what) in wrong.items()
    ]
    return f"SELECT CASE {' '.join(cases)} END"


class _Readable:
    """A field that reads what its database would otherwise choke on as NULL."""

    read: ClassVar[Mapping[str, str]]  # SQL by database, where one needs it

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        template = self.read.get(compiler.connection.vendor, "{0}")
        return template.format(sql), tuple(params) * template.count("{0}")


class FigureField(_Readable, Whole):
    """A whole number; SQLite keeps fractions, which the others round when they are written."""

    read = {
        "sqlite": "CASE WHEN typeof({0}) = 'integer' THEN {0} "
        f"WHEN {IS_NUMBER} THEN CAST(round({{0}}) AS INTEGER) END"
    }


class DecimalFigureField(_Readable, Decimals):
    read = {"sqlite": f"CASE WHEN {IS_NUMBER} THEN {{0}} END", "postgresql": "NULLIF({0}, 'NaN')"}


class InstantField(_Readable, Instant):
    """From 1900 to 9999, so that no reader's zone leads out of the calendar."""

    read = {vendor: f"CASE WHEN {condition} THEN {{0}} END" for vendor, condition in IS_INSTANT.items()}


@InstantField.register_lookup
class Readable(Condition):
    """Instants that can be read, as a condition of its own: `operation_time__readable=True`.

    Planners know how many rows a plain range has, and guess badly of any other expression. SQLite alone must not take this
    range for its index, since it takes but one.
    """

    lookup_name = "readable"
    prepare_rhs = False

    def get_prep_lookup(self) -> bool:
        """Raises ValueError for anything but True: what is not readable is asked by `IsReadable`, NULL included."""
        if self.rhs is not True:
            raise ValueError("operation_time__readable takes True alone.")
        return True

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        sql, params = self.process_lhs(compiler, connection)
        condition = IS_INSTANT[connection.vendor]
        template = f"CASE WHEN {condition} THEN 1 ELSE 0 END = 1" if connection.vendor == "sqlite" else condition
        return f"({template.format(sql)})", tuple(params) * template.count("{0}")


class IsReadable(Func):
    """1 where an instant can be read, else 0."""

    output_field = IntegerField()

    def as_sql(
        self, compiler: Any, connection: BaseDatabaseWrapper, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:  # fmt: skip
        sql, params = compiler.compile(self.source_expressions[0])
        template = f"CASE WHEN {IS_INSTANT[connection.vendor]} THEN 1 ELSE 0 END"
        return template.format(sql), tuple(params) * template.count("{0}")
