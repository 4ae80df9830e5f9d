"""A platform whose target is a Python object: it does what a test scripts, so that every turn of a run can be played through.

Objects are names in `needs`; a step `fix NAME` takes one out. What happens instead is scripted per object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from strategies import registry
from strategies.assessments import Assessment, Finding, Severity
from strategies.load import Load
from strategies.plans import (
    ErrorClass,
    Facts,
    LeftBehind,
    Limits,
    Meters,
    MissingRight,
    Need,
    Outcome,
    Progress,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.base import (
    Address,
    Change,
    Concern,
    NotSupported,
    Platform,
    PlatformError,
    Precheck,
    Problem,
    RemoteSession,
    Session,
    SessionTag,
    Unasked,
)
from strategies.platforms.queries import Query
from strategies.routines.base import Parameters, Routine


@dataclass
class World:
    """The target's state, and what it does when asked."""

    needs: set[str] = field(default_factory=set)
    executed: list[str] = field(default_factory=list)
    script: dict[str, list[Callable[[World, Session], TargetError | None]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)  # objects whose fix reports success and does nothing
    left: dict[str, StateLeft] = field(default_factory=dict)
    connect_error: TargetError | None = None
    ask_error: TargetError | None = None
    live: list[RemoteSession] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    missing: list[MissingRight] = field(default_factory=list)
    cleaned: list[str] = field(default_factory=list)
    asked: dict[str, list[Callable[[World, Session], TargetError | None]]] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)  # what no step mends
    untold: set[str] = field(default_factory=set)  # objects of which a look cannot tell whether they are broken
    step_ms: int = 5  # what each step takes
    step_io: int | None = None
    precheck: str = ""  # why the check ROOM does not hold now
    is_precheck_mild: bool = False  # then it is only noted
    unasked: Unasked = Unasked.LEFT_OUT  # of the check ROOM
    loads: list[float | Exception] = field(default_factory=list)  # what its load is at each look, the last for ever

    def ask(self, what: str, session: Session) -> None:
        """A question (is_needed, verify, assess) that may be scripted to fail, or to take long."""
        turns = self.asked.get(what, [])
        error = self.ask_error or (turns.pop(0)(self, session) if turns else None)
        if error is not None:
            raise PlatformError(error)


def fails(
    error_class: ErrorClass, code: str = "E1", message: str = "scripted"
) -> Callable[[World, Session], TargetError]:
    return lambda world, session: TargetError(error_class, code, message)


def blocks(until: threading.Event) -> Callable[[World, Session], TargetError | None]:
    """Runs until it is cancelled, after setting `until`, so that a test knows that it has begun."""

    def wait(world: World, session: Session) -> TargetError | None:
        until.set()
        assert isinstance(session, ScriptedSession)
        if session.cancelled.wait(20):
            return TargetError(ErrorClass.CANCELLED, "57014", "cancelled as asked")
        return TargetError(ErrorClass.PERMANENT, "E", "nobody cancelled")

    return wait


class ScriptedSession(Session):
    def __init__(self, world: World) -> None:
        self.world, self.session_id, self.cancelled = world, "4711", threading.Event()

    def facts(self) -> Facts:
        return Facts("Scripted", "1", 1, "db", "primary", "tester", True, 1)

    def rows(self, query: Query, parameters: Any = None) -> list[Any]:
        return []

    def execute(self, step: Step) -> Outcome:
        name = step.object
        self.world.executed.append(step.sql)
        turns = self.world.script.get(name, [])
        error = turns.pop(0)(self.world, self) if turns else None
        if error is None and name not in self.world.silent:
            self.world.needs.discard(name)
        meters = Meters(cpu_ms=1, rows=10, io_operations=self.world.step_io)
        return Outcome(self.world.step_ms, error, meters, ("a notice",))

    def cancel(self) -> None:
        self.cancelled.set()

    def progress(self) -> Progress | None:
        return Progress(0.5, "half-way")

    def close(self) -> None:
        pass


class ScriptedPlatform(Platform):
    name: ClassVar[str] = "scripted"
    label: ClassVar[str] = "Scripted"
    schemes: ClassVar[tuple[str, ...]] = ("scripted",)
    has_sessions: ClassVar[bool] = True
    takes_secret: ClassVar[bool] = True
    url_example: ClassVar[str] = "scripted://x"

    def __init__(self, world: World) -> None:
        self.world = world
        self.prechecks = {"ROOM": Precheck("ROOM", "There is room.", self._room, world.unasked)}  # type: ignore[misc]

    def _room(self, session: Session) -> Problem | None:
        self.world.ask("room", session)
        return Problem(self.world.precheck, blocks=not self.world.is_precheck_mild) if self.world.precheck else None

    def load(self, session: Session) -> Load:
        self.world.ask("load", session)
        figure = self.world.loads.pop(0) if len(self.world.loads) > 1 else self.world.loads[0]
        if isinstance(figure, Exception):
            raise figure
        return Load(figure, f"{figure:g} active sessions")

    def limit_settings(self, limits: Limits) -> tuple[str, ...]:
        if limits.memory_mb is not None:
            raise NotSupported("memory_mb cannot be held: Scripted knows no memory.")
        return (f"degree {limits.parallel_degree}",) if limits.parallel_degree not in (None, 1) else ()

    def address(self, url: str) -> Address:
        return Address("scripted", url, "x")

    def connect(self, address: Address, secret: str | None, tag: SessionTag, *, timeout_seconds: float = 10) -> Session:
        if self.world.connect_error is not None:
            raise PlatformError(self.world.connect_error)
        return ScriptedSession(self.world)

    def our_sessions(self, session: Session, tag: SessionTag) -> list[RemoteSession]:
        return list(self.world.live)

    def end_session(self, session: Session, remote: RemoteSession, *, force: bool) -> bool:
        self.world.ended.append(remote.session_id)
        self.world.live.remove(remote)
        return True


class ScriptedConcern(Concern[Parameters]):
    queries: ClassVar[tuple[str, ...]] = ()
    damage: ClassVar[frozenset[str]] = frozenset({"damaged"})

    def __init__(self, world: World) -> None:
        self.world = world

    def missing_rights(self, session: Session, parameters: Parameters) -> list[MissingRight]:
        return self.world.missing

    def assess(self, session: Session, parameters: Parameters, target_object: str) -> Assessment:
        self.world.ask("assess", session)
        damaged = tuple(
            Finding("damaged", name, "TABLE", Severity.CRITICAL, f"{name} is damaged.", "Restore it.")
            for name in sorted(self.world.damaged)
        )
        findings = tuple(
            Finding("broken", name, "TABLE", Severity.WARNING, f"{name} is broken", "fix it", {"size": 3})
            for name in sorted(self.world.needs - self.world.untold)
        )
        unchecked = tuple(("broken", name) for name in sorted(self.world.untold))
        return Assessment((*damaged, *findings), ("looked at everything",), unchecked=unchecked)

    def steps(self, findings: Sequence[Finding], parameters: Parameters) -> list[Step]:
        return [
            Step(
                key=f"fix:{f.object}",
                operation_type="REBUILD",
                object=f.object,
                object_type="TABLE",
                statements=(f"fix {f.object}",),
                reason=f.summary,
                undo=(f"break {f.object}",),
                check={"kind": f.kind},
            )
            for f in findings
            if f.kind == "broken"
        ]

    def is_needed(self, session: Session, step: Step) -> Need:
        self.world.ask("is_needed", session)
        if step.is_reversal:
            return Need(True)
        return Need(step.object in self.world.needs, f"{step.object} is well")

    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        self.world.ask("verify", session)
        is_well = step.object not in self.world.needs
        return Verification(is_well, f"{step.object} is {'well' if is_well else 'still broken'}", {"size": 1})

    def verify_undo(self, session: Session, step: Step) -> Verification:
        return Verification(True, "it is as it was")

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        self.world.cleaned.append(step.object)
        return []

    def state_left(self, session: Session, step: Step) -> StateLeft:
        return self.world.left.get(step.object, StateLeft(LeftBehind.CLEAN, "Nothing was left."))


CHANGES = {"scripted": (Change("{fix|break} <name>", "Takes an object out of those that need it, or puts it back."),)}


class ScriptedRoutine(Routine[Parameters]):
    """Scripted

    What it does
        Nothing real.
    """

    name: ClassVar[str] = "CLEANUP_MAINTENANCE"
    title: ClassVar[str] = "Scripted"
    version: ClassVar[str] = "1"
    concern: ClassVar[str] = "scripted"
    parameters = Parameters


def install(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Make the platform and its routine known beside the real ones for one test."""
    real_platforms, real_routines, real_concern = registry.platforms(), registry.routines(), registry.concern
    real_changes = registry.changes
    routine = ScriptedRoutine()
    monkeypatch.setattr(registry, "platforms", lambda: {**real_platforms, "scripted": ScriptedPlatform(world)})
    monkeypatch.setattr(registry, "routines", lambda: {**real_routines, routine.name: routine})
    monkeypatch.setattr(
        registry, "concern", lambda p, r: ScriptedConcern(world) if p == "scripted" else real_concern(p, r)
    )
    monkeypatch.setattr(registry, "changes", lambda p, c: CHANGES.get(c, ()) if p == "scripted" else real_changes(p, c))
