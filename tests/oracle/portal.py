"""What the portal would send to its own database if that were an Oracle: each of its queries, compiled by Django's own backend."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models.query import MAX_GET_RESULTS
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler
from django.db.transaction import TransactionManagementError

from tests.oracle import lint, transport

# Hidden: they are found by these names, and are none of the databases that Django empties, migrates or closes.
_ALIAS = "oracle_{}"
_LIST, _ROWS = re.compile(r"%s(?:, %s)+"), re.compile(r"(\((?:%s|%s, \.\.\.)\))(?:, \1)+")


class _AtWork(threading.local):
    """The compilers whose statements are on their way, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Any] = []


_at_work = _AtWork()
_one_at_a_time = threading.RLock()

Key = tuple[str, tuple[Any, ...] | None, bool]
Told = Callable[[str, str], None]  # a statement (or what was to be one), and what is wrong with it


@cache
def databases() -> dict[str, BaseDatabaseWrapper]:
    return {version: transport.database(version) for version in transport.VERSIONS}


def lobs_of(wrapper: BaseDatabaseWrapper, models: Any = None) -> lint.Lobs:
    """Of all models: table → columns of a type that Oracle neither compares nor sorts."""
    quoted, found = wrapper.ops.quote_name, {}
    for model in models if models is not None else apps.get_models(include_auto_created=True):
        columns = [
            field for field in model._meta.local_concrete_fields if "LOB" in (field.db_type(wrapper) or "").upper()
        ]
        found[quoted(model._meta.db_table).strip('"')] = frozenset(quoted(field.column).strip('"') for field in columns)
    return lint.Lobs(found)


@cache
def _lobs() -> lint.Lobs:
    return lobs_of(databases()["19c"])


def statements(query: Any, returning: Any = None, *, version: str = "19c") -> list[str]:
    """As they go to this Oracle, binds by name. Raises NotSupportedError for what Django refuses there."""
    wrapper: Any = databases()[version]
    connections[_ALIAS.format(version)] = wrapper
    twin = query.clone()
    if twin.select_for_update and (twin.low_mark, twin.high_mark) == (0, MAX_GET_RESULTS):
        twin.clear_limits()  # get() sets them by what the database of the query takes together with a lock
    compiler = twin.get_compiler(using=_ALIAS.format(version))
    if isinstance(compiler, SQLInsertCompiler):
        twin.objs = [_twin(one) for one in twin.objs]  # what fills in their values may write to them
        compiler.returning_fields = returning if len(twin.objs) == 1 else None
        if (
            twin.on_conflict is not None and not twin.model._meta.auto_created
        ):  # of those Django itself takes another way
            raise NotSupportedError("Django refuses ignore_conflicts and update_conflicts on Oracle.")
    try:
        made = compiler.as_sql()
    except EmptyResultSet:
        return []
    with _one_at_a_time:
        cursor, before = wrapper.create_cursor(), len(wrapper.connection.sent)
        for sql, parameters in made if isinstance(made, list) else [made]:
            if sql:
                cursor.execute(sql, parameters)
        sent = wrapper.connection.sent[before:]
        del wrapper.connection.sent[before:]
    return list(sent)


def _twin(row: Any) -> Any:
    """A copy of a model's instance. Not by `copy`, which looks its class up, and does not find those of migrations."""
    made = type(row).__new__(type(row))
    made.__dict__ = dict(row.__dict__)
    return made


def faults(statement: str, version: str = "19c", lobs: lint.Lobs | None = None) -> tuple[str, ...]:
    return lint.faults(statement, int(version[:2]), lobs if lobs is not None else _lobs())


class Watch:
    """Sees each query that reaches a database through Django, and has it told as Oracle would get it; each text once."""

    def __init__(self, seen: Callable[[str], None], wrong: Told) -> None:
        self._seen, self._wrong = seen, wrong
        self._texts: set[Key] = set()
        self._known: set[Key] = set()  # whatever the lengths of their lists

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Raises nothing into the code that it watches, but what is a mistake of its own."""
        compile_it, send = SQLCompiler.execute_sql, CursorWrapper.execute
        insert = SQLInsertCompiler.execute_sql
        watch = self

        def execute_sql(compiler: Any, *arguments: Any, **named: Any) -> Any:
            _at_work.stack.append(compiler)
            try:
                return compile_it(compiler, *arguments, **named)
            finally:
                _at_work.stack.pop()

        def execute_insert(compiler: Any, returning_fields: Any = None) -> Any:
            _at_work.stack.append(compiler)
            try:
                return insert(compiler, returning_fields)
            finally:
                _at_work.stack.pop()

        def execute(cursor: Any, sql: Any, params: Any = None) -> Any:
            found = send(cursor, sql, params)  # what its own database refuses is no statement of the portal's
            stack = _at_work.stack
            if stack and cursor.db.vendor != "oracle" and cursor.db.alias == "default":
                watch.look(str(sql), params, stack[-1])
            return found

        SQLCompiler.execute_sql, SQLInsertCompiler.execute_sql, CursorWrapper.execute = (
            execute_sql,
            execute_insert,
            execute,
        )
        try:
            yield
        finally:
            SQLCompiler.execute_sql, SQLInsertCompiler.execute_sql, CursorWrapper.execute = compile_it, insert, send

    def look(self, sql: str, params: Any, compiler: Any) -> None:
        """What a query is on SQLite or PostgreSQL says, without work, whether it was seen; a lock does not show in SQLite's."""
        query, is_autocommit = compiler.query, compiler.connection.get_autocommit()
        lock = None
        if query.select_for_update:
            lock = (query.select_for_update_nowait, query.select_for_update_skip_locked, query.select_for_update_of,
                    query.select_for_no_key_update, is_autocommit)  # fmt: skip
        has_empty_text = "" in params if isinstance(params, (tuple, list)) else False
        if (sql, lock, has_empty_text) in self._texts:
            return
        self._texts.add((sql, lock, has_empty_text))
        key = _ROWS.sub(r"\1, \1", _LIST.sub("%s, ...", sql)), lock, has_empty_text
        if key in self._known:
            return
        self._known.add(key)
        for version in transport.VERSIONS:
            # A lock outside of a transaction is refused there, and does nothing in SQLite.
            databases()[version].autocommit = is_autocommit
            try:
                made = statements(query, getattr(compiler, "returning_fields", None), version=version)
            except (NotSupportedError, TransactionManagementError) as refusal:
                self._wrong(sql, f"on Oracle {version}: {refusal}")
                continue
            for statement in made:
                for fault in faults(statement, version):
                    self._wrong(statement, f"on Oracle {version}: {fault}")
                self._seen(statement)
