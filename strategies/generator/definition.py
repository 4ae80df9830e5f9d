"""What a strategy that is to be generated is: values that a definition was read into, and what is wrong with one. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from strategies.generator.library import Library
from strategies.registrations import definition_digest

LONGEST = {"name": 50, "category": 30, "description": 200, "job": 128, "object": 128, "schedule_value": 100}
MOST_JOBS = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """`field` as it is typed, like `jobs[2].schedule_value`; `reason` is a sentence."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class DefinitionRefused(ValueError):
    """All that is wrong with a definition, in the order of its fields."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job of the strategy. `operations` empty = all of the strategy's; `depends_on` are names of jobs of the same definition."""

    name: str
    type: str
    schedule_type: str
    schedule_value: str
    schedule_timezone: str
    target_object: str
    target_type: str
    operations: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A strategy as it is to be generated. Names are in capitals, as the registry has them."""

    name: str
    type: str
    category: str
    description: str
    targets: tuple[str, ...]
    operations: tuple[str, ...]
    jobs: tuple[Job, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As `reading.read` takes it."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]  # tuples become lists

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the definition, however it was typed."""
        return definition_digest(self.as_json())


@dataclass(frozen=True, slots=True)
class Known:
    """What a definition may name: the library's parts, the words of the lookup tables, and the strategies that are the portal's own."""

    library: Library
    target_types: Collection[str]
    job_types: Collection[str]
    taken: Collection[str]
