"""The tables: the seed's under their own names, ours beside them."""

from strategies.models.access import OPERATES, READS, READS_AUDIT, READS_SQL, Role, Tenant, Theme, User, may
from strategies.models.approval import (
    SIGNS,
    Approval,
    ApprovalRule,
    ApprovalState,
    ApprovalWord,
    BreakGlass,
    Delegation,
    StandingApproval,
    Verdict,
)
from strategies.models.assessment import Assessment, Finding
from strategies.models.audit import AppendOnly, AuditEntry, AuditSeal, UnsealedEntry
from strategies.models.calendar import Calendar, CalendarEntry, CalendarKind, CalendarScope
from strategies.models.collection import CollectedOperation, LogCollection
from strategies.models.dependency import JobDependency
from strategies.models.duration import Duration
from strategies.models.event import Event
from strategies.models.feed import Feed
from strategies.models.framework import FrameworkFile, FrameworkImport, FrameworkSource, ImportedRow, ImportState
from strategies.models.hold import Hold
from strategies.models.job import JobState, MaintenanceJob, WhenLate
from strategies.models.log_policy import DEFAULT_RETENTION_DAYS, LogPolicy
from strategies.models.operation import UNFINISHED, OperationLog, OperationStatus
from strategies.models.portal import Portal, Pulse
from strategies.models.reference import (
    DeploymentStatusRow,
    JobType,
    OperationStatusRow,
    OperationType,
    ScheduleType,
    TargetType,
)
from strategies.models.run import ACTIVE, BAD, GOES_ON, GOOD, OCCUPYING, OPEN, TERMINAL, JobRun, Origin, RunStatus, Stop
from strategies.models.strategy import ExecutionMode, StrategyConfig, StrategyType
from strategies.models.target import Environment, Tag, Target, TargetState
from strategies.models.version import STANDS, Deployment, DeploymentState, StrategyVersion
from strategies.models.window import MaintenanceWindow, WindowChange

__all__ = [
    "ACTIVE",
    "BAD",
    "DEFAULT_RETENTION_DAYS",
    "GOES_ON",
    "GOOD",
    "OCCUPYING",
    "OPEN",
    "OPERATES",
    "READS",
    "READS_AUDIT",
    "READS_SQL",
    "SIGNS",
    "STANDS",
    "TERMINAL",
    "UNFINISHED",
    "AppendOnly",
    "Approval",
    "ApprovalRule",
    "ApprovalState",
    "ApprovalWord",
    "Assessment",
    "AuditEntry",
    "AuditSeal",
    "BreakGlass",
    "Calendar",
    "CalendarEntry",
    "CalendarKind",
    "CalendarScope",
    "CollectedOperation",
    "Delegation",
    "Deployment",
    "DeploymentState",
    "DeploymentStatusRow",
    "Duration",
    "Environment",
    "Event",
    "ExecutionMode",
    "Feed",
    "Finding",
    "FrameworkFile",
    "FrameworkImport",
    "FrameworkSource",
    "Hold",
    "ImportState",
    "ImportedRow",
    "JobDependency",
    "JobRun",
    "JobState",
    "JobType",
    "LogCollection",
    "LogPolicy",
    "MaintenanceJob",
    "MaintenanceWindow",
    "OperationLog",
    "OperationStatus",
    "OperationStatusRow",
    "OperationType",
    "Origin",
    "Portal",
    "Pulse",
    "Role",
    "RunStatus",
    "ScheduleType",
    "StandingApproval",
    "Stop",
    "StrategyConfig",
    "StrategyType",
    "StrategyVersion",
    "Tag",
    "Target",
    "TargetState",
    "TargetType",
    "Tenant",
    "Theme",
    "UnsealedEntry",
    "User",
    "Verdict",
    "WhenLate",
    "WindowChange",
    "may",
]
