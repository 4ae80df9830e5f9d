"""A pytest plugin: whatever for Oracle a test makes the project build is held to what Oracle knows, without being listed anywhere.

Names and rules are looked at in the test itself, which fails. What can be read at all is asked of a grammar in a process of its
own, beside the tests, for all workers in one; its answers end the whole run. It is put in by `addopts` in pyproject.toml.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.oracle import grammar

_ORACLE = "strategies.platforms.oracle"
_PROPERTY = "statements for Oracle"
_LONG = 3000  # characters: the grammar takes ever longer for a long text
_CALLERS = 3  # that are looked at: dataclasses.replace stands between


class Recorder:
    """Of one process that runs tests."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self._shapes: set[str] = set()
        self.fresh: list[str] = []
        self.imported: list[str] = []  # built when modules were read, before any test
        self.wrong: list[str] = []
        self._patches = ExitStack()

    def told(self, statement: str, fault: str) -> None:
        self.wrong.append(f"{fault}\n    {statement[:600]}")

    def seen(self, statement: str) -> None:
        """Is to be held to the grammar; one of each shape is, since the grammar cannot tell the others from it."""
        if statement not in self.known:
            self.known.add(statement)
            for piece in _pieces(statement):
                if (shape := grammar.shape(piece)) not in self._shapes:
                    self._shapes.add(shape)
                    self.fresh.append(piece)

    def sent(self, statement: str) -> None:
        """A statement of the portal's own."""
        if statement not in self.known:
            for fault in grammar.own_faults(statement):
                self.told(statement, fault)
            self.seen(statement)

    def read(self, statement: str) -> None:
        """A statement for a target: its names, too."""
        from tests.oracle import dictionary

        if statement and statement not in self.known:
            for fault in dictionary.faults(statement):
                self.told(statement, fault)
            self.sent(statement)

    def watch_the_platform(self) -> None:
        """Every step that a module of Oracle's builds, and every statement that one sends outside of a step."""
        from strategies import plans
        from strategies.platforms.oracle import platform
        from strategies.platforms.oracle.session import OracleSession

        made, alter = plans.Step.__init__, OracleSession.alter
        limits = platform.Oracle.limit_settings

        def step(this: Any, *arguments: Any, **named: Any) -> None:
            made(this, *arguments, **named)
            if _is_from_oracle():
                for statement in (*this.settings, *this.statements, *this.undo):
                    self.read(statement)

        def altering(this: Any, statement: str) -> None:
            if _is_from_oracle():
                self.read(statement)
            alter(this, statement)

        def limiting(this: Any, *arguments: Any) -> Any:
            found = limits(this, *arguments)
            for statement in found:
                self.read(statement)
            return found

        patches = (
            (plans.Step, "__init__", step, made), (OracleSession, "alter", altering, alter),
            (platform.Oracle, "limit_settings", limiting, limits),
        )  # fmt: skip
        for owner, name, new, old in patches:
            setattr(owner, name, new)
            self._patches.callback(setattr, owner, name, old)

    def watch_the_portal(self) -> None:
        from tests.oracle.portal import Watch

        self._patches.enter_context(Watch(self.sent, self.told).at_work())

    def close(self) -> None:
        self._patches.close()


def _pieces(statement: str) -> list[str]:
    if len(statement) < _LONG:
        return [statement]
    from tests.oracle import plsql

    return plsql.pieces(statement)


class Collector:
    """Of the one process that all results come to."""

    def __init__(self) -> None:
        self._grammar: grammar.Grammar | None = None
        self._accepted = grammar.Accepted()
        self._from: dict[str, str] = {}  # statement → the first test that made one of its shape
        self._shapes: set[str] = set()
        self._asked: list[str] = []
        self.faults: dict[str, list[str]] = {}

    def take(self, statements: list[str], test: str) -> None:
        for statement in statements:
            if (shape := grammar.shape(statement)) in self._shapes:
                continue
            self._shapes.add(shape)
            self._from[statement] = test
            if statement not in self._accepted and not grammar.why_not_here():
                self._grammar = self._grammar or grammar.Grammar()
                self._grammar.ask(statement)
                self._asked.append(statement)

    def end(self) -> None:
        if self._grammar is not None:
            self.faults = self._grammar.faults()
            self._accepted.keep(statement for statement in self._asked if statement not in self.faults)

    def give_up(self) -> None:
        if self._grammar is not None:
            self._grammar.stop()

    def lines(self) -> Iterator[str]:
        if not self._from:
            return
        if message := grammar.why_not_here():
            yield f"{len(self._from)} statements were recorded; {message}."
            return
        yield f"{len(self._from)} kinds of statements were held to the grammar, {len(self.faults)} cannot be read."
        for statement, faults in self.faults.items():
            yield f"{self._from[statement]}: {'; '.join(faults)}"
            yield f"    {statement}"

    @property
    def has_failed(self) -> bool:
        return bool(self.faults) or bool(self._from and grammar.why_not_here() and os.environ.get("CI") == "true")


def _is_from_oracle() -> bool:
    frame = sys._getframe(2)
    for _ in range(_CALLERS):
        if frame is None:
            return False
        if str(frame.f_globals.get("__name__", "")).startswith(_ORACLE):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


_recorder, _collector = Recorder(), Collector()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before the tests are collected, since some statements are built when their module is read."""
    _recorder.watch_the_platform()
    if "PORTAL_TEST_DATABASE_URL" not in os.environ:
        _recorder.watch_the_portal()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Kept for a test of their own, so that no other run has to learn the grammar for them."""
    _recorder.imported, _recorder.fresh = _recorder.fresh, []


@pytest.fixture(autouse=True)
def _statements_for_oracle(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    wrong, fresh = list(dict.fromkeys(_recorder.wrong)), list(_recorder.fresh)
    _recorder.wrong.clear()
    _recorder.fresh.clear()
    request.node.user_properties.append((_PROPERTY, fresh))
    if wrong:
        pytest.fail("Oracle would refuse what this test makes the project build:\n" + "\n".join(wrong), pytrace=False)


@pytest.fixture
def statements_for_oracle() -> Recorder:
    """For what is built nowhere, such as a query that is kept as a file."""
    return _recorder


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown" and "PYTEST_XDIST_WORKER" not in os.environ:
        for name, found in report.user_properties:
            if name == _PROPERTY:
                _collector.take(list(found), report.nodeid)  # type: ignore[call-overload]


def pytest_sessionfinish(session: pytest.Session) -> None:
    _recorder.close()
    if _is_worker(session.config):
        return
    if session.exitstatus == pytest.ExitCode.INTERRUPTED:
        _collector.give_up()
        return
    _collector.end()
    if _collector.has_failed and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if lines := list(_collector.lines()):
        terminalreporter.section("statements for Oracle", red=_collector.has_failed)
        for line in lines:
            terminalreporter.line(line)
