"""What people can be told of: each kind of event, how much it matters, and the portal's own words for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GROUPS: Mapping[str, str] = {
    "runs_begin": "Runs begin",
    "runs_end": "Runs end",
    "jobs": "Jobs are missed or set aside",
    "approvals": "Approvals",
    "windows": "Windows and freezes",
    "databases": "Databases refuse the sign-in",
    "systems": "Maintenance of systems, as stakeholders are told",
}


@dataclass(frozen=True, slots=True)
class Notifiable:
    """`group` is what rules name. `body` is a template, see `message_texts`; `plain` is the one for people who know nothing of
    databases, empty = they are not told of it.
    """

    event: str
    title: str
    group: str
    severity: str
    said: str
    body: str
    plain: str = ""


_RUN = """\
{{ work }} on {{ database }} ({{ environment }}): {{ said }}.
{% if message %}
{{ message }}
{% endif %}
{% if reason %}Reason: {{ reason }}
{% endif %}Run {{ run }}{% if job %} of the job {{ job }}{% endif %}, asked for by {{ asked_by }}.
{% if began %}Began {{ began }}{% if took %}, took {{ took }}{% endif %}.
{% elif due %}It was due {{ due }}.
{% endif %}"""
_JOB = """\
The job {{ job }} ({{ work }} on {{ database }}): {{ said }}.
{% if reason %}
{{ reason }}
{% endif %}"""
_APPROVAL = """\
{{ work }} on {{ database }} ({{ environment }}): {{ said }}.
{% if reason %}
{{ reason }}
{% endif %}
Run {{ run }}, asked for by {{ asked_by }}. Risk {{ risk }} of 100.
{% if asked_of %}Asked: {{ asked_of }}.
{% endif %}It may start from {{ not_before }} on, until {{ not_after }}.
"""
_ANSWER = """\
{{ work }} on {{ database }} ({{ environment }}): {{ said }}{% if actor %} by {{ actor }}{% endif %}.
{% if reason %}
{{ reason }}
{% endif %}
Run {{ run }}, asked for by {{ asked_by }}.
"""
_WINDOW = """\
The window {{ window }}, which is for {{ scope }}: {{ said }}{% if actor %} by {{ actor }}{% endif %}.
{% if changes %}
{{ changes }}
{% endif %}
{% if reason %}Reason: {{ reason }}
{% endif %}"""
_FREEZE = """\
The freeze {{ window }}, which is for {{ scope }}: {{ said }}{% if actor %} by {{ actor }}{% endif %}.
{% if changes %}
{{ changes }}
{% endif %}
{% if reason %}Reason: {{ reason }}
{% endif %}"""
_DATABASE = """\
{{ database }} ({{ environment }}): {{ said }}.
{% if reason %}
{{ reason }}
{% endif %}"""
_SYSTEM = """\
Those who subscribed to {{ system }} are told: {{ said }}.

{% if starts %}{% if begun %}Began{% else %}Expected{% endif %} {{ starts }}{% if ends %}, until {{ ends }}{% endif %}.
{% endif %}{% if was %}Told before: {{ was }}.
{% endif %}On {{ database }}: {{ work }}.
{% if runs %}Runs: {{ runs }}.
{% endif %}"""
_NOTICE = """\
{% if notice %}
{{ notice }}
{% endif %}"""

_ROWS = (
    ("run.started", "runs_begin", "info", "Run started", "started", _RUN),
    ("run.succeeded", "runs_end", "info", "Run succeeded", "succeeded", _RUN),
    ("run.warning", "runs_end", "warning", "Run ended with a warning", "done, with something left to look at", _RUN),
    ("run.failed", "runs_end", "critical", "Run failed", "failed", _RUN),
    ("run.timed_out", "runs_end", "critical", "Run timed out", "stopped at its time limit", _RUN),
    ("run.cancelled", "runs_end", "info", "Run cancelled", "cancelled", _RUN),
    ("run.continued", "runs_end", "info", "Run goes on later", "its window is over, the rest goes on in the next", _RUN),
    ("run.missed", "runs_end", "warning", "Run missed", "did not start in time, and will not start late", _RUN),
    ("run.lost", "runs_end", "critical", "Run lost", "its worker is lost, and somebody has to look", _RUN),
    ("run.rolled_back", "runs_end", "warning", "Run rolled back", "what it changed was taken back", _RUN),
    ("job.missed", "jobs", "warning", "Due instants missed", "was due while the portal did not run", _JOB),
    ("job.quarantined", "jobs", "critical", "Job set aside", "set aside, and not started until it is corrected", _JOB),
    ("approval.asked", "approvals", "info", "Approval asked", "waits for approval", _APPROVAL),
    ("approval.level_passed", "approvals", "info", "Approval: next level", "the next level is asked", _APPROVAL),
    ("approval.reminded", "approvals", "warning", "Reminder of an approval", "still waits for approval", _APPROVAL),
    ("approval.escalated", "approvals", "warning", "Approval escalated", "managers may give the word now", _APPROVAL),
    ("approval.given", "approvals", "info", "Approved", "approved", _ANSWER),
    ("approval.sent_back", "approvals", "warning", "Sent back", "sent back", _ANSWER),
    ("approval.expired", "approvals", "warning", "Approval expired", "nobody approved it in time", _ANSWER),
    ("approval.opened", "approvals", "warning", "No longer what was approved", "no longer what was approved", _ANSWER),
    ("approval.withdrawn", "approvals", "info", "Question withdrawn", "nobody is asked any more", _ANSWER),
    ("window.added", "windows", "info", "Window planned", "planned", _WINDOW),
    ("window.changed", "windows", "info", "Window changed", "changed", _WINDOW),
    ("window.extended", "windows", "info", "Window extended", "a slot of it was extended", _WINDOW),
    ("window.closed", "windows", "info", "Window closed early", "a slot of it was closed early", _WINDOW),
    ("window.removed", "windows", "warning", "Window cancelled", "removed: there are no further slots", _WINDOW),
    ("calendar.entry_added", "windows", "warning", "Freeze added", "added: nothing that changes data starts meanwhile", _FREEZE),
    ("calendar.entry_changed", "windows", "warning", "Freeze changed", "changed", _FREEZE),
    ("calendar.entry_lifted", "windows", "info", "Freeze lifted", "one of its times was taken back", _FREEZE),
    ("calendar.entry_removed", "windows", "info", "Freeze removed", "removed", _FREEZE),
    (
        "target.stopped", "databases", "critical", "Sign-in refused",
        "it refused the sign-in, and nothing connects to it until somebody asks for it", _DATABASE,
    ),
)  # fmt: skip
# What becomes of a maintenance: severity, title, what is said of it, and the text in plain words.
_STEPS = (
    (
        "planned", "info", "Maintenance planned", "planned",
        "Maintenance of {{ system }} is planned for {{ starts }}{% if ends %}, until about {{ ends }}{% endif %}.\n" + _NOTICE
        + "\nYou will be told if this changes, and when it is over.\n",
    ),
    (
        "changed", "info", "Maintenance changed", "another time",
        "{% if begun %}The maintenance of {{ system }} takes {% if ends %}until about {{ ends }}{% else %}longer than was planned"
        "{% endif %}.{% elif starts %}The maintenance of {{ system }}{% if was %} that was planned for {{ was }}{% endif %} is now "
        "planned for {{ starts }}{% if ends %}, until about {{ ends }}{% endif %}.{% else %}Nobody knows at present when the "
        "maintenance of {{ system }} begins{% if was %} that was planned for {{ was }}{% endif %}. You will be told.{% endif %}\n",
    ),
    (
        "reminder", "info", "Maintenance soon", "a reminder",
        "Maintenance of {{ system }} begins {{ starts }}{% if ends %} and lasts until about {{ ends }}{% endif %}.\n" + _NOTICE,
    ),
    (
        "started", "info", "Maintenance has begun", "it has begun",
        "Maintenance of {{ system }} has begun{% if ends %}, and is expected to last until about {{ ends }}{% endif %}.\n" + _NOTICE,
    ),
    (
        "verifying", "info", "Maintenance is being checked", "its work is done and being checked",
        "The work on {{ system }} is done. Whether all is well is being checked now.\n",
    ),
    (
        "done", "info", "Maintenance is over", "it is over",
        "The maintenance of {{ system }} is over. It lasted from {{ starts }} until {{ ends }}.\n",
    ),
    (
        "unfinished", "warning", "Maintenance ended unfinished", "it ended, and not all of it was done",
        "The maintenance of {{ system }} has ended, and not all of it could be done. It lasted from {{ starts }} until {{ ends }}. "
        "If more of it is planned, you will be told.\n",
    ),
    (
        "cancelled", "info", "Maintenance cancelled", "it does not take place",
        "The maintenance of {{ system }}{% if was %} that was planned for {{ was }}{% endif %} does not take place.\n",
    ),
    (
        "withdrawn", "info", "No more messages on a maintenance", "nothing more is told of it",
        "You will be told nothing more of the maintenance of {{ system }}{% if was %} that was planned for {{ was }}{% endif %}: "
        "what is told here of {{ system }} was changed.\n",
    ),
)  # fmt: skip
EVENTS: Mapping[str, Notifiable] = {
    **{
        event: Notifiable(event, title, group, severity, said, body)
        for event, group, severity, title, said, body in _ROWS
    },
    **{
        f"maintenance.{step}": Notifiable(f"maintenance.{step}", title, "systems", severity, said, _SYSTEM, plain)
        for step, severity, title, said, plain in _STEPS
    },
}

_SUBJECTS = {
    "windows": "{{ title }}: {{ window }}", "databases": "{{ title }}: {{ database }}", "systems": "{{ title }}: {{ system }}",
}  # fmt: skip

# What texts may name, and an example of each.
_SAMPLE: Mapping[str, str] = {
    "title": "Run failed",
    "said": "failed",
    "work": "Index maintenance",
    "strategy": "INDEX_MAINTENANCE",
    "database": "billing",
    "environment": "Production",
    "tenant": "Main",
    "run": "4711",
    "job": "Nightly indexes",
    "asked_by": "anna",
    "actor": "bert",
    "message": "2 of 14 steps failed.",
    "error": "lock_timeout",
    "reason": "The first of them waited longer than its limit for a lock.",
    "began": "Sat 28 Nov 22:00 UTC",
    "took": "3 min 20 s",
    "due": "Sat 28 Nov 22:00 UTC",
    "asked_of": "1 approver",
    "risk": "62",
    "not_before": "Sat 28 Nov 22:00 UTC",
    "not_after": "Sun 29 Nov 02:00 UTC",
    "window": "Saturday night",
    "scope": "environment Production",
    "changes": "Minutes: 180 → 240",
    "at": "Sat 28 Nov 22:03 UTC",
    "system": "Billing",
    "notice": "Invoices can be read meanwhile, and not be changed.",
    "starts": "Sat 28 Nov 22:00 UTC",
    "ends": "Sat 28 Nov 22:40 UTC",
    "was": "Fri 27 Nov 22:00 UTC",
    "begun": "yes",
    "runs": "4711, 4712",
}
_ALWAYS = ("title", "said", "reason", "actor", "at")
_OF_WINDOWS = ("window", "scope", "changes")
_OF_APPROVALS = ("asked_of", "risk", "not_before", "not_after")
_OF_SYSTEMS = ("system", "starts", "ends", "was", "begun")
_OF_RUNS = ("run", "asked_by", "message", "error", "began", "took", "due")


def subject(event: str) -> str:
    """The portal's own; for everybody the same."""
    return _SUBJECTS.get(EVENTS[event].group, "{{ title }}: {{ work }} on {{ database }}")


def sample(event: str, is_plain: bool = False) -> dict[str, str]:
    """The facts that a text for this kind of event may name, with examples: with them it is tried before it is kept, and previewed.

    A plain one names nothing that only people know who work with databases.
    """
    told = EVENTS[event]
    if is_plain:
        names: tuple[str, ...] = ("title", "said", *_OF_SYSTEMS, "notice")
    elif told.group == "systems":
        names = (*_ALWAYS, *_OF_SYSTEMS, "database", "environment", "tenant", "work", "runs")
    elif told.group == "windows":
        names = (*_ALWAYS, *_OF_WINDOWS)
    else:
        names = (*_ALWAYS, "database", "environment", "tenant")
        if told.group != "databases":
            names = (*names, "work", "strategy", "job")
        if told.group in ("runs_begin", "runs_end", "approvals"):
            names = (*names, *_OF_RUNS)
        if told.group == "approvals":
            names = (*names, *_OF_APPROVALS)
    return {**{name: _SAMPLE[name] for name in names}, "title": told.title, "said": told.said}
