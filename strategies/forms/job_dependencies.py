"""The rows of a job's form in which the jobs are chosen that it waits for, and the text that they are kept as."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from strategies.dependencies import Dependency, DependencyRefused, On, parse_jobs
from strategies.forms.job_fields import Part
from strategies.models import MaintenanceJob

MOST_ROWS = 50
AS_TYPED = "depends_as_typed"
_COLUMN = 1000  # characters
_NUMBER = re.compile(r"(\d{1,18})(?:\s.*)?", re.ASCII)  # alone, or as the suggestions have it: 12 NIGHTLY


def job_field(row: int) -> str:
    return f"depends-{row}-job"


def on_field(row: int) -> str:
    return f"depends-{row}-on"


def rows_in(names: Container[str]) -> int:
    """How many rows there are among these names of fields, at most MOST_ROWS."""
    return next((row for row in range(MOST_ROWS) if job_field(row) not in names), MOST_ROWS)


def part(
    job: MaintenanceJob | None, typed: Mapping[str, Any], visible: QuerySet[MaintenanceJob], *, is_bound: bool
) -> Part:
    """A row for each job that is waited for, and, unless something was sent, some to add more. One query at most."""
    entries, text = stored(job)
    names = _names([entry.job for entry in entries], visible)
    made = Part()
    filled = sum(bool(typed.get(job_field(row))) for row in range(rows_in(typed)))
    count = rows_in(typed) if is_bound else min(max(len(entries), filled) + 2, MOST_ROWS)
    for row in range(max(count, len(entries), 1)):
        made.fields[job_field(row)] = forms.CharField(
            label=f"Job {row + 1}", max_length=200, required=False, widget=forms.TextInput(attrs={"list": "jobs"})
        )
        made.fields[on_field(row)] = forms.ChoiceField(
            label=f"When job {row + 1}", required=False, choices=[(on.value, on.words) for on in On]
        )
        if row < len(entries):
            name = names.get(entries[row].job, "")
            made.initial.update(
                {job_field(row): f"{entries[row].job} {name}".strip(), on_field(row): entries[row].on.value}
            )
    if text or AS_TYPED in typed:
        made.fields[AS_TYPED] = forms.CharField(
            label="Jobs as they were typed", max_length=_COLUMN, required=False,
            help_text="This cannot be read as a list like 12, 15:failure. Empty it to take it away.",
        )  # fmt: skip
        made.initial[AS_TYPED] = text
    return made


def _names(numbers: Sequence[int], visible: QuerySet[MaintenanceJob]) -> dict[int, str]:
    return dict(visible.filter(pk__in=numbers).values_list("pk", "job_name")) if numbers else {}


def stored(job: MaintenanceJob | None) -> tuple[Sequence[Dependency], str]:
    """What the row says; where it cannot be read, its text."""
    text = job.depends_on_jobs if job is not None else None
    try:
        return parse_jobs(text), ""
    except DependencyRefused:
        return (), text or ""


def read(
    cleaned: Mapping[str, Any], job: MaintenanceJob | None, visible: QuerySet[MaintenanceJob]
) -> tuple[str | None, dict[str, str]]:
    """The column's text, and what is wrong by name of the field. A job may be named that is `visible`, or that the row has already."""
    typed = {row: text for row in range(MOST_ROWS) if (text := str(cleaned.get(job_field(row)) or "").strip())}
    kept = {entry.job for entry in stored(job)[0]}
    known = _known([*typed.values()], visible)
    parts, problems = [str(cleaned.get(AS_TYPED) or "").strip()], {}
    for row, text in typed.items():
        found = _meant(text, known, kept)
        if len(found) == 1:
            on = cleaned.get(on_field(row)) or On.SUCCESS
            parts.append(str(found[0]) if on == On.SUCCESS else f"{found[0]}:{on}")
        elif found:
            several = ", ".join(map(str, found))
            problems[job_field(row)] = f"Several jobs have this name: {several}. Type the number."
        else:
            problems[job_field(row)] = "You see no job of this number or name."
    together = ", ".join(filter(None, parts))
    if len(together) > _COLUMN:
        problems[job_field(0)] = f"These are too many: the list takes {_COLUMN} characters."
    return _unless_same(together, job), problems


def _number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    return int(match[1]) if match else None


def _meant(text: str, known: Mapping[int, str], kept: Container[int]) -> list[int]:
    """The jobs that a text may mean: number with name as suggested, then the name alone, then the number alone."""
    number = _number(text)
    if number is not None and text == f"{number} {known.get(number, '')}":
        return [number]
    if named := [pk for pk, name in known.items() if name == text]:
        return named
    return [number] if number is not None and (number in known or number in kept) else []


def _known(typed: Sequence[str], visible: QuerySet[MaintenanceJob]) -> dict[int, str]:
    """Names by number, of what was typed by number or by name. One query, none where nothing was typed."""
    if not typed:
        return {}
    numbers = [number for text in typed if (number := _number(text)) is not None]
    rows = visible.filter(Q(pk__in=numbers) | Q(job_name__in=typed)).order_by("pk")
    return dict(rows.values_list("pk", "job_name"))


def _unless_same(text: str, job: MaintenanceJob | None) -> str | None:
    """The text in the row, where this one means the same: what nobody changed is not rewritten."""
    before = job.depends_on_jobs if job is not None else None
    try:
        is_same = parse_jobs(text) == parse_jobs(before)
    except DependencyRefused:
        is_same = text == (before or "")
    return before if is_same else text or None
