"""The files of a strategy as pages show them: lines of safe HTML, coloured by what stands in them, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import PurePosixPath

from django.utils.html import escape
from django.utils.safestring import SafeString
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

from strategies.generator.implementation import in_order

_LEXERS = {".sql": "sql", ".py": "python", ".toml": "toml", ".json": "json", ".md": "markdown"}
_CONTEXT = 3  # lines around a change
_LONGEST = 200_000  # characters of a file that is coloured; a longer one is plain


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference; without both numbers it stands for lines that are left out."""

    kind: str  # "", "added", "removed", "skipped"
    before: int | None = None
    after: int | None = None
    code: str = ""  # HTML


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of one file: its lines with those around them."""

    path: str
    what: str  # "changed", "new", "gone"
    added: int
    removed: int
    lines: tuple[Line, ...]


def coloured(path: str, text: str) -> list[SafeString]:
    """Each of its lines as HTML of its own."""
    lines = _lines(text)
    if sum(map(len, lines)) <= _LONGEST:
        tokens = _lexer(PurePosixPath(path).suffix).get_tokens("\n".join(lines))
        # Each line closes what it opens; the formatter's own way out would put them together
        pieces = HtmlFormatter(nowrap=True, classprefix="y-")._format_lines(tokens)
        found = [SafeString(piece.rstrip("\n")) for _, piece in pieces]
        if len(found) == len(lines):
            return found
    return [escape(line) for line in lines]


def _lines(text: str) -> list[str]:
    """As those who colour count them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


@cache
def _lexer(suffix: str) -> Lexer:
    return get_lexer_by_name(_LEXERS.get(suffix, "text"), stripnl=False)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileChange]:
    """What differs, as people read files; nothing where they are alike."""
    found = []
    for path in in_order({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old != new:
            what = "new" if old is None else "gone" if new is None else "changed"
            found.append(_change(path, what, old or "", new or ""))
    return found


def _change(path: str, what: str, old: str, new: str) -> FileChange:
    before, after = _lines(old), _lines(new)
    shown_before, shown_after = coloured(path, old), coloured(path, new)
    lines, ended = list[Line](), (0, 0)
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(_CONTEXT):
        if (group[0][1], group[0][3]) != ended:
            lines.append(Line("skipped"))
        for tag, first, last, first_new, last_new in group:
            if tag == "equal":
                lines += _same(first, first_new, last - first, shown_after)
                continue
            lines += [Line("removed", number + 1, None, shown_before[number]) for number in range(first, last)]
            lines += [Line("added", None, number + 1, shown_after[number]) for number in range(first_new, last_new)]
        ended = (group[-1][2], group[-1][4])
    if ended != (len(before), len(after)):
        lines.append(Line("skipped"))
    kinds = [line.kind for line in lines]
    return FileChange(path, what, kinds.count("added"), kinds.count("removed"), tuple(lines))


def _same(first: int, first_new: int, count: int, shown: list[SafeString]) -> Iterator[Line]:
    for number in range(count):
        yield Line("", first + number + 1, first_new + number + 1, shown[first_new + number])
