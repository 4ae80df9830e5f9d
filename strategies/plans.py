"""The plain values that planning, running and proving hand to each other: frozen, without Django, safe to keep as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from strategies.assessments import Finding

UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)  # raised by `from_json` for what it did not write


class Locks(StrEnum):
    """What other sessions feel while a step runs, mildest first."""

    NONE = "none"
    DDL = "ddl"
    ROWS = "rows"
    WRITES = "writes"
    ALL = "all"

    @property
    def sentence(self) -> str:
        return {
            Locks.NONE: "Nobody waits.",
            Locks.DDL: "Reads and writes go on; other changes to the object's structure wait.",
            Locks.ROWS: "Reads go on, and writes to other rows; who writes the same rows waits until the step ends.",
            Locks.WRITES: "Reads go on; writes wait until the step ends.",
            Locks.ALL: "Reads and writes wait until the step ends.",
        }[self]


class ErrorClass(StrEnum):
    """What an error of a target means for what may be done next."""

    TRANSIENT = "transient"  # the same statement may succeed later: retried
    LOCK = "lock"  # somebody else holds the object: retried, then "skipped (busy)"
    PERMANENT = "permanent"  # will fail again until somebody changes something
    AUTHENTICATION = "authentication"  # nothing may try again by itself: accounts get locked
    CANCELLED = "cancelled"  # stopped because somebody or a limit asked for it
    LOST = "lost"  # the connection went away: the outcome is unknown until the target was asked

    @property
    def may_pass(self) -> bool:
        """Whether the same may succeed later although nobody has changed anything."""
        return self in (ErrorClass.TRANSIENT, ErrorClass.LOCK, ErrorClass.LOST)


@dataclass(frozen=True, slots=True)
class TargetError:
    """An error as the target gave it. `code` is the target's own (SQLSTATE, SQLite's name); `message` holds no secret."""

    error_class: ErrorClass
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code else self.message


@dataclass(frozen=True, slots=True)
class Meters:
    """What a step cost by the session's own counters. None = the platform cannot tell (*not measured*), never 0."""

    cpu_ms: int | None = None
    memory_mb: float | None = None
    io_operations: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step's statements ended on the target. `error` is None when the target reported none, which is no proof yet."""

    duration_ms: int
    error: TargetError | None = None
    meters: Meters = Meters()
    notices: tuple[str, ...] = ()
    answers: tuple[Mapping[str, Any], ...] = ()  # of a step that is a check: the rows that its statements gave


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running statement is: `fraction` 0..1 or None if unknown, `phase` in the target's words."""

    fraction: float | None
    phase: str


class StepRole(StrEnum):
    """What a step is for."""

    WORK = "work"
    CLEAN_UP = "clean_up"  # removes what a failed attempt left; made while the run goes on, never part of a plan
    REVERSAL = "reversal"  # takes an earlier step back


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action on one object.

    `statements` are sent in order in one session after `settings`; inside the transaction that `begin` opens, if there is one.
    `check` is what the platform compares with the catalogue before the step (still needed?) and after it (did it help?);
    where the step itself is a check, its `finds` is the kind of finding that it may bring, and its `looks_at` names what it looks
    at beyond the least that such a check does: damage that a thorough check has found is not ended by a slighter one.
    `undo` holds statements that bring the old state back; without them `undo_note` says why there is nothing to undo.
    `after` names the keys of steps that must have succeeded first.
    """

    key: str
    operation_type: str
    object: str
    object_type: str
    statements: tuple[str, ...]
    reason: str
    settings: tuple[str, ...] = ()
    begin: str = ""
    locks: Locks = Locks.NONE
    is_destructive: bool = False
    undo: tuple[str, ...] = ()
    undo_note: str = ""
    after: tuple[str, ...] = ()
    expected_ms: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] = field(default_factory=dict)
    role: StepRole = StepRole.WORK

    @property
    def sql(self) -> str:
        """Exactly what the target gets, settings first, for people to read."""
        lines = [*self.settings, *((self.begin,) if self.begin else ()), *self.statements]
        return "\n".join(f"{line};" for line in [*lines, *(("COMMIT",) if self.begin else ())])

    @property
    def is_reversible(self) -> bool:
        return bool(self.undo)

    @property
    def is_check(self) -> bool:
        """Whether it changes nothing, and is there to find out what a look cannot tell."""
        return "finds" in self.check

    @property
    def is_reversal(self) -> bool:
        return self.role is StepRole.REVERSAL

    def reversal(self) -> Step:
        """The step that takes this one back, in a transaction where this one is. Raises ValueError where there is none."""
        if not self.undo:
            raise ValueError(f"{self.key} cannot be undone: {self.undo_note}")
        return replace(
            self, key=f"undo:{self.key}", statements=self.undo, undo=(), undo_note="An undo is not undone; run the strategy again.",
            reason=f"Takes back: {self.reason}", after=(), role=StepRole.REVERSAL,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "locks": self.locks.value, "role": self.role.value, "sql": self.sql}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        values = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        for name in ("statements", "settings", "undo", "after"):
            values[name] = tuple(values.get(name, ()))
        role = StepRole(values.get("role", StepRole.WORK))
        return cls(**{**values, "locks": Locks(values["locks"]), "role": role})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one step may use on the target; None = as the target has it. `parallel_degree` 1 = the session alone."""

    memory_mb: int | None = None
    parallel_degree: int | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Limits:
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__ if name in kept})

    def as_json(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The exact steps of one run, frozen. `notes` say what was looked at and left alone, and why.

    `damage` tells, in sentences, what the look itself saw to be damaged: a run fails because of it, whatever its steps do.
    """

    strategy: str
    version: str
    platform: str
    target: str
    parameters: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    @property
    def is_read_only(self) -> bool:
        """Whether it changes nothing: it has no steps, or checks alone behind which nobody waits to read or to write."""
        return all(step.is_check and step.locks in (Locks.NONE, Locks.DDL) for step in self.steps)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that reaches the target, so that what runs can be compared with what was shown."""
        sealed = {
            "strategy": self.strategy,
            "version": self.version,
            "platform": self.platform,
            "target": self.target,
            "steps": [[s.key, s.settings, s.begin, s.statements, s.undo] for s in self.steps],
        }
        return hashlib.sha256(json.dumps(sealed, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return {
            "strategy": self.strategy,
            "version": self.version,
            "platform": self.platform,
            "target": self.target,
            "parameters": dict(self.parameters),
            "notes": list(self.notes),
            "damage": list(self.damage),
            "digest": self.digest,
            "steps": [step.as_json() for step in self.steps],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        names = ("strategy", "version", "platform", "target", "parameters")
        steps = tuple(Step.from_json(step) for step in data["steps"])
        damage = tuple(data.get("damage", ()))  # plans of earlier versions have none
        return cls(**{name: data[name] for name in names}, steps=steps, notes=tuple(data["notes"]), damage=damage)


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a step is still needed, asked of the target just before it starts; `why` is a sentence when it is not."""

    is_needed: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What the target says after a step. `ok` False means the step failed, whatever the statement reported.

    `error` is set where the target could not be asked, or where more can be said than the target's own error does.
    `finding` is what a check found; the target keeps it until a later check of the same object is clean. Where `ok` is False with
    it, it is damage, and the run fails; where `ok` is True, the check itself was good, and the run ends with a warning.
    """

    ok: bool
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    objects_affected: int = 1
    error: TargetError | None = None
    finding: Finding | None = None


class LeftBehind(StrEnum):
    """The state in which a step that did not succeed left its object."""

    CLEAN = "clean"
    NEEDS_CLEANUP = "needs_cleanup"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StateLeft:
    """What a failed, cancelled or lost step left on the target, in a sentence that also says how to clean it."""

    kind: LeftBehind
    message: str


@dataclass(frozen=True, slots=True)
class MissingRight:
    """A right the account lacks: what cannot be done (or seen) without it, and the statement that would grant it."""

    right: str
    needed_for: str
    grant: str
    blocks: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a target says of itself. `details` holds further named facts for the page, as label → text.

    `packages` are those in the database that implement a strategy: its name → OWNER.PACKAGE. `has_own_log`: strategies in it log into
    tables of its own, which the portal reads.
    """

    product: str
    version: str
    version_number: int
    database: str
    role: str
    user: str
    is_writable: bool
    size_bytes: int | None
    details: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    has_own_log: bool = False

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "details": dict(self.details), "packages": dict(self.packages)}
