"""What the customer states to have licensed, in the address: the database shows what is installed, and not what was bought.

`V$OPTION` says what is linked in, and CONTROL_MANAGEMENT_PACK_ACCESS stands at DIAGNOSTIC+TUNING whether bought or not. So
nothing that needs an edition, an option or a pack is planned unless the address says that it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strategies.platforms.base import AddressRefused, Session


class Edition(StrEnum):
    """The editions of 19c and newer. FREE has the features of EE within its limits; XE ended with 21c."""

    ENTERPRISE = "EE"
    STANDARD = "SE2"
    FREE = "FREE"

    @property
    def words(self) -> str:
        return {"EE": "Enterprise Edition", "SE2": "Standard Edition 2", "FREE": "Free"}[self.value]


LICENCES = {
    "partitioning": "Partitioning",
    "advanced_compression": "Advanced Compression",
    "diagnostics": "Diagnostics Pack",
    "tuning": "Tuning Pack",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """`edition` None = not stated, which counts as SE2: the least that any of them may do. `licensed` holds keys of LICENCES."""

    edition: Edition | None = None
    licensed: frozenset[str] = frozenset()

    @classmethod
    def read(cls, options: Mapping[str, str]) -> Stated:
        """From the options `edition` and `licensed` of an address. Raises AddressRefused, naming what is wrong."""
        word = options.get("edition", "").upper()
        if word and word not in list(Edition):
            raise AddressRefused(f"edition is one of {', '.join(Edition)}.")
        licensed = frozenset(filter(None, (name.strip().lower() for name in options.get("licensed", "").split(","))))
        if unknown := licensed - LICENCES.keys():
            raise AddressRefused(f"licensed names {', '.join(sorted(unknown))}; known are {', '.join(LICENCES)}.")
        if licensed and (Edition(word) if word else None) is not Edition.ENTERPRISE:
            raise AddressRefused("licensed is only for edition=EE: options and packs are sold for no other.")
        return cls(Edition(word) if word else None, licensed)

    @property
    def has_enterprise(self) -> bool:
        """Online rebuilds and moves, parallel statements, Flashback Table."""
        return self.edition in (Edition.ENTERPRISE, Edition.FREE)

    @property
    def has_partitioning(self) -> bool:
        return self.edition is Edition.FREE or "partitioning" in self.licensed

    def has(self, licence: str) -> bool:
        """Whether what a query's header asks for is there: `none`, `Enterprise Edition`, or a word of LICENCES."""
        if licence == "none":
            return True
        if licence == Edition.ENTERPRISE.words:
            return self.has_enterprise
        if licence == LICENCES["partitioning"]:
            return self.has_partitioning
        return licence in {LICENCES[name] for name in self.licensed}

    @property
    def words(self) -> str:
        """For the page of facts."""
        if self.edition is None:
            return "not stated: nothing that needs Enterprise Edition is planned"
        more = ", ".join(words for name, words in LICENCES.items() if name in self.licensed)
        return f"{self.edition.words}, as stated" + (f"; {more}" if more else "")


def stated_of(session: Session) -> Stated:
    """What the customer states to have, as the session carries it. A session that carries nothing has nothing."""
    stated = getattr(session, "stated", None)
    return stated if isinstance(stated, Stated) else Stated()
