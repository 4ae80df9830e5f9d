"""Values as people type them, as text, names and lists: what cannot be read so becomes a fault with its place. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence

from strategies.generator.definition import Fault
from strategies.unseen import holds_unseen, is_unseen

MOST_FAULTS = 100
MOST_WORDS = 100  # in one list
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


class Typed:
    """Reads one value after the other, and goes on behind a fault: what cannot be read is empty."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def refuse(self, place: str, reason: str) -> None:
        """Behind so many faults nobody reads on."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(place, reason))
        elif len(self.faults) == MOST_FAULTS:
            self.faults.append(Fault("definition", f"has more faults than these {MOST_FAULTS}; mend these first."))

    def text(self, place: str, value: object, most: int, *, is_needed: bool = True) -> str:
        """One line of text that people can read whole; empty where it is none."""
        if value is None or (isinstance(value, str) and not value.strip()):
            if is_needed:
                self.refuse(place, "is missing.")
            return ""
        if not isinstance(value, str):
            self.refuse(place, f"is text, not {kind(value)}.")
            return ""
        if holds_unseen(value):
            self.refuse(place, "holds a line break, a control character or one that cannot be seen.")
            return ""
        text = unicodedata.normalize("NFC", value).strip(" ")
        if len(text) > most:
            self.refuse(place, f"has {len(text)} characters; {most} is the most.")
            return ""
        return text

    def identifier(self, place: str, value: object, most: int) -> str:
        text = self.text(place, value, most).upper()
        if text and not (text.isascii() and _NAME.fullmatch(text)):
            self.refuse(
                place, f"{shown(text)} is no name: letters A to Z, digits and underscores, beginning with a letter."
            )
            return ""
        return text

    def items(self, place: str, value: object) -> list[object]:
        """A list, or text with commas between its parts."""
        found: list[object] = []
        if isinstance(value, str):
            found = [part.strip() for part in value.split(",", MOST_WORDS + 1) if part.strip()]
        elif isinstance(value, Sequence):
            found = list(value)
        elif value is not None:
            self.refuse(place, f"is a list, not {kind(value)}.")
        if len(found) > MOST_WORDS:
            self.refuse(place, f"has more than {MOST_WORDS} parts.")
            return []
        return found

    def each_known(self, place: str, items: Sequence[object], known: Collection[str], what: str) -> Iterator[str]:
        seen = set()
        for number, item in enumerate(items):
            here = f"{place}[{number}]"
            word = self.text(here, item, 100).upper()
            if not word:
                continue
            if word in seen:
                self.refuse(here, f"{shown(word)} stands here twice.")
            elif word not in known:
                self.refuse(here, f"{shown(word)} is no {what}; these are: {listed(known)}.")
            else:
                yield word
            seen.add(word)

    def one_of(self, place: str, value: object, known: Collection[str], what: str) -> str:
        if value is None and not known:
            return ""  # said already, where what is known was read
        word = self.text(place, value, 100).upper()
        if word and known and word not in known:
            self.refuse(place, f"{shown(word)} is no {what}; these are: {listed(known)}.")
            return ""
        return word


def listed(words: Collection[str]) -> str:
    """In the order that they have, or by the alphabet where they have none."""
    return ", ".join(words if isinstance(words, Sequence) else sorted(words))


def shown(value: object) -> str:
    """What was typed, short enough for a sentence."""
    text = value if isinstance(value, str) else repr(value)
    seen = "".join("·" if is_unseen(character) else character for character in text[:61])
    return f"{seen[:60]}…" if len(seen) > 60 else seen


def kind(value: object) -> str:
    """What a value is, for people."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"), ((int, float), "a number"), (str, "text"), (Mapping, "an object"), (Sequence, "a list"),
    )  # fmt: skip
    return next((word for types, word in kinds if isinstance(value, types)), f"a {type(value).__name__}")
