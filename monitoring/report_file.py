"""A report as the rows of one file: each figure with its name, and every run, word and start behind the lists of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, QuerySet

from monitoring import report_consents as said
from monitoring import report_words, report_work
from monitoring.grounds import Chosen
from monitoring.report_rows import Piece, Report, Runs, WindowUse, Work
from strategies import keyset
from strategies.models import User, Verdict

BATCH = 1000
M = TypeVar("M", bound=Model)


class Row(NamedTuple):
    """`section` says what the row is about; columns that it does not need are empty. Instants are UTC."""

    section: str
    name: str = ""
    database: str = ""
    strategy: str = ""
    run: int | None = None
    at: Any = None
    who: str = ""
    state: str = ""
    measure: str = ""
    value: Any = None
    note: str = ""


COLUMNS = Row._fields


def rows(report: Report, user: User, chosen: Chosen) -> Iterator[Row]:
    """The figures first, then the lists, oldest first, in batches."""
    yield from figures(report)
    yield from _runs(user, chosen, report)
    yield from _consents(user, chosen, report)


def figures(report: Report) -> Iterator[Row]:
    span = report.span
    about = (("first_day", span.first), ("last_day", span.last), ("time_zone", span.zone), ("scope", report.scope))
    yield from (Row("report", measure=measure, value=value) for measure, value in about)
    yield Row("report", at=report.moment, measure="made_at")
    if report.has_demo:
        yield Row("report", measure="note", value=report_words.of_demo(report))
    yield from (Row("all", measure=name, value=value) for name, value in _measures(report.runs))
    yield Row("all", measure="operations", value=report.operations)
    yield Row("all", measure="objects", value=report.objects)
    yield Row("all", measure="errors", value=report.error_count)
    yield Row("all", measure="not_handled", value=report.unhandled.of)
    yield from (Row("period before", measure=name, value=value) for name, value in _measures(report.before))
    yield from (one for work in report.strategies for one in _work("strategy", work))
    yield from (one for work in report.databases.rows for one in _work("database", work))
    yield from (one for piece in report.pieces for one in _piece(report.by, piece))
    yield from (one for window in report.windows for one in _window(window))
    for error in report.errors.rows:
        yield Row(
            "error", name=error.code, database=", ".join(error.databases), strategy=error.strategy, at=error.last_at,
            measure="errors", value=error.n, note=f"{error.shape} | Cause: {error.cause or 'not known here'}",
        )  # fmt: skip


def _measures(runs: Runs) -> Iterator[tuple[str, int]]:
    yield "runs", runs.total
    yield from ((name, value) for name, value in asdict(runs).items() if name != "measured")


def _work(section: str, work: Work) -> Iterator[Row]:
    place = {section: work.name}
    yield from (Row(section, **place, measure=name, value=value) for name, value in _measures(work.runs))  # type: ignore[arg-type]
    yield Row(section, **place, measure="operations", value=work.operations)  # type: ignore[arg-type]
    yield Row(section, **place, measure="objects", value=work.objects)  # type: ignore[arg-type]


def _piece(by: str, piece: Piece) -> Iterator[Row]:
    name = piece.span.first.isoformat()
    yield from (Row(by, name=name, measure=measure, value=value) for measure, value in _measures(piece.runs))
    yield from (
        Row(f"{by} before", name=name, measure=measure, value=value) for measure, value in _measures(piece.before)
    )


def _window(use: WindowUse) -> Iterator[Row]:
    note = f"changed {use.changed_at:%Y-%m-%d %H:%M} UTC: slots are those of today's rule" if use.changed_at else ""
    measures = (
        ("slots", use.slots), ("open_minutes", use.open_minutes), ("runs", use.runs), ("worked_ms", use.worked_ms),
        ("ended_late", use.late),
    )  # fmt: skip
    yield from (Row("window", name=use.name, measure=measure, value=value, note=note) for measure, value in measures)


def _runs(user: User, chosen: Chosen, report: Report) -> Iterator[Row]:
    found = report_work.ended(user, chosen, report.span).select_related("target")
    found = found.only(
        "status",
        "strategy_name",
        "finished_at",
        "duration_ms",
        "message",
        "asked_by",
        "awaits_handling",
        "target__name",
    )
    for run in _each(found, "finished_at"):
        yield Row(
            "run", name="not handled" if run.awaits_handling else "", database=run.target.name, strategy=run.strategy_name,
            run=run.pk, at=run.finished_at, who=run.asked_by, state=run.status, measure="worked_ms", value=run.duration_ms,
            note=run.message,
        )  # fmt: skip


def _consents(user: User, chosen: Chosen, report: Report) -> Iterator[Row]:
    for section, verdict in (("approval", Verdict.APPROVE), ("sent back", Verdict.SEND_BACK)):
        for one in map(said.said, _each(said.words(user, chosen, report.span, verdict), "given_at")):
            who = f"{one.who} for {one.instead_of}" if one.instead_of else one.who
            yield Row(
                section, name=f"approval {one.approval}", database=one.database, strategy=one.strategy, run=one.run, at=one.at,
                who=who, measure="level", value=one.level, note=one.comment,
            )  # fmt: skip
    lists = (
        ("expired", map(said.unanswered, _each(said.expired(user, chosen, report.span), "decided_at"))),
        ("standing approval", map(said.given_ahead, _each(said.standing(user, chosen, report.span), "asked_at"))),
    )
    for section, questions in lists:
        for ask in questions:
            yield Row(
                section, name=f"approval {ask.approval}", database=ask.database, strategy=ask.strategy, run=ask.run, at=ask.at,
                who=ask.who,
            )  # fmt: skip
    for glass in map(said.broken, _each(said.glasses(user, chosen, report.span), "used_at")):
        yield Row(
            "break-glass", database=glass.database, strategy=glass.strategy, run=glass.run, at=glass.used_at,
            who=f"{glass.asked_by}, {glass.second}", note=" ".join((glass.reason, *glass.overrode)),
        )  # fmt: skip


def _each(found: QuerySet[M], by: str) -> Iterator[M]:
    return (row for batch in keyset.batches(found, BATCH, by=by) for row in batch)
