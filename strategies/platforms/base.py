"""What every platform offers: addresses, sessions, errors told apart, queries kept as files, and the concerns that routines ask for.

A platform is a folder beside this file: `platform.py` holds a `Platform` named `PLATFORM`; each further module (`indexes.py`,
`statistics.py`, …) holds one `Concern` named `CONCERN`. Nothing here or there knows Django or our models.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from strategies.plans import (
    Assessment,
    Facts,
    Finding,
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

Row = Mapping[str, Any]
P = TypeVar("P", bound=BaseModel)


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


@dataclass(frozen=True, slots=True)
class Query:
    """A reading statement kept as a file; the header is what DBAs, the grants script and the checks read."""

    name: str
    sql: str
    purpose: str
    needs: str
    licence: str
    since: str


_HEADER = re.compile(r"^-- (purpose|needs|licence|since): (.+)$")


@cache
def load_query(platform: str, name: str) -> Query:
    """Read `platforms/<platform>/queries/<name>.sql`. Raises ValueError where a header line is missing."""
    path = Path(__file__).parent / platform / "queries" / f"{name}.sql"
    header: dict[str, str] = {}
    body: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not body and (match := _HEADER.match(line)):
            header[match[1]] = match[2].strip()
        else:
            body.append(line)
    if missing := {"purpose", "needs", "licence", "since"} - header.keys():
        raise ValueError(f"{path.name}: header without {', '.join(sorted(missing))}")
    return Query(name=name, sql="\n".join(body).strip().rstrip(";"), **header)


class Session(ABC):
    """One connection to a target. Used by one thread, but `cancel` and `progress` may be called from another."""

    session_id: str

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
class Precheck:
    """A condition of the target that a job may ask for before it starts. `ask` gives a sentence when it does not hold now."""

    name: str
    purpose: str
    ask: Callable[[Session], str]


class Platform(ABC):
    """A database product."""

    name: ClassVar[str]
    label: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    has_sessions: ClassVar[bool]  # can the target be asked which of our sessions live?
    takes_secret: ClassVar[bool]
    url_example: ClassVar[str]
    prechecks: ClassVar[Mapping[str, Precheck]] = {}

    @abstractmethod
    def limit_settings(self, limits: Limits) -> tuple[str, ...]:
        """Statements that hold a session to these limits, sent before each step. Raises NotSupported, naming the limit."""

    @abstractmethod
    def address(self, url: str) -> Address:
        """Read an address. Raises AddressRefused: unknown parts, a password in the URL, a relative path …"""

    @abstractmethod
    def connect(self, address: Address, secret: str | None, tag: SessionTag, *, timeout_seconds: float = 10) -> Session:
        """Open a tagged session. Raises PlatformError, with class AUTHENTICATION when the target refused the account."""

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

    def clean_up(self, session: Session, step: Step) -> list[Step]:
        """Steps that remove what a failed attempt of `step` left, before it is tried again. Raises PlatformError."""
        return []

    def verify_undo(self, session: Session, step: Step) -> Verification:
        """Asked of the target after the reversal of a step. Raises NotSupported where no step is reversible, PlatformError."""
        raise NotSupported("Steps of this kind cannot be undone.")

    @abstractmethod
    def state_left(self, session: Session, step: Step) -> StateLeft:
        """What a step that did not succeed left behind. Raises PlatformError."""
