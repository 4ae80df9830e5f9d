"""A definition as what a form sends, and back: what the one cannot say of the other is named by its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.http import QueryDict

from strategies.forms.parameters import PREFIX

JOB_COUNT = "job_count"
LISTS = ("targets", "operations", "depends_on")  # which may be typed with commas
_TEXTS = ("name", "type", "category", "description")


def job_field(number: int, key: str) -> str:
    return f"job-{number}-{key}"


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def as_sent(values: object) -> QueryDict:
    """What a form would send that says this, as far as it can."""
    sent = QueryDict(mutable=True)
    plain = dict(_items(_plain(values)))
    for name in (*_TEXTS, "targets", "operations"):
        _put(sent, name, plain.get(name))
    for name, value in _items(plain.get("parameters")):
        _put(sent, PREFIX + name, str(value).lower() if isinstance(value, bool) else value)
    jobs = plain.get("jobs")
    put_jobs(sent, jobs if isinstance(jobs, list) else [])
    return sent


def put_jobs(sent: QueryDict, jobs: Sequence[object]) -> None:
    """Instead of those that are in it."""
    for name in [name for name in sent if name.startswith("job-")]:
        del sent[name]
    sent[JOB_COUNT] = str(len(jobs))
    for number, job in enumerate(jobs):
        for key, value in _items(job):
            text = ", ".join(map(str, value)) if key == "depends_on" and isinstance(value, list) else value
            _put(sent, job_field(number, key), text)


def unsaid(values: object, typed: Mapping[str, object]) -> list[str]:
    """The places of what is in these values, and not in those that came out of a form for them."""
    return list(_differing(_plain(values), _plain(typed), ""))


def _items(value: object) -> list[tuple[str, object]]:
    return [(str(name), one) for name, one in value.items()] if isinstance(value, Mapping) else []


def _put(sent: QueryDict, name: str, value: object) -> None:
    if isinstance(value, list):
        sent.setlist(name, [str(one) for one in value])
    elif value is not None and not isinstance(value, Mapping):
        sent[name] = str(value)


def _plain(value: object, name: str = "") -> object:
    """Without what is left empty, and lists as lists, however they were typed. An empty parameter has been given a value."""
    if isinstance(value, Mapping):
        found = {str(key): one if name == "parameters" else _plain(one, str(key)) for key, one in value.items()}
        return {key: one for key, one in found.items() if name == "parameters" or one not in (None, "", [], {})}
    if isinstance(value, str):
        return parts(value) if name in (*LISTS, "jobs") else value if value.strip() else ""
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _differing(before: object, after: object, place: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            yield from _differing(before.get(name), after.get(name), f"{place}.{name}" if place else str(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differing(one, other, f"{place}[{number}]")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield place or "definition"
