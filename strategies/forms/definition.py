"""The form of a definition of a strategy: it takes whatever is typed, since `generator.reading` judges that, and loses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from strategies.forms.definition_values import JOB_COUNT, LISTS, job_field, parts
from strategies.forms.parameters import PREFIX
from strategies.generator.definition import MOST_JOBS, Fault, Known
from strategies.generator.library import Setting
from strategies.models import ScheduleType

JOB_KEYS = (
    "name", "type", "schedule_type", "schedule_value", "schedule_timezone", "target_object", "target_type", "depends_on", "operations",
)  # fmt: skip
_LABELS = {
    "name": ("Name", "Capitals, digits and underscores, like NIGHTLY_TIDY."),
    "category": ("Category", "Where the registry lists it, like DATABASE."),
    "description": ("Description", "One sentence on what it is for."),
    "job.name": ("Name", "Like NIGHTLY_STATISTICS."),
    "job.schedule_value": ("Time, day or event", "Empty, with an empty schedule: that of the template."),
    "job.schedule_timezone": ("Time zone", "Like Europe/Vienna; empty: UTC."),
    "job.target_object": ("Object", "Empty: ALL."),
    "job.depends_on": ("After the jobs", "Names of jobs of this strategy, separated by commas."),
}
_JOB_PLACE = re.compile(r"jobs\[(\d{1,6})\](?:\.(\w+)(?:\[\d+\])?)?")
# How reasons begin that go on after the name of a field.
_BEGINNINGS = {"is missing": "Missing", "are ": "They are "} | {
    f"{word} ": f"It {word} " for word in ("is", "has", "holds", "goes")
}
_PLACE = re.compile(r"(\w+)(?:\[\d+\])?")


class _AsTyped(forms.Field):
    """Its value is what was typed, whatever that is."""

    def __init__(self, label: str, widget: forms.Widget, help_text: str = "") -> None:
        super().__init__(required=False, label=label, widget=widget, help_text=help_text)


@dataclass(frozen=True, slots=True)
class OperationPart:
    """An operation as the form offers it, and its parameters; of those that several have, each stands with the first of these."""

    name: str
    title: str
    what: str
    id: str
    is_chosen: bool
    offered_by: str
    parameters: list[forms.BoundField]
    elsewhere: list[forms.BoundField]  # those of its parameters that stand with another


@dataclass(frozen=True, slots=True)
class JobPart:
    number: int  # of its fields, from 0
    fields: list[forms.BoundField]
    operations: forms.BoundField
    is_at_fault: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A fault as it stands above the form; `anchor` is the id of its field."""

    anchor: str
    label: str
    reason: str


class DefinitionForm(forms.Form):
    """`values` is what was typed, as `generator.reading.read` takes it; `tell` puts faults to their fields."""

    def __init__(self, sent: QueryDict, known: Known) -> None:
        super().__init__(sent)
        self.library = known.library
        self.job_count = _count(sent.get(JOB_COUNT, ""))
        self.fields[JOB_COUNT] = forms.Field(required=False, widget=forms.HiddenInput)
        offered = {word for one in known.library.operations.values() for word in one.target_types}
        self._text("name")
        self._choice(
            "type", "Template", [(name, one.title) for name, one in known.library.templates.items()], "Choose…"
        )
        self._text("category")
        self._text("description")
        self._choices("targets", "Works on", sorted(offered & set(known.target_types)))
        self._choices("operations", "Operations", list(known.library.operations))
        for name, setting in known.library.settings(known.library.operations).items():
            self.fields[PREFIX + name] = _parameter(setting)
        kinds = list(ScheduleType.objects.filter(is_active=True).values_list("schedule_type", flat=True))
        for number in range(self.job_count):
            self._job(number, known, kinds, sorted(offered & set(known.target_types)))
        self._rows = [number for number in range(self.job_count) if self._job_values(number)]
        self.told: list[Told] = []

    # Its fields.

    def _text(self, name: str, key: str = "") -> None:
        label, words = _LABELS[key or name]
        self.fields[name] = _AsTyped(label, forms.TextInput(attrs={"autocomplete": "off"}), words)

    def _choice(self, name: str, label: str, choices: Sequence[tuple[str, str]], empty: str) -> None:
        """What was typed and is none of them is offered as it is."""
        typed = str(self.data.get(name) or "")
        others = [(typed, typed)] if typed and typed not in dict(choices) else []
        self.fields[name] = _AsTyped(label, forms.Select(choices=[("", empty), *choices, *others]))

    def _choices(self, name: str, label: str, words: Sequence[str], help_text: str = "") -> None:
        """What is chosen stands first, in the order that it has in the definition: so it comes back."""
        choices = [(word, word) for word in dict.fromkeys((*self._sent(name), *words))]
        self.fields[name] = _AsTyped(label, forms.CheckboxSelectMultiple(choices=choices), help_text)

    def _job(self, number: int, known: Known, kinds: Sequence[str], targets: Sequence[str]) -> None:
        here = job_field(number, "")
        self._text(here + "name", "job.name")
        self._choice(here + "type", "Job type", _words(sorted(known.job_types)), "That of the template")
        self._choice(here + "schedule_type", "Schedule", _words(kinds), "That of the template")
        self._text(here + "schedule_value", "job.schedule_value")
        self._text(here + "schedule_timezone", "job.schedule_timezone")
        self._text(here + "target_object", "job.target_object")
        self._choice(
            here + "target_type", "Object type", [(word, word) for word in targets], "The first of the strategy"
        )
        self._text(here + "depends_on", "job.depends_on")
        self._choices(
            here + "operations", "Operations", list(known.library.operations), "None chosen: all of the strategy."
        )

    # What was typed.

    def _sent(self, name: str) -> list[str]:
        data: Any = self.data
        return [word for word in data.getlist(name) if word.strip()]

    def _typed(self, name: str) -> str:
        text = str(self.data.get(name) or "")
        return text if text.strip() else ""

    @property
    def values(self) -> dict[str, Any]:
        """What is left empty is left out."""
        parameters = {
            name: _value(text, setting)
            for name, setting in self.library.settings(self.library.operations).items()
            if (text := self._typed(PREFIX + name))
        }
        found = {
            **{name: self._typed(name) for name in ("name", "type", "category", "description")},
            "targets": self._sent("targets"),
            "operations": self._sent("operations"),
            "jobs": [self._job_values(number) for number in self._rows],
            "parameters": parameters,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def said(self) -> dict[str, Any]:
        """The same, with the jobs in which nothing is typed."""
        return {**self.values, "jobs": self.rows()}

    def rows(self) -> list[dict[str, Any]]:
        """The jobs, also those in which nothing is typed."""
        return [self._job_values(number) for number in range(self.job_count)]

    def _job_values(self, number: int) -> dict[str, Any]:
        here = job_field(number, "")
        found: dict[str, Any] = {key: self._typed(here + key) for key in JOB_KEYS if key not in LISTS}
        found["depends_on"] = parts(self._typed(here + "depends_on"))
        found["operations"] = self._sent(here + "operations")
        return {name: value for name, value in found.items() if value}

    # Faults.

    def tell(self, faults: Sequence[Fault]) -> None:
        self.full_clean()
        for fault in faults:
            name = self._field_of(fault.field)
            reason = _sentence(self._counted(fault.reason))
            if name is None:
                self.add_error(None, f"{fault.field}: {reason}")
                continue
            self.add_error(name, reason)
            bound = self[name]
            self.told.append(Told(bound.id_for_label or f"{bound.auto_id}_0", self._label_of(name), reason))

    def _counted(self, reason: str) -> str:
        """Jobs as the form counts them."""
        numbers = dict(enumerate(self._rows))
        return re.sub(r"jobs\[(\d{1,6})\]", lambda found: f"job {numbers.get(int(found[1]), 0) + 1}", reason)

    def _field_of(self, place: str) -> str | None:
        if (found := _JOB_PLACE.fullmatch(place)) and int(found[1]) < len(self._rows):
            return job_field(self._rows[int(found[1])], found[2] if found[2] in JOB_KEYS else "name")
        name = place.replace("parameters.", PREFIX) if place.startswith("parameters.") else _without_number(place)
        return name if name in self.fields else None

    def _label_of(self, name: str) -> str:
        label = str(self.fields[name].label)
        number = re.match(r"job-(\d+)-", name)
        return f"Job {int(number[1]) + 1}, {label.lower()}" if number else label

    # As the page shows them.

    @property
    def operation_parts(self) -> list[OperationPart]:
        shown: set[str] = set()
        chosen = self._sent("operations")
        found = []
        for number, (name, _) in enumerate(self.fields["operations"].widget.choices):
            one = self.library.operations.get(name)
            settings = () if one is None else one.python.settings
            here = [word for word in settings if word not in shown]
            offered_by = [row.title for row in self.library.templates.values() if name in row.operations]
            found.append(
                OperationPart(
                    name, one.title if one else "Unknown", one.what if one else "There is no such operation here.",
                    f"id_operations_{number}", name in chosen, ", ".join(offered_by),
                    [self[PREFIX + word] for word in here], [self[PREFIX + word] for word in settings if word in shown],
                )
            )  # fmt: skip
            shown.update(here)
        return found

    @property
    def job_parts(self) -> Iterator[JobPart]:
        for number in range(self.job_count):
            *fields, operations = (self[job_field(number, key)] for key in JOB_KEYS)
            yield JobPart(number, fields, operations, any(field.errors for field in (*fields, operations)))

    def begin_at_last_job(self) -> None:
        """The page opens there, not at its top."""
        if self.job_count:
            self.fields[job_field(self.job_count - 1, "name")].widget.attrs["autofocus"] = True

    @property
    def has_room(self) -> bool:
        """For one more job."""
        return self.job_count < MOST_JOBS


def _count(text: str) -> int:
    return min(int(text), MOST_JOBS) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _words(words: Sequence[str]) -> list[tuple[str, str]]:
    return [(word, word.replace("_", " ").capitalize()) for word in words]


def _without_number(place: str) -> str:
    found = _PLACE.fullmatch(place)
    return found[1] if found else ""


def _parameter(setting: Setting) -> forms.Field:
    field = setting.field
    words = f"{field.description} Takes {setting.held_to}."
    if setting.type is bool:
        usual = "Default: yes" if field.default else "Default: no"
        choices = [("", usual), ("true", "Yes"), ("false", "No")]
        return _AsTyped(str(field.title), forms.Select(choices=choices), str(field.description))
    usual = f"{field.default:,g}" if setting.type in (int, float) else str(field.default)
    attrs = {"placeholder": f"Default: {usual or 'empty'}", "autocomplete": "off"}
    if setting.type in (int, float):
        attrs["inputmode"] = "decimal"
    return _AsTyped(str(field.title), forms.TextInput(attrs=attrs), words)


def _value(text: str, setting: Setting) -> Any:
    """As its type would write it; what that cannot be stays text, and is refused as such."""
    word = text.strip()
    if setting.type is bool:
        return {"true": True, "false": False}.get(word, text)
    if setting.type in (int, float) and re.fullmatch(r"-?\d{1,18}", word, re.ASCII):
        return int(word)
    if setting.type in (int, float) and re.fullmatch(
        r"-?\d{1,18}(\.\d{1,18})?(e[-+]?\d{1,2})?", word, re.ASCII | re.IGNORECASE
    ):
        return float(word)
    return text


def _sentence(reason: str) -> str:
    """A reason that goes on after the name of a field, as a sentence of its own."""
    for begins, instead in _BEGINNINGS.items():
        if reason.startswith(begins):
            return instead + reason.removeprefix(begins)
    return reason
