"""What the words of the older framework are called here: how operations ended, what jobs are for, how far a migration came. Pure."""

from __future__ import annotations

from collections.abc import Mapping

STATUS: Mapping[str, str] = {
    **{word: word for word in ("STARTED", "RUNNING", "PENDING", "SUCCESS", "WARNING", "ERROR", "CANCELLED", "TIMEOUT", "INFO")},
    **dict.fromkeys(("SUCCEEDED", "SUCCESSFUL", "COMPLETE", "COMPLETED", "OK", "DONE"), "SUCCESS"),
    **dict.fromkeys(("WARN", "WARNINGS", "COMPLETED_WITH_WARNINGS"), "WARNING"),
    **dict.fromkeys(("ERRORS", "FAILED", "FAILURE", "FAIL", "ABORTED"), "ERROR"),
    **dict.fromkeys(("START", "BEGIN"), "STARTED"), **dict.fromkeys(("IN_PROGRESS", "EXECUTING"), "RUNNING"),
    **dict.fromkeys(("QUEUED", "SCHEDULED", "WAITING"), "PENDING"), **dict.fromkeys(("CANCELED", "STOPPED"), "CANCELLED"),
    **dict.fromkeys(("TIMED_OUT",), "TIMEOUT"), **dict.fromkeys(("SKIPPED", "INFORMATION"), "INFO"),
}  # fmt: skip
UNFINISHED = frozenset({"STARTED", "RUNNING", "PENDING"})

JOB_TYPES: Mapping[str, str] = {
    **{word: word for word in (
        "MAINTENANCE", "ANALYSIS", "OPTIMIZATION", "CLEANUP", "BACKUP", "ARCHIVE", "MIGRATION", "VALIDATION", "MONITORING", "REPORTING",
    )},
    **dict.fromkeys((
        "CREATE", "CREATE_PARTITION", "CREATE_PARTITIONS", "ADD_PARTITION", "ADD_PARTITIONS", "PARTITION_CREATION", "SPLIT",
        "SPLIT_PARTITION", "MERGE", "MERGE_PARTITION", "MERGE_PARTITIONS", "PARTITION_MAINTENANCE",
    ), "MAINTENANCE"),
    **dict.fromkeys((
        "DROP", "DROP_PARTITION", "DROP_PARTITIONS", "DROP_OLD_PARTITIONS", "TRUNCATE", "TRUNCATE_PARTITION", "PURGE", "RETENTION",
        "PARTITION_CLEANUP", "CLEANUP_PARTITIONS",
    ), "CLEANUP"),
    **dict.fromkeys((
        "COMPRESS", "COMPRESSION", "COMPRESS_PARTITION", "COMPRESS_PARTITIONS", "OPTIMIZE", "REBUILD", "REBUILD_INDEX",
        "REBUILD_INDEXES", "REORGANIZE",
    ), "OPTIMIZATION"),
    **dict.fromkeys(("ANALYZE", "STATISTICS", "STATS", "GATHER_STATS", "GATHER_STATISTICS", "UPDATE_STATISTICS"), "ANALYSIS"),
    **dict.fromkeys(("MIGRATE", "MOVE", "MOVE_PARTITION", "EXCHANGE", "EXCHANGE_PARTITION", "CONVERT"), "MIGRATION"),
    **dict.fromkeys(("ARCHIVE_PARTITION", "ARCHIVE_PARTITIONS", "ARCHIVING"), "ARCHIVE"),
    **dict.fromkeys(("VALIDATE", "CHECK", "CHECK_PARTITIONS"), "VALIDATION"),
    **dict.fromkeys(("MONITOR", "HEALTH_CHECK"), "MONITORING"), **dict.fromkeys(("REPORT",), "REPORTING"),
}  # fmt: skip

DEPLOYMENT: Mapping[str, str] = {
    **{word: word for word in ("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "ROLLED_BACK", "CANCELLED")},
    **dict.fromkeys(("NOT_STARTED", "NEW", "NONE", "PLANNED"), "PENDING"), **dict.fromkeys(("STARTED", "RUNNING"), "IN_PROGRESS"),
    **dict.fromkeys(("COMPLETE", "SUCCESS", "DONE", "MIGRATED"), "COMPLETED"), **dict.fromkeys(("ERROR", "FAILURE"), "FAILED"),
    **dict.fromkeys(("ROLLBACK", "ROLLEDBACK"), "ROLLED_BACK"), **dict.fromkeys(("CANCELED",), "CANCELLED"),
}  # fmt: skip
