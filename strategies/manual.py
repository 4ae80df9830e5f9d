"""Reads the manual page of a routine, which is its docstring, into sections: pure text handling."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

SECTIONS = ("What it does", "When to use", "Risk", "Undo")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its paragraphs, each unwrapped to one line."""

    title: str
    paragraphs: tuple[str, ...]


class NoManual(ValueError):
    """A docstring that is no manual page; the text says what it lacks."""


def manual(docstring: str | None) -> tuple[Section, ...]:
    """The sections of a manual page, in their order. Raises NoManual where one is missing, empty, or out of its place."""
    lines = inspect.cleandoc(docstring or "").splitlines()[1:]  # the first line is the title
    bodies: dict[str, list[str]] = {}
    body: list[str] | None = None
    for line in lines:
        if line and not line[0].isspace():
            body = bodies.setdefault(line.strip(), [])
        elif body is not None:
            body.append(line.strip())
        elif line.strip():
            raise NoManual(f"text before the first section: {line.strip()}")
    sections = tuple(Section(title, _paragraphs(body)) for title, body in bodies.items())
    if tuple(section.title for section in sections) != SECTIONS:
        raise NoManual(f"expected the sections {', '.join(SECTIONS)}; found {', '.join(bodies) or 'none'}")
    if empty := [section.title for section in sections if not section.paragraphs]:
        raise NoManual(f"nothing is said under {', '.join(empty)}")
    return sections


def _paragraphs(lines: list[str]) -> tuple[str, ...]:
    text = "\n".join(lines).strip()
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())
