"""What a product does to get packages that strategies call into a database, and out of it again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from strategies.plsql.scripts import Place, Unit

if TYPE_CHECKING:
    from strategies.platforms.base import Session


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done, to be shown before: `units` are sent in their order, `refusals` say why nothing is."""

    units: tuple[Unit, ...]
    refusals: tuple[str, ...] = ()


class DoesNotCompile(Exception):
    """What the database said of our own source, line by line."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = tuple(errors)


class Packages(ABC):
    """Of one product. Each takes a session on the database."""

    @abstractmethod
    def to_install(self, session: Session, place: Place, more: Sequence[Unit] = ()) -> Work:
        """Tables that are not there yet, and all that is compiled or filled anew; `more` behind it. Raises PlatformError."""

    @abstractmethod
    def to_remove(self, session: Session, place: Place) -> Work:
        """What of it is there and ours, as statements that remove it. Raises PlatformError."""

    @abstractmethod
    def send(self, session: Session, work: Work) -> None:
        """Send the statements; then ask what does not compile. Raises PlatformError, DoesNotCompile, ValueError for refused work."""
