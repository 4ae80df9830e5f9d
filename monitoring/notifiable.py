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

# What people are told who know nothing of databases, see `text_examples`.
PLAIN = ("title", "said", "system", "starts", "ends", "until", "lasted", "was", "begun", "notice")


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
Maintenance of {{ system }}: {{ said }}.

{% if lasted %}It lasted {{ lasted }}.
{% elif starts %}{% if begun %}Began{% else %}Planned for{% endif %} {{ starts }}{% if until %}, {{ until }}{% endif %}.
{% endif %}{% if was %}It was announced for {{ was }}.
{% endif %}{% if work %}On {{ database }}: {{ work }}.
{% endif %}{% if undone %}Not done, or not all of it: {{ undone }}.
{% endif %}{% if runs %}Runs: {{ runs }}.
{% endif %}"""
_NOTICE = """\
{% if notice %}
While it is maintained: {{ notice }}
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
        "Maintenance of {{ system }} is planned for {{ starts }}{% if until %}, {{ until }}{% endif %}.\n" + _NOTICE
        + "\nYou will be told if this changes, and when it is over.\n",
    ),
    (
        "changed", "info", "Maintenance changed", "another time",
        "{% if begun %}The maintenance of {{ system }} takes longer than was planned{% if until %}: {{ until }}{% endif %}."
        "{% elif starts %}The maintenance of {{ system }}{% if was %} that was planned for {{ was }}{% endif %} is now "
        "planned for {{ starts }}{% if until %}, {{ until }}{% endif %}.{% else %}Nobody knows at present when the "
        "maintenance of {{ system }} begins{% if was %} that was planned for {{ was }}{% endif %}. You will be told.{% endif %}\n",
    ),
    (
        "reminder", "info", "Maintenance soon", "a reminder",
        "Maintenance of {{ system }} begins {{ starts }}{% if until %}, and lasts {{ until }}{% endif %}.\n" + _NOTICE,
    ),
    (
        "started", "info", "Maintenance has begun", "it has begun",
        "Maintenance of {{ system }} has begun{% if until %}; it lasts {{ until }}{% endif %}.\n" + _NOTICE,
    ),
    (
        "verifying", "info", "Maintenance is being checked", "its work is done and being checked",
        "The work on {{ system }} is done. Whether all is well is being checked now.\n",
    ),
    (
        "done", "info", "Maintenance is over", "it is over",
        "The maintenance of {{ system }} is over.{% if lasted %} It lasted {{ lasted }}.{% endif %}\n",
    ),
    (
        "unfinished", "warning", "Maintenance ended unfinished", "it ended, and not all of it was done",
        "The maintenance of {{ system }} has ended, and not all of it could be done.{% if lasted %} It lasted {{ lasted }}.{% endif %} "
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
    "windows": "{{ title }}: {{ window }}",
    "databases": "{{ title }}: {{ database }}",
    "systems": "{{ title }}: {{ system }}"
    "{% if lasted %}, of {{ starts }}{% elif starts %}, {{ starts }}{% elif was %}, was to be {{ was }}{% endif %}",
}  # fmt: skip


def subject(event: str) -> str:
    """The portal's own; for everybody the same."""
    return _SUBJECTS.get(EVENTS[event].group, "{{ title }}: {{ work }} on {{ database }}")
