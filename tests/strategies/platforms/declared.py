"""The kinds of statements that a platform declares, as patterns that statements which were built are held to."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from strategies import registry
from strategies.plans import Step
from strategies.platforms.base import Change

_MARK = re.compile(r"<[A-Za-z][^>]*>|[\[\]{}|]|\s+|[^<\[\]{}|\s]+|<")
_PARTS = {"[": "(?:", "]": ")?", "{": "(?:", "}": ")", "|": "|"}
_NUMBER = r"-?\d+"
_TEXT = r"'(?:[^']|'')*'"
_NAME = r'"(?:[^"]|"")+"'
_NAMES = rf"{_NAME}(?:\.{_NAME})*"
# Whatever fits between two commas or brackets, but nothing that would end the statement and begin another. A text is read to its end
# at once: two quotes within it could else be the end of one text and the beginning of another, in ever more ways.
_VALUES = r"""(?:[^;'"]|'(?:[^']|'')*+'|"(?:[^"]|"")*+")+"""
_CALLS = rf"(?:DBMS_STATS\.(?:RESTORE|DELETE)_TABLE_STATS\({_VALUES}\);\s*)*"
_NLS = rf"(?:(?:NLS_\w+|TIME_ZONE) = {_TEXT}\s*)+"
_FILLED: dict[str, tuple[str, str]] = {  # a placeholder's words → what may stand there, and a sample of it
    **dict.fromkeys(
        ("seconds", "milliseconds", "megabytes", "number", "rows", "pages", "degree", "object id", "kibibytes"),
        (_NUMBER, "7"),
    ),
    **dict.fromkeys(("owner.index", "owner.table", "owner.object", "owner.name"), (_NAMES, '"A"."B c"')),
    **dict.fromkeys(("schema.index", "schema.table", "name"), (_NAMES, '"a"."b c"')),
    "schema": (rf"(?:{_NAME}|\w+)", "MAINT"),
    "amcheck": (rf"(?:{_NAME}|[a-z_][a-z0-9_]*)", "public"),  # a schema as the server quotes it: only where it has to
    **dict.fromkeys(("arguments", "options", "values", "columns", "indexes", "table", "index"), (_VALUES, "1, 'x;y'")),
    **dict.fromkeys(("key", "order"), (_VALUES, "rowid")),
    "condition": (_VALUES, '"c" < 1'),
    "batch": (_TEXT, "'2026-08-31T00:00:00Z/1'"),
    "source": (r"(?s:PACKAGE.+)", 'PACKAGE "A" AS END;'),
    "names": (rf"{_NAME}(?:, {_NAME})*", '"a", "b c"'),
    "mark": (r"(?:(?!\*/).)+", "Copy of it"),
    "counted": (_VALUES, "(SELECT 1)"),
    "text": (rf"(?:E?{_TEXT})", "'it; failed'"),
    "moment": (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-11-25 02:00:00"),
    "session": (r"[\d,@ ]+", "1,2,@1"),
    "type": (r"[A-Z]+(?: [A-Z]+)?", "PACKAGE"),
    "further calls": (_CALLS, ""),
    "NLS settings and time zone": (_NLS, "TIME_ZONE = 'UTC'"),
}


def pattern(form: str) -> re.Pattern[str]:
    """What a statement of this form looks like; white space is as it comes. Raises KeyError for a placeholder without a meaning."""
    text = ""
    for mark in _MARK.findall(form):
        text += (
            _FILLED[mark[1:-1]][0]
            if mark.startswith("<") and mark != "<"
            else _PARTS.get(mark) or (r"\s*" if mark.isspace() else re.escape(mark))
        )
    return re.compile(text)


def sample(form: str) -> str:
    """A statement of this form: the first of each choice, without what may be absent."""
    text = re.sub(r"\{([^|{}]*)\|[^{}]*\}", r"\1", form)
    while (shorter := re.sub(r"\s?\[[^\[\]]*\]", "", text)) != text:
        text = re.sub(r"\{([^|{}]*)\|[^{}]*\}", r"\1", shorter)
    return re.sub(r"<([A-Za-z][^>]*)>", lambda mark: _FILLED[mark[1]][1], text)


def patterns(changes: Iterable[Change]) -> list[re.Pattern[str]]:
    return [pattern(change.form) for change in changes]


def is_declared(statement: str, forms: Iterable[re.Pattern[str]]) -> bool:
    return any(form.fullmatch(statement) for form in forms)


def statements(steps: Iterable[Step]) -> Iterator[str]:
    """Everything that these steps send."""
    for step in steps:
        yield from (*step.settings, *((step.begin,) if step.begin else ()), *step.statements, *step.undo)


def held(build: Callable[..., Any], forms: Sequence[re.Pattern[str]], where: str) -> Callable[..., Any]:
    """`build`, which gives steps, but failing where one of them sends what is not declared."""

    def steps(*args: Any, **named: Any) -> Any:
        built = build(*args, **named)
        for statement in statements(built):
            assert is_declared(statement, forms), f"{where} declares no {statement}"
        return built

    return steps


def builders(platform: str, routine: str) -> Iterator[tuple[Any, str]]:
    """Where steps of a concern are made: its class, and the modules of the platform that it has them from."""
    concern = registry.concern(platform, routine)
    yield from ((type(concern), name) for name in ("steps", "clean_up"))
    module = sys.modules[type(concern).__module__]
    for part in vars(module).values():
        if isinstance(part, ModuleType) and part.__name__.startswith(f"{module.__package__}."):
            yield from ((part, name) for name in ("steps", "clean_up_steps") if hasattr(part, name))


def declared(platform: str, concern: str) -> list[Change]:
    """What a concern's steps may send: its own kinds, and those of every session."""
    return [*registry.changes(platform, ""), *registry.changes(platform, concern)]
