"""What a schedule means that somebody is typing: in words with its next due instants, or why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strategies import job_definitions
from strategies.due_times import DueTime, due_times
from strategies.job_definitions import JobRefused
from strategies.job_list import words_of
from strategies.models import MaintenanceJob, StrategyConfig
from strategies.recurrence import EXAMPLES, Kind

PREVIEWED = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """`words` and `times` of a schedule that can be read, else its `problem`; `example` is one of its kind."""

    words: str
    zone: str
    times: Sequence[DueTime]
    problem: str
    example: str


def preview(row: MaintenanceJob, config: StrategyConfig | None, moment: datetime) -> Preview:
    """Of a row that is not saved. One query at most."""
    example = EXAMPLES[Kind(row.schedule_type_id)] if row.schedule_type_id in list(Kind) else ""
    try:
        schedule = job_definitions.schedule_of(row, config)
    except JobRefused as refusal:
        return Preview("", "", (), str(refusal), example)
    times = due_times(schedule, moment, PREVIEWED)
    return Preview(words_of(row, config), schedule.zone, times, "", example)
