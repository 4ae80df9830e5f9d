"""What strategies can be generated from: operations, and templates that offer some of them.

Each is one TOML file, in `operations/` and `templates/` beside this module, or in a folder of the installation's own. In Python an
operation is done by a routine of the portal, with some of its parameters; in PL/SQL by the statements that stand in its file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from strategies import registry
from strategies.composed import SWITCH
from strategies.plans import Locks
from strategies.routines.base import Parameters

HERE = Path(__file__).parent
UNBOUND = 10**15
TYPES = (bool, int, float, str)  # of parameters
Word = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=50)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=30)]
Sentence = Annotated[str, Field(min_length=2, max_length=3000)]
BIND = re.compile(r"(?<![:\w]):([a-z]\w*)")


class LibraryRefused(ValueError):
    """A file of operations or templates that cannot be used; the text names it, and what is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=_Part)


class Example(_Part):
    """A database on which the operation is needed: for the strategy's own tests, and for ours."""

    setup: tuple[str, ...] = Field(min_length=1)
    target_object: str = "ALL"
    parameters: Mapping[Name, bool | int | float | str] = {}
    settled: bool = True  # whether nothing is needed any more once it was done


class OnPlatform(_Part):
    """What others feel of it on a product at worst, and whether what it does can be taken back there."""

    locks: Locks
    is_reversible: bool
    is_destructive: bool = False
    example: Example | None = None  # None where no need can be planted


class InPython(_Part):
    """The routine of the portal that does it: `settings` are parameters of it that the strategy has, `fixed` what it gets always."""

    routine: Word
    settings: tuple[Name, ...] = ()
    fixed: Mapping[Name, bool | int | float | str] = {}
    platforms: Mapping[Name, OnPlatform] = Field(min_length=1)


class InPlsql(_Part):
    """What an operation does in Oracle to objects of one type in the package's own schema.

    `look` is a query whose rows are the objects that need it: `object_name` and `reason`, a sentence; an object is done when it is not
    among them any more. `statement` is what one object gets, as PL/SQL over `v_object`; what is only told of has none. `specification`
    and `body` are subprograms that these call; `check` is a text: why it cannot be done at all, or NULL. `:name` in any of them is a
    parameter. `needs_object`: never for ALL; which object it is the look finds in `g_object`.
    """

    target_type: Word
    look: Sentence
    statement: str = Field(default="", max_length=4000)
    specification: str = Field(default="", max_length=4000)
    body: str = Field(default="", max_length=8000)
    check: str = Field(default="", max_length=1000)
    all_of: Sentence  # a query of all objects of this type: object_name
    needs_object: bool = False
    locks: Locks
    rights: tuple[Sentence, ...] = ()
    risk: Sentence
    undo: Sentence
    is_destructive: bool = False

    @property
    def binds(self) -> frozenset[str]:
        """The parameters that it takes."""
        return frozenset(
            BIND.findall("\n".join((self.look, self.statement, self.specification, self.body, self.check)))
        )


class Operation(_Part):
    """An operation type of the registry, and how it is done. `job_type` is that of jobs that do this alone.

    A strategy does its operations by their `order`, the least first, however its definition names them.
    """

    operation_type: Word
    title: Sentence
    what: Sentence
    job_type: Word
    order: int
    python: InPython
    plsql: tuple[InPlsql, ...] = Field(min_length=1)

    @property
    def target_types(self) -> frozenset[str]:
        return frozenset(work.target_type for work in self.plsql)

    @property
    def switch(self) -> str:
        """The parameter of a strategy that leaves this operation out."""
        return SWITCH + self.operation_type.lower()


class Template(_Part):
    """A type of strategy, and the operations that it offers."""

    strategy_type: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=20)]
    title: Sentence
    when_to_use: Sentence
    operations: tuple[Word, ...] = Field(min_length=1)
    job_type: Word
    schedule_type: Word = "WEEKLY"
    schedule_value: str = "SUNDAY 02:00"


@dataclass(frozen=True)
class Setting:
    """A parameter of a generated strategy: that of a routine of the portal, with its bounds."""

    name: str
    field: FieldInfo

    @property
    def type(self) -> type:
        """One of TYPES."""
        return cast(type, self.field.annotation)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most of a number; a parameter without them could be anything."""
        found = {
            kind: getattr(mark, kind) for mark in self.field.metadata for kind in ("ge", "le") if hasattr(mark, kind)
        }
        return found.get("ge", -UNBOUND), found.get("le", UNBOUND)

    @property
    def longest(self) -> int | None:
        """Of a text, in characters."""
        return next((mark.max_length for mark in self.field.metadata if hasattr(mark, "max_length")), None)

    @property
    def held_to(self) -> str:
        """What it may be, for people."""
        if self.field.annotation is bool:
            return "true or false"
        if self.field.annotation is str:
            return f"up to {self.longest} characters" if self.longest else "text"
        least, most = self.bounds
        return f"{least:,} to {most:,}"

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        bounded: Any = Annotated[self.field.annotation, Field(), *self.field.metadata]
        return TypeAdapter(bounded, config=ConfigDict(strict=True))

    def why_not(self, value: object) -> str:
        """Why this is no value of it, in words of the refusal; empty = it is one."""
        try:
            self._adapter.validate_python(value)
        except ValidationError as refusal:
            return "; ".join(error["msg"] for error in refusal.errors(include_url=False, include_input=False))
        return ""


@dataclass(frozen=True, eq=False)
class Library:
    """Operations and templates by name, and the parameters of each operation."""

    operations: Mapping[str, Operation]
    templates: Mapping[str, Template]

    @property
    def shared(self) -> dict[str, Setting]:
        """The parameters that every strategy has."""
        return {name: Setting(name, field) for name, field in Parameters.model_fields.items()}

    def settings(self, operations: Iterable[str]) -> dict[str, Setting]:
        """The parameters of these operations by name, each once."""
        found: dict[str, Setting] = {}
        for name in operations:
            work = self.operations[name].python
            fields = registry.own_routines()[work.routine].parameters.model_fields
            for setting in work.settings:
                found.setdefault(setting, Setting(setting, fields[setting]))
        return found


@cache
def library(*own: Path) -> Library:
    """The portal's, and behind them those of other folders; of two of one name the later counts. Raises LibraryRefused."""
    operations, templates = dict[str, Operation](), dict[str, Template]()
    for place in (HERE, *own):
        for path, operation in _read(place / "operations", Operation):
            _check(path, operation)
            operations[operation.operation_type] = operation
        for path, template in _read(place / "templates", Template):
            if missing := [name for name in template.operations if name not in operations]:
                raise LibraryRefused(f"{path}: it offers {', '.join(missing)}, which is no operation here")
            if {"ARCHIVE", "CLEANUP"} <= set(template.operations):
                raise LibraryRefused(f"{path}: it offers ARCHIVE and CLEANUP, which take the same rows")
            templates[template.strategy_type] = template
    _one_meaning(operations)
    in_order = sorted(operations.items(), key=lambda item: (item[1].order, item[0]))
    return Library(dict(in_order), templates)


def _one_meaning(operations: Mapping[str, Operation]) -> None:
    """A strategy has one parameter of a name, whichever of its operations take it. Raises LibraryRefused."""
    seen: dict[str, tuple[object, ...]] = {}
    for name, operation in operations.items():
        fields = registry.own_routines()[operation.python.routine].parameters.model_fields
        for setting in operation.python.settings:
            field = fields[setting]
            meaning = (field.annotation, field.default, *map(repr, field.metadata))
            if seen.setdefault(setting, meaning) != meaning:
                raise LibraryRefused(f"{name}: {setting} means something else in another operation")


def _read(folder: Path, kind: type[P]) -> Iterator[tuple[Path, P]]:
    for path in sorted(folder.glob("*.toml")):
        try:
            yield path, kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as refusal:
            raise LibraryRefused(f"{path}: {refusal}") from None
        except ValidationError as refusal:
            faults = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refusal.errors())
            raise LibraryRefused(f"{path}: {faults}") from None


def _check(path: Path, operation: Operation) -> None:
    """Raises LibraryRefused where it names what there is not, or a value that the routine refuses."""
    work = operation.python
    routine = registry.own_routines().get(work.routine)
    if routine is None:
        raise LibraryRefused(f"{path}: python.routine: {work.routine} is no routine of the portal")
    if not routine.can_be_part:
        raise LibraryRefused(f"{path}: python.routine: {work.routine} does nothing as a part of another strategy")
    if unknown := sorted(work.platforms.keys() - registry.platforms().keys()):
        raise LibraryRefused(f"{path}: python.platforms: {', '.join(unknown)} is no platform of the portal")
    fields = routine.parameters.model_fields
    for name in (*work.settings, *work.fixed):
        if name not in fields:
            raise LibraryRefused(f"{path}: {name} is no parameter of {work.routine}")
    for name in work.settings:
        if name in Parameters.model_fields:
            raise LibraryRefused(
                f"{path}: {name} is a parameter that every strategy has: leave it out of python.settings"
            )
        if fields[name].annotation not in TYPES:
            raise LibraryRefused(f"{path}: {name} is of a type that no package could read")
    for name, value in work.fixed.items():
        if why := Setting(name, fields[name]).why_not(value):
            raise LibraryRefused(f"{path}: python.fixed.{name}: {why}")
    for one in operation.plsql:
        if unknown := sorted(one.binds - set(work.settings)):
            raise LibraryRefused(
                f"{path}: that for {one.target_type} takes {', '.join(unknown)}, which are no settings"
            )
