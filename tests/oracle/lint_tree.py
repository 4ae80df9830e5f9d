"""The rules of lint.py that need a statement's structure: what stands in which clause. Apart, since few statements need them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.oracle.lint import MOST_IN_LIST, Lobs

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it tells of statements that it keeps as they are
_WITH_TABLES: tuple[Any, ...] = (exp.Select, exp.Update, exp.Delete)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)


@lru_cache(maxsize=16)  # each is asked for as 19c and as 23ai
def of_the_tree(statement: str, lobs: Lobs) -> tuple[str, ...]:
    """`statement` is without the text of its literals."""
    return tuple(_of_the_tree(statement, lobs))


def _of_the_tree(statement: str, lobs: Lobs) -> Iterator[str]:
    text = re.sub(r":(?:arg)?\w+", "NULL", statement)
    text = re.sub(r"\bRETURNING\b.*$", "", text, flags=re.DOTALL | re.IGNORECASE)
    try:
        tree = sqlglot.parse_one(text, read="oracle")
    except SqlglotError:
        return  # the grammar speaks of what cannot be read
    for found in tree.find_all(exp.In):
        if len(found.expressions) > MOST_IN_LIST:
            yield f"a list of IN holds more than {MOST_IN_LIST}"
    for operation in tree.find_all(exp.SetOperation):
        if operation.args.get("distinct") is not False:
            for select in operation.find_all(exp.Select):
                yield from _each(select.expressions, select, lobs, "UNION, MINUS or INTERSECT")
    for select in tree.find_all(exp.Select):
        yield from _of_a_select(select, lobs)
    for gathered in tree.find_all(exp.Max, exp.Min, exp.Distinct):
        around = gathered.find_ancestor(*_WITH_TABLES)
        if isinstance(gathered, exp.Distinct):  # that of COUNT(DISTINCT x); that of a SELECT has nothing of its own
            yield from _each(gathered.expressions, around, lobs, "DISTINCT")
        else:
            yield from _each([gathered.this], around, lobs, "MAX or MIN")
    for comparison in tree.find_all(*_COMPARISONS):
        around = comparison.find_ancestor(*_WITH_TABLES)
        is_assignment = isinstance(comparison.parent, exp.Update) and comparison.arg_key == "expressions"
        if not is_assignment:
            yield from _each([comparison.this, comparison.expression], around, lobs, "a comparison")


def _of_a_select(select: exp.Select, lobs: Lobs) -> Iterator[str]:
    is_grouped, is_distinct = select.args.get("group"), select.args.get("distinct")
    if is_distinct:
        yield from _each(select.expressions, select, lobs, "DISTINCT")
    if is_grouped:
        yield from _each(is_grouped.expressions, select, lobs, "GROUP BY")
    if order := select.args.get("order"):
        ordered = [
            select.expressions[int(one.this.this) - 1] if one.this.is_int else one.this for one in order.expressions
        ]
        yield from _each(ordered, select, lobs, "ORDER BY")
    if select.args.get("locks") and (
        is_grouped or is_distinct or select.args.get("limit") or select.args.get("offset")
    ):
        yield "FOR UPDATE goes with neither DISTINCT nor GROUP BY nor FETCH"


def _each(found: list[exp.Expression | None], scope: exp.Expression | None, lobs: Lobs, where: str) -> Iterator[str]:
    for one in found:
        column = one.unalias().unnest() if one is not None else None  # Django puts what stands outside in brackets
        if isinstance(column, exp.Column):
            table = _table_of(column, scope)
            if column.name in lobs.of.get(table, frozenset()):
                yield f"{where} takes no LOB: {table}.{column.name}"


def _table_of(column: exp.Column, scope: exp.Expression | None) -> str:
    """By its own statement, else by those around it; the nearest of a name counts. Empty where none has it."""
    while scope is not None:
        for table in scope.find_all(exp.Table):  # those of statements within come later
            if column.table in ("", table.alias_or_name):
                return table.name
        scope = scope.find_ancestor(*_WITH_TABLES)
    return ""
