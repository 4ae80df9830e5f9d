"""A report as Markdown for people and as JSON for programs. Pure; it holds no secret, since none reaches an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from strategies.platforms.oracle.smoke.items import Report, Result, State

VERSION = 1  # of the JSON form


def as_json(report: Report) -> dict[str, Any]:
    return {
        "version": VERSION,
        "address": report.address,
        "started_at": _instant(report.started_at),
        "ended_at": _instant(report.ended_at),
        "database": dict(report.database),
        "ok": report.is_good,
        "counts": {state.value.replace(" ", "_"): count for state, count in report.counts.items()},
        "cut_short": report.cut_short or None,
        "items": [result.as_json() for result in report.results],
        "not_tried": list(report.untried),
        "left_behind": list(report.left),
    }


def as_markdown(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def summary(report: Report) -> str:
    """One sentence."""
    counts = ", ".join(f"{count} {state.value}" for state, count in report.counts.items())
    return f"{len(report.results)} items were tried: {counts}."


def _lines(report: Report) -> Iterator[str]:
    yield f"# Trial on {_cell(report.address)}"
    yield ""
    yield f"{_instant(report.started_at)} to {_instant(report.ended_at)}. {summary(report)}"
    if report.cut_short:
        yield ""
        not_tried = f" Not tried: {', '.join(report.untried)}." if report.results and report.untried else ""
        yield f"**{_cell(report.cut_short)}**{not_tried}"
    yield from _left(report)
    if report.database:
        yield from ("", "| The database says of itself | |", "|---|---|")
        yield from (f"| {_cell(label)} | {_cell(text)} |" for label, text in report.database.items())
    failed = [result for result in report.results if result.state is State.FAILED]
    if failed:
        yield from ("", "## What failed", "")
        yield from _table(failed)
    for section, results in groupby(report.results, key=lambda result: result.section):
        yield from ("", f"## {section}", "")
        yield from _table(list(results))


def _left(report: Report) -> Iterator[str]:
    yield ""
    if not report.left:
        yield "Nothing was left behind."
        return
    yield "**What could not be removed**:"
    yield ""
    yield from (f"- {_cell(text)}" for text in report.left)


def _table(results: list[Result]) -> Iterator[str]:
    yield "| Item | What was tried | Result | What the server did | ms |"
    yield "|---|---|---|---|---|"
    for one in results:
        state = f"**{one.state.value}**" if one.state is State.FAILED else one.state.value
        yield f"| `{one.name}` | {_cell(one.title)} | {state} | {_cell(one.words)} | {one.duration_ms} |"


_MARKS: Mapping[int, str] = str.maketrans({mark: f"\\{mark}" for mark in "\\|`*_<>[]#"})


def _cell(text: str) -> str:
    """The server's words in one line, shown as they are."""
    return " ".join(text.split()).translate(_MARKS)


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
