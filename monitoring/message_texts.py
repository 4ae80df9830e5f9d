"""Puts what happened in words: the portal's own, or those that people wrote, which are tried before they are kept.

Texts are Django templates without access to anything but the facts that they are given, which are all plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template import Context, Engine, Template, TemplateSyntaxError

from monitoring import notifiable, plain_language
from monitoring.notifiable import EVENTS
from monitoring.text_examples import sample
from strategies.refused import Refused

MOST_SUBJECT, MOST_BODY = 300, 8000
_TAGS = frozenset({"if", "elif", "else", "endif", "comment", "endcomment"})
_TAG = re.compile(r"\{%\s*(\w+)?")
_PLACE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_FILTERS = frozenset({"upper", "lower", "title", "capfirst", "default"})
_FILTER = re.compile(r"\|\s*(\w*)")
_ENGINE = Engine(autoescape=False, string_if_invalid="", libraries={})


@dataclass(frozen=True, slots=True)
class Text:
    """As it goes out: one line, and paragraphs."""

    subject: str
    body: str


class NotRendered(ValueError):
    """A template that gives no text; the sentence says why."""


def own_words(event: str, is_plain: bool = False) -> tuple[str, str]:
    """The portal's own subject and body for this kind of event."""
    return notifiable.subject(event), EVENTS[event].plain if is_plain else EVENTS[event].body


def render(subject: str, body: str, facts: Mapping[str, str]) -> Text:
    """Raises NotRendered."""
    try:
        one_line, paragraphs = (_rendered(text, facts) for text in (subject, body))
    except (TemplateSyntaxError, RecursionError) as error:
        raise NotRendered(f"It cannot be read: {error}.") from None
    if not one_line.split():
        raise NotRendered("Its subject comes out empty.")
    return Text(" ".join(one_line.split())[:MOST_SUBJECT], _tidy(paragraphs))


def _rendered(text: str, facts: Mapping[str, str]) -> str:
    return str(Template(text, engine=_ENGINE).render(Context(dict(facts), autoescape=False)))


def _tidy(text: str) -> str:
    """No more than one empty line at once, none at the ends."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def check(event: str, subject: str, body: str, is_plain: bool = False) -> Text:
    """What a text for this kind of event would look like with examples. Raises Refused with the field and the reason.

    One for people who know nothing of databases has neither statements nor names of machines nor codes in it.
    """
    examples = sample(event, is_plain)
    for field, text, most in (("subject", subject, MOST_SUBJECT), ("body", body, MOST_BODY)):
        if not text.strip():
            raise Refused("Write something.", field)
        if len(text) > most:
            raise Refused(f"At most {most:,} characters.", field)
        if is_plain and (why := plain_language.refusal(_PLACE.sub(" ", text))):
            raise Refused(why, field)
        for tag in _TAG.findall(text):
            if tag not in _TAGS:
                raise Refused(f"Only if, elif, else and endif are known here, not “{tag}”.", field)
        for name in _FILTER.findall(" ".join(_PLACE.findall(text))):
            if name not in _FILTERS:
                raise Refused(f"There is no filter called {name} here; there are {', '.join(sorted(_FILTERS))}.", field)
        _check_names(field, text, examples)
    try:
        return render(subject, body, examples)
    except NotRendered as error:
        raise Refused(str(error), "subject") from None


def _check_names(field: str, text: str, examples: Mapping[str, str]) -> None:
    """Both ways through each condition: with all facts there, and with none."""
    for facts in (examples, dict.fromkeys(examples, "")):
        context = _Noting(facts)
        try:
            Template(text, engine=_ENGINE).render(context)
        except (TemplateSyntaxError, RecursionError) as error:
            raise Refused(f"It cannot be read: {error}.", field) from None
        if context.unknown:
            raise Refused(f"There is no fact called {min(context.unknown)}.", field)


class _Noting(Context):
    """Notes which facts a text names that are not there."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__(dict(facts), autoescape=False)
        self.unknown: set[str] = set()

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            self.unknown.add(str(key))
            raise
