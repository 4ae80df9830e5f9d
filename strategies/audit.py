"""Writes the audit: one row for every start, stop, change and sign-in, whoever asked and by whichever way."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models
from django.http import HttpRequest

from strategies.models import AuditEntry, Target


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where. A command's actor `cli:anna` and the login `anna` are the same person."""

    name: str
    address: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Actor:
        """The signed-in user, with the address that the web server saw."""
        return cls(request.user.get_username() or "anonymous", request.META.get("REMOTE_ADDR", "")[:60])

    @classmethod
    def of_command(cls) -> Actor:
        """The user of the operating system who typed a command on this host."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # no entry in the password database, as in some containers
            name = "unknown"
        return cls(f"cli:{name}"[:150], socket.gethostname()[:60])

    @property
    def person(self) -> str:
        """The same text for a login and for the commands of the person behind it."""
        return self.name.removeprefix("cli:")


PORTAL = Actor("portal")  # what the portal does by itself: planning, starting, looking after lost runs


def record(
    actor: Actor,
    action: str,
    subject: models.Model,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    target: Target | None = None,
) -> AuditEntry:
    """Add an entry about `subject`, inside the caller's transaction: what is rolled back was not done, and is not recorded.

    Where `before` and `after` share keys, equal values are left out. Neither may hold a secret.
    """
    old, new = dict(before or {}), dict(after or {})
    for key in old.keys() & new.keys():
        if old[key] == new[key]:
            del old[key], new[key]
    return AuditEntry.objects.create(
        actor=actor.name[:150],
        address=actor.address,
        action=action,
        object_type=subject._meta.object_name or "",
        object_id=str(subject.pk or ""),
        object_name=str(subject)[:200],
        target=target or (subject if isinstance(subject, Target) else None),
        before=old or None,
        after=new or None,
        reason=reason[:500],
    )


class Kind(NamedTuple):
    """A kind of object that entries are about: its name, and the words for each action that is recorded of it."""

    title: str
    actions: Mapping[str, str]


def _row(title: str, prefix: str, *verbs: str) -> Kind:
    """A row that is kept in the administration; `verbs` are what else becomes of it."""
    return Kind(title, {f"{prefix}.{verb}": f"{title} {verb}" for verb in ("added", "changed", "deleted", *verbs)})


# Every action that `record` is called with, by the object's type. A list, so that a page which offers them as filters need not
# ask a table of millions which there are; a test holds it to the source.
KINDS: Mapping[str, Kind] = {
    "Target": Kind("Database", {
        "target.registered": "Database registered",
        "target.changed": "Database changed",
        "packages.installed": "Packages for strategies installed",
        "packages.removed": "Packages for strategies removed",
        "target.switched_on": "Database switched on",
        "target.switched_off": "Database switched off",
        "target.check_asked": "Check of the connection asked for",
        "target.stopped": "Stopped after a refused sign-in",
        "target.stop_cleared": "Stop after a refused sign-in cleared",
        "target.removed": "Database removed",
    }),
    "Assessment": Kind("Assessment", {"assessment.asked": "Assessment asked for"}),
    "JobRun": Kind("Run", {
        "run.asked": "Run asked for",
        "run.planned": "Run planned",
        "run.released": "Plan released",
        "run.asked_again": "Approval of a run asked for again",
        "run.replanned": "Run sent to be planned anew",
        "run.started": "Run started",
        "run.put_back": "Run put back to wait",
        "run.end_moved": "End of a run brought forward",
        "run.paused": "Run paused",
        "run.stop_asked": "Stop asked for",
        "run.taken_over": "Run taken over from a lost worker",
        "run.succeeded": "Run succeeded",
        "run.warning": "Run ended with a warning",
        "run.failed": "Run failed",
        "run.timed_out": "Run timed out",
        "run.cancelled": "Run cancelled",
        "run.continued": "Run continued by another",
        "run.missed": "Run missed",
        "run.lost": "Run lost",
        "run.rolled_back": "Run rolled back",
        "run.handled": "Failed run handled",
    }),
    "MaintenanceJob": Kind("Job", {
        "job.added": "Job added",
        "job.changed": "Job changed",
        "job.switched_on": "Job switched on",
        "job.switched_off": "Job switched off",
        "job.handled": "Failed runs of a job handled",
        "job.quarantined": "Job set aside",
        "job.readmitted": "Job let in again",
        "job.missed": "Due instants missed",
    }),
    "ErrorGroup": Kind("Error", {"error.handled": "Error handled"}),
    "Event": Kind("Event", {"event.emitted": "Event announced"}),
    "MaintenanceWindow": Kind("Window", {
        "window.added": "Window added",
        "window.changed": "Window changed",
        "window.removed": "Window removed",
        "window.extended": "Window extended",
        "window.closed": "Window closed early",
    }),
    "Calendar": Kind("Calendar", {
        "calendar.added": "Calendar added",
        "calendar.changed": "Calendar changed",
        "calendar.removed": "Calendar removed",
        "calendar.imported": "Calendar imported",
        "calendar.entry_added": "Entry of a calendar added",
        "calendar.entry_changed": "Entry of a calendar changed",
        "calendar.entry_removed": "Entry of a calendar removed",
        "calendar.entry_lifted": "Freeze lifted",
    }),
    "Feed": Kind("Calendar feed", {
        "feed.made": "Calendar feed made",
        "feed.revoked": "Calendar feed revoked",
    }),
    "Approval": Kind("Approval", {
        "approval.asked": "Approval asked for",
        "approval.given": "Approval given",
        "approval.level_passed": "Level of an approval passed",
        "approval.word_given": "Word given for an approval",
        "approval.commented": "Comment on an approval",
        "approval.sent_back": "Sent back instead of approved",
        "approval.opened": "No longer what was approved",
        "approval.expired": "Approval expired",
        "approval.withdrawn": "Question of approval withdrawn",
        "approval.reminded": "Reminder of an approval",
        "approval.escalated": "Approval escalated",
    }),
    "ApprovalRule": Kind("Rule of approval", {
        "rule.added": "Rule of approval added",
        "rule.changed": "Rule of approval changed",
        "rule.removed": "Rule of approval removed",
    }),
    "StandingApproval": Kind("Standing approval", {
        "standing.asked": "Standing approval asked for",
        "standing.granted": "Standing approval granted",
        "standing.revoked": "Standing approval revoked",
    }),
    "Delegation": Kind("Delegation", {
        "delegation.added": "Approval delegated",
        "delegation.revoked": "Delegation revoked",
    }),
    "BreakGlass": Kind("Break-glass", {
        "glass.asked": "Break-glass asked for",
        "glass.agreed": "Break-glass agreed to",
        "glass.used": "Started by break-glass",
        "glass.ended": "Break-glass ended with its plan",
        "glass.kept": "Break-glass kept: nothing had begun",
    }),
    "NotificationChannel": Kind("Channel", {
        "channel.added": "Channel added",
        "channel.changed": "Channel changed",
        "channel.removed": "Channel removed",
        "channel.switched_on": "Channel switched on",
        "channel.switched_off": "Channel switched off",
        "channel.tried": "Channel tried",
    }),
    "NotificationRule": Kind("Rule of notification", {
        "notification_rule.added": "Rule of notification added",
        "notification_rule.changed": "Rule of notification changed",
        "notification_rule.removed": "Rule of notification removed",
    }),
    "MessageText": Kind("Text of messages", {
        "message_text.changed": "Text of messages changed",
        "message_text.reset": "Own text of messages dropped",
    }),
    "System": Kind("System", {
        "system.added": "System added",
        "system.changed": "System changed",
        "system.removed": "System removed",
        "system.switched_on": "Messages about a system switched on",
        "system.switched_off": "Messages about a system switched off",
    }),
    "Subscription": Kind("Subscription", {
        "subscription.asked": "Subscription asked for",
        "subscription.confirmed": "Subscription confirmed",
        "subscription.changed": "Subscription changed",
        "subscription.left": "Subscription ended",
    }),
    "StatusPage": Kind("Status page", {
        "status_page.made": "Link to a status page made",
        "status_page.revoked": "Link to a status page revoked",
    }),
    "Announcement": Kind("Announced maintenance", {
        "maintenance.planned": "Maintenance announced",
        "maintenance.changed": "Change of maintenance announced",
        "maintenance.reminder": "Reminder of maintenance",
        "maintenance.started": "Begin of maintenance announced",
        "maintenance.verifying": "Check of maintenance announced",
        "maintenance.done": "End of maintenance announced",
        "maintenance.unfinished": "End of unfinished maintenance announced",
        "maintenance.cancelled": "Maintenance announced to be cancelled",
        "maintenance.withdrawn": "Maintenance no longer announced",
    }),
    "Notification": Kind("Notification", {"notification.sent_again": "Notification sent again"}),
    "FrameworkImport": Kind("Import of the partition framework", {
        "import.asked": "Import of the partition framework asked for",
        "import.tried": "Import of the partition framework tried",
        "import.done": "Partition framework imported",
        "import.failed": "Import of the partition framework not done",
    }),
    "StrategyVersion": Kind("Version of a strategy", {"version.kept": "Version of a strategy kept"}),
    "Hold": Kind("Hold", {"hold.placed": "Hold placed", "hold.lifted": "Hold lifted"}),
    "LogPolicy": Kind("Operation log", {
        "log.retention_changed": "Time to keep the log changed",
        "log.switched_on": "Own rows of strategies switched on",
        "log.switched_off": "Own rows of strategies switched off",
        "log.policy_dropped": "Own rule of a strategy dropped",
        "log.pruned": "Log pruned",
        "log.archived": "Log archived",
        "log.partitioned": "Log partitioned by month",
        "log.partitions_undone": "Log made one table again",
        "log.partitions_packed": "Partitions of the log packed",
    }),
    "User": Kind("Person", {
        "user.signed_in": "Signed in",
        "user.signed_out": "Signed out",
        "user.sign_in_refused": "Sign-in refused",
        "user.locked_out": "Locked out",
        "user.added": "Person added",
        "user.changed": "Person changed",
        "user.removed": "Person removed",
        "user.password_set": "Password set by somebody else",
        "user.password_changed": "Own password changed",
        "user.zone_changed": "Own time zone changed",
        "user.theme_changed": "Own theme changed",
    }),
    "Tenant": _row("Tenant", "tenant", "removed"),
    "Tag": _row("Tag", "tag", "removed"),
    "StrategyType": _row("Strategy", "strategytype", "registered", "unregistered"),
    "OperationType": _row("Type of operation", "operationtype"),
    "OperationStatusRow": _row("Status of operations", "operationstatusrow"),
    "JobType": _row("Type of job", "jobtype"),
    "ScheduleType": _row("Type of schedule", "scheduletype"),
    "TargetType": _row("Type of object", "targettype"),
    "DeploymentStatusRow": _row("Status of deployments", "deploymentstatusrow"),
}  # fmt: skip
