"""What every platform offers: addresses, sessions, errors told apart, and the concerns that routines ask for.

A platform is a folder beside this file: `platform.py` holds a `Platform` named `PLATFORM`; each further module (`indexes.py`,
`statistics.py`, …) holds one `Concern` named `CONCERN`. Nothing here or there knows Django or our models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from strategies.assessments import Assessment, Finding
from strategies.load import Load
from strategies.plans import (
    Facts,
    Limits,
    MissingRight,
    Need,
    Outcome,
    Progress,
    StateLeft,
    Step,
    TargetError,
    Verification,
)
from strategies.platforms.packages import Packages
from strategies.platforms.queries import Query, Right

Row = Mapping[str, Any]
P = TypeVar("P", bound=BaseModel)
EVERYTHING = frozenset({"ALL", "ALL_INDEXES", "ALL_TABLES"})  # what a look is at when it names no object


class AddressRefused(ValueError):
    """An address that cannot be one of this platform; the text says why, for the person who typed it."""


class PlatformError(Exception):
    """The target refused, or could not be reached. `error` says how, and what may be done next."""

    def __init__(self, error: TargetError) -> None:
        super().__init__(str(error))
        self.error = error


class ObjectUnknown(ValueError):
    """The target has no object of that name; the text says so, for the person who typed it."""


class NotSupported(Exception):
    """This platform (or this version of it) has no such thing. Raised, never answered with an empty result."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target is, without any secret. `url` is its one text form, without a password."""

    platform: str
    url: str
    database: str
    host: str = ""
    port: int | None = None
    user: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionTag:
    """What our sessions carry, so that the target itself can be asked whether a run is still alive.

    `portal` is this installation's id (8 hex digits): two portals on one target never take each other's sessions for their own.
    """

    portal: str
    purpose: str
    run: int | None = None

    @property
    def text(self) -> str:
        return f"mportal:{self.portal} " + (f"run:{self.run}" if self.run is not None else self.purpose)


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """One of our sessions as the target lists it. `is_working` is False when it is connected but idle."""

    session_id: str
    is_working: bool
    statement: str
    working_seconds: float | None


class Session(ABC):
    """One connection to a target. Used by one thread, but `cancel` and `progress` may be called from another."""

    session_id: str
    # For how long one statement may keep others from writing; None = as long as it takes. Set on the portal's own database,
    # which a run cannot do without for longer: its signs of life are written there.
    longest_hold_seconds: float | None = None

    @abstractmethod
    def facts(self) -> Facts:
        """What the target says of itself. Raises PlatformError."""

    @abstractmethod
    def rows(self, query: Query, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Run a reading query. Raises PlatformError."""

    @abstractmethod
    def execute(self, step: Step) -> Outcome:
        """Send the settings and statements of a step, metered. A refusal is an Outcome with an error, not an exception."""

    @abstractmethod
    def cancel(self) -> None:
        """Ask the target to stop what this session runs now; it then ends with an error of class CANCELLED."""

    @contextmanager
    def at_work(self, *, limit_seconds: float | None = None) -> Iterator[None]:
        """A piece of work, such as a look of many queries: a cancel between two of them stops the next, and none of those after it.

        With `limit_seconds`, what is asked within ends with an error of class CANCELLED once they have passed. Sessions that
        tell a piece of work from single queries, or know such a limit, say so by overriding this.
        """
        yield

    def only_read(self, schema: str) -> None:
        """From here on nothing is changed where the product can see to that, and tables without an owner are those of this schema.

        Raises PlatformError, NotSupported.
        """
        raise NotSupported("Tables of another schema cannot be read through a session like this.")

    @abstractmethod
    def progress(self) -> Progress | None:
        """How far the statement that runs in this session is, asked through a connection of its own; None = nothing runs."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of statement that changes something, as people read it.

    In `form`, `<name>` stands for what is filled in, `[word]` may be absent, and of `{a|b}` it is one.
    """

    form: str
    purpose: str
    licence: str = "none"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a precheck does not hold now, in a sentence. Where it does not block it is said with the run, which starts all the same."""

    sentence: str
    blocks: bool = True

    def __str__(self) -> str:
        return self.sentence


class Unasked(StrEnum):
    """What a check means for a run that changes something and whose job does not name it."""

    LEFT_OUT = "left_out"
    NOTED = "noted"  # asked, and what it finds is said with the run
    HOLDS = "holds"  # asked as if the job had named it


@dataclass(frozen=True, slots=True)
class Precheck:
    """A condition of the target that a job may ask for before it starts. `ask` gives None while it holds; it raises PlatformError."""

    name: str
    purpose: str
    ask: Callable[[Session], Problem | None]
    unasked: Unasked = Unasked.LEFT_OUT


class Platform(ABC):
    """A database product."""

    name: ClassVar[str]
    label: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    has_packages: ClassVar[bool] = False  # can packages in the database do the work of strategies?
    has_sessions: ClassVar[bool]  # can the target be asked which of our sessions live?
    takes_secret: ClassVar[bool]
    needs_secret: ClassVar[bool] = False  # nobody signs in without one
    url_example: ClassVar[str]
    url_note: ClassVar[str] = ""  # a sentence for who types an address
    prechecks: ClassVar[Mapping[str, Precheck]] = {}
    queries: ClassVar[tuple[str, ...]] = ()  # what the platform itself reads, whichever strategy is used
    rights: ClassVar[tuple[Right, ...]] = ()  # what it needs beside those that the headers of its queries name
    framework_queries: ClassVar[tuple[str, ...]] = ()  # that read the older framework for partitions
    framework_rights: ClassVar[tuple[Right, ...]] = ()  # what those need beside their headers
    shell: ClassVar[str] = ""  # the program that runs a script of grants; empty = the product has no accounts
    remark: ClassVar[str] = "--"  # how a line that this program leaves alone begins
    preamble: ClassVar[
        tuple[str, ...]
    ] = ()  # lines with which a script begins, so that this program takes names as they are

    @abstractmethod
    def limit_settings(self, limits: Limits) -> tuple[str, ...]:
        """Statements that hold a session to these limits, sent before each step. Raises NotSupported, naming the limit."""

    @abstractmethod
    def address(self, url: str) -> Address:
        """Read an address. Raises AddressRefused: unknown parts, a password in the URL, a relative path …"""

    def schema_named(self, typed: str) -> str:
        """The name of a schema as the database holds it, from what a person typed. Raises ValueError."""
        return typed

    @abstractmethod
    def connect(self, address: Address, secret: str | None, tag: SessionTag, *, timeout_seconds: float = 10) -> Session:
        """Open a tagged session. Raises PlatformError, with class AUTHENTICATION when the target refused the account."""

    def missing_rights(self, session: Session) -> list[MissingRight]:
        """Rights that the account lacks for what the platform itself reads. Raises PlatformError."""
        return []

    def account(self, typed: str) -> str:
        """The name of an account as the database holds it, from what a person typed. Raises ValueError, NotSupported."""
        raise NotSupported(f"{self.label} has no accounts: who may read and write the file may do everything.")

    def grant(self, privilege: str, account: str) -> str:
        """What gives the account (as the database holds its name) one right, as lines for `shell`. Raises NotSupported, ValueError."""
        raise NotSupported(f"{self.label} has no accounts: who may read and write the file may do everything.")

    def load(self, session: Session) -> Load:
        """How busy others keep the database now, this portal's own sessions apart. Raises PlatformError, NotSupported."""
        raise NotSupported(f"{self.label} does not tell how busy it is.")

    def package_concern(self, strategy: str) -> Concern[Any]:
        """How a package in a database of this product does a strategy. Raises NotSupported where none can."""
        raise NotSupported(f"No package can do {strategy} on {self.label}.")

    def packages(self) -> Packages:
        """How packages that strategies call get into a database of this product. Raises NotSupported where none can."""
        raise NotSupported(f"{self.label} has no packages; strategies written in Python log by themselves.")

    def logged(self, session: Session, since: datetime, after: int) -> list[Row]:
        """What strategies in the database have logged there: rows that changed since this instant, those of the instant itself from
        behind the number `after` on; a portion, in the order of change. Raises PlatformError, NotSupported.
        """
        raise NotSupported(f"{self.label} has no log of its own that strategies write into.")

    @abstractmethod
    def our_sessions(self, session: Session, tag: SessionTag) -> list[RemoteSession]:
        """The live sessions that carry this tag, besides `session`. Raises NotSupported without sessions, PlatformError."""

    @abstractmethod
    def end_session(self, session: Session, remote: RemoteSession, *, force: bool) -> bool:
        """Cancel (or with `force` end) one of our sessions; True if the target accepted. Raises NotSupported, PlatformError."""


class Concern(ABC, Generic[P]):
    """What one routine needs of one platform: reading the catalogue, judging it, building statements, checking afterwards.

    `judge` and `steps` are pure, so that tests can hold them to tables of *situation → exact statements*.
    """

    queries: ClassVar[tuple[str, ...]]
    optional_queries: ClassVar[frozenset[str]] = frozenset()  # those that it can do without, and then tells less
    rights: ClassVar[tuple[Right, ...]] = ()  # what its steps need; what its queries need stands in their headers
    damage: ClassVar[frozenset[str]] = frozenset()  # kinds of findings that are damage, where they are critical

    @abstractmethod
    def missing_rights(self, session: Session, parameters: P) -> list[MissingRight]:
        """Rights that the account lacks for this concern. Raises PlatformError."""

    @abstractmethod
    def assess(self, session: Session, parameters: P, target_object: str) -> Assessment:
        """Needs found on the target. `target_object` is ALL or one object as pages name it. Raises PlatformError."""

    @abstractmethod
    def steps(self, findings: Sequence[Finding], parameters: P) -> list[Step]:
        """The statements that meet these needs, in the order in which they must run. Pure."""

    @abstractmethod
    def is_needed(self, session: Session, step: Step) -> Need:
        """Asked of the target just before the step starts (also when a run is resumed). Raises PlatformError."""

    @abstractmethod
    def verify(self, session: Session, step: Step, outcome: Outcome | None) -> Verification:
        """Asked of the target after the step; `outcome` is None when the worker was lost meanwhile. Raises PlatformError."""

    def explain(self, step: Step, error: TargetError) -> Verification | None:
        """What the target's refusal of a step means, where more can be said than the error does. Pure."""
        return None

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        """Steps that remove what a failed attempt of `step` left, before it is tried again. Raises PlatformError."""
        return []

    def verify_undo(self, session: Session, step: Step) -> Verification:
        """Asked of the target after the reversal of a step. Raises NotSupported where no step is reversible, PlatformError."""
        raise NotSupported("Steps of this kind cannot be undone.")

    @abstractmethod
    def state_left(self, session: Session, step: Step) -> StateLeft:
        """What a step that did not succeed left behind. Raises PlatformError."""
