"""The tables: the seed's under their own names, ours beside them."""

from strategies.models.access import OPERATES, READS, READS_AUDIT, READS_SQL, Role, Tenant, Theme, User, may
from strategies.models.assessment import Assessment, Finding
from strategies.models.audit import AppendOnly, AuditEntry
from strategies.models.dependency import JobDependency
from strategies.models.duration import Duration
from strategies.models.event import Event
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
from strategies.models.run import ACTIVE, BAD, GOOD, OCCUPYING, OPEN, TERMINAL, JobRun, Origin, RunStatus, Stop
from strategies.models.strategy import ExecutionMode, StrategyConfig, StrategyType
from strategies.models.target import Environment, Tag, Target, TargetState

__all__ = [
    "ACTIVE",
    "BAD",
    "DEFAULT_RETENTION_DAYS",
    "GOOD",
    "OCCUPYING",
    "OPEN",
    "OPERATES",
    "READS",
    "READS_AUDIT",
    "READS_SQL",
    "TERMINAL",
    "UNFINISHED",
    "AppendOnly",
    "Assessment",
    "AuditEntry",
    "DeploymentStatusRow",
    "Duration",
    "Environment",
    "Event",
    "ExecutionMode",
    "Finding",
    "Hold",
    "JobDependency",
    "JobRun",
    "JobState",
    "JobType",
    "LogPolicy",
    "MaintenanceJob",
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
    "Stop",
    "StrategyConfig",
    "StrategyType",
    "Tag",
    "Target",
    "TargetState",
    "TargetType",
    "Tenant",
    "Theme",
    "User",
    "WhenLate",
    "may",
]
