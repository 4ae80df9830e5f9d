"""Reads a definition that was typed: every fault is named at once, with its place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from strategies.dependencies import cycle
from strategies.generator.definition import LONGEST, MOST_JOBS, Definition, DefinitionRefused, Fault, Job, Known
from strategies.generator.typed import Typed, kind, listed, shown
from strategies.generator.words import why_reserved, why_taken
from strategies.recurrence import ScheduleRefused, recurrence

LONGEST_VALUE = 1000  # of a parameter that is text; its routine may take less
_KEYS = ("name", "type", "category", "description", "targets", "operations", "jobs", "parameters")
_JOB_KEYS = (
    "name", "type", "schedule_type", "schedule_value", "schedule_timezone", "target_object", "target_type", "operations", "depends_on",
)  # fmt: skip
_UNREAD = Job(
    name="", type="", schedule_type="", schedule_value="", schedule_timezone="", target_object="", target_type=""
)


def read(values: object, known: Known) -> Definition:
    """The definition that was typed. Raises DefinitionRefused with every fault."""
    if not isinstance(values, Mapping):
        raise DefinitionRefused([Fault("definition", "A definition is an object with a name, a type, and so on.")])
    reader = _Reader(values, known)
    found = reader.definition()
    if reader.faults:
        raise DefinitionRefused(reader.faults)
    return found


class _Reader(Typed):
    """Reads field after field and goes on behind a fault; what a fault makes unreadable is left out of what follows from it."""

    def __init__(self, values: Mapping[Any, Any], known: Known) -> None:
        super().__init__()
        self.values, self.known = values, known

    def definition(self) -> Definition:
        for key in self.values:
            if key not in _KEYS:
                self.refuse(shown(key), f"is not part of a definition; these are: {', '.join(_KEYS)}.")
        name, strategy_type = self.name(), self.strategy_type()
        category, description = self.category(), self.description()
        targets = self.words("targets", self.known.target_types, "type of target")
        operations = self.words("operations", self.known.library.operations, "operation that can be generated")
        self.offered(strategy_type, operations)
        self.served(targets, operations)
        jobs = self.jobs(strategy_type, targets, operations)
        return Definition(
            name=name, type=strategy_type, category=category, description=description, targets=targets, operations=operations,
            jobs=jobs, parameters=self.parameters(operations),
        )  # fmt: skip

    # What it is.

    def name(self) -> str:
        name = self.identifier("name", self.values.get("name"), LONGEST["name"])
        if name and (why := why_reserved(name)):
            self.refuse("name", why)
        elif name in self.known.taken:
            self.refuse("name", why_taken(name))
        elif name.startswith("SYS_"):
            self.refuse("name", "Names that begin with SYS_ are Oracle's own.")
        return name

    def category(self) -> str:
        return self.identifier("category", self.values.get("category"), LONGEST["category"])

    def description(self) -> str:
        return self.text("description", self.values.get("description"), LONGEST["description"])

    def strategy_type(self) -> str:
        found = self.text("type", self.values.get("type"), 100).upper()
        if found and found not in self.known.library.templates:
            self.refuse("type", f"{shown(found)} is no template; these are: {listed(self.known.library.templates)}.")
            return ""
        return found

    def words(self, place: str, known: Collection[str], what: str) -> tuple[str, ...]:
        value = self.values.get(place)
        before = len(self.faults)
        items = self.items(place, value)
        if not items and len(self.faults) == before:
            self.refuse(place, "is missing: name one or more.")
        return tuple(self.each_known(place, items, known, what))

    def offered(self, strategy_type: str, operations: Sequence[str]) -> None:
        if not strategy_type:
            return
        offered = self.known.library.templates[strategy_type].operations
        for name in operations:
            if name not in offered:
                self.refuse(
                    "operations", f"The template {strategy_type} does not offer {name}; it offers {listed(offered)}."
                )

    def served(self, targets: Sequence[str], operations: Sequence[str]) -> None:
        """An operation without any of the targets would do nothing, and neither would a target without any of the operations."""
        if not targets or not operations:
            return
        found = {name: self.known.library.operations[name].target_types for name in operations}
        for name, types in found.items():
            if types.isdisjoint(targets):
                self.refuse("operations", f"{name} works on {listed(types)}, and none of these is among the targets.")
        for target in targets:
            if not any(target in types for types in found.values()):
                self.refuse("targets", f"None of the operations works on {target}.")

    # Jobs.

    def jobs(self, strategy_type: str, targets: Sequence[str], operations: Sequence[str]) -> tuple[Job, ...]:
        items = self.items("jobs", self.values.get("jobs"))
        if len(items) > MOST_JOBS:
            self.refuse("jobs", f"are {len(items)}; {MOST_JOBS} is the most.")
            return ()
        found = [
            self.job(f"jobs[{number}]", item, strategy_type, targets, operations) for number, item in enumerate(items)
        ]
        self.names_differ(found)
        self.dependencies(found)
        return tuple(found)

    def job(
        self, here: str, item: object, strategy_type: str, targets: Sequence[str], operations: Sequence[str]
    ) -> Job:
        given: Mapping[Any, Any] = self.job_of_type(item, operations) if isinstance(item, str) else {}
        if isinstance(item, Mapping):
            given = item
        elif not isinstance(item, str):
            self.refuse(here, f"is a type of job, or an object with a name, a type, and so on, not {kind(item)}.")
        for key in given:
            if key not in _JOB_KEYS:
                self.refuse(f"{here}.{shown(key)}", f"is not part of a job; these are: {', '.join(_JOB_KEYS)}.")
        template = self.known.library.templates.get(strategy_type)
        usual = ("WEEKLY", "") if template is None else (template.schedule_type, template.schedule_value)
        schedule_type, schedule_value, schedule_timezone = self.schedule(here, given, *usual)
        if not isinstance(item, str | Mapping):
            return _UNREAD
        return Job(
            name=self.identifier(f"{here}.name", given.get("name", given.get("type")), LONGEST["job"]),
            type=self.one_of(f"{here}.type", given.get("type", template and template.job_type), self.known.job_types, "type of job"),
            schedule_type=schedule_type, schedule_value=schedule_value, schedule_timezone=schedule_timezone,
            target_object=self.text(f"{here}.target_object", given.get("target_object", "ALL"), LONGEST["object"]),
            target_type=self.one_of(
                f"{here}.target_type", given.get("target_type", targets[0] if targets else None), targets, "target of the definition"
            ),
            operations=tuple(
                self.each_known(
                    f"{here}.operations", self.items(f"{here}.operations", given.get("operations")), operations,
                    "operation of the definition",
                )
            ),
            depends_on=tuple(self.others(f"{here}.depends_on", given.get("depends_on"))),
        )  # fmt: skip

    def job_of_type(self, word: str, operations: Sequence[str]) -> Mapping[str, Any]:
        """The job that a word means: what is done by jobs of this type, or everything."""
        own = [name for name in operations if self.known.library.operations[name].job_type == word.strip().upper()]
        return {"type": word, "name": word, **({"operations": own} if 0 < len(own) < len(operations) else {})}

    def others(self, place: str, value: object) -> Iterator[str]:
        """Names of jobs, each once."""
        seen = set()
        for number, one in enumerate(self.items(place, value)):
            name = self.identifier(f"{place}[{number}]", one, LONGEST["job"])
            if name in seen:
                self.refuse(f"{place}[{number}]", f"{name} stands here twice.")
            elif name:
                yield name
            seen.add(name)

    def schedule(self, here: str, given: Mapping[Any, Any], usual_type: str, usual_value: str) -> tuple[str, str, str]:
        has_none = given.get("schedule_type") is None
        schedule_type = (
            usual_type if has_none else self.text(f"{here}.schedule_type", given["schedule_type"], 100).upper()
        )
        value = self.text(
            f"{here}.schedule_value", given.get("schedule_value", usual_value if has_none else ""), LONGEST["schedule_value"],
            is_needed=False,
        )  # fmt: skip
        zone = self.text(f"{here}.schedule_timezone", given.get("schedule_timezone", "UTC"), 64)
        if schedule_type and zone:
            for known in dict.fromkeys((zone, "UTC")):  # a time is judged also where its zone is none
                try:
                    recurrence(schedule_type, value, known)
                    break
                except ScheduleRefused as refusal:
                    self.refuse(f"{here}.{refusal.field}", str(refusal))
                    if refusal.field != "schedule_timezone":
                        break
        return schedule_type, value, zone

    def names_differ(self, jobs: Sequence[Job]) -> None:
        seen: dict[str, int] = {}
        for number, job in enumerate(jobs):
            if job.name and job.name in seen:
                self.refuse(f"jobs[{number}].name", f"{job.name} is the name of jobs[{seen[job.name]}], too.")
            elif job.name:
                seen[job.name] = number

    def dependencies(self, jobs: Sequence[Job]) -> None:
        by_name = {job.name: job for job in jobs if job.name}
        for number, job in enumerate(jobs):
            for name in job.depends_on:
                if name not in by_name:
                    self.refuse(f"jobs[{number}].depends_on", f"{name} is no job of this definition.")
        told: set[str] = set()
        for number, job in enumerate(jobs):
            if not job.name or job.name in told:
                continue
            way = cycle(job.name, lambda name: by_name[str(name)].depends_on if name in by_name else ())
            if way:
                told |= set(map(str, way))
                self.refuse(f"jobs[{number}].depends_on", f"goes round in a circle: {' → '.join(map(str, way))}.")

    # Parameters.

    def parameters(self, operations: Sequence[str]) -> dict[str, Any]:
        given = self.values.get("parameters")
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self.refuse("parameters", f"are an object with names and values, not {kind(given)}.")
            return {}
        settings = self.known.library.settings(operations)
        for name, value in given.items():
            place = f"parameters.{shown(name)}"
            if name not in settings:
                self.refuse(place, f"is no parameter of these operations; these are: {listed(settings) or 'none'}.")
            elif isinstance(value, str) and value and not self.text(place, value, LONGEST_VALUE):
                continue
            elif why := settings[name].why_not(value):
                self.refuse(place, f"{shown(value)} is refused: {why}.")
        return {str(name): value for name, value in given.items()}
