"""The tables: the seed's under their own names, ours beside them."""

from strategies.models.access import OPERATES, READS, READS_SQL, Role, Tenant, User, may
from strategies.models.assessment import Assessment, Finding
from strategies.models.audit import AppendOnly, AuditEntry
from strategies.models.duration import Duration
from strategies.models.hold import Hold
from strategies.models.job import MaintenanceJob
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
    "GOOD",
    "OCCUPYING",
    "OPEN",
    "OPERATES",
    "READS",
    "READS_SQL",
    "TERMINAL",
    "UNFINISHED",
    "AppendOnly",
    "Assessment",
    "AuditEntry",
    "DeploymentStatusRow",
    "Duration",
    "Environment",
    "ExecutionMode",
    "Finding",
    "Hold",
    "JobRun",
    "JobType",
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
    "User",
    "may",
]
