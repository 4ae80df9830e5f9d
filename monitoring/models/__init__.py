"""What is kept of the past in short, so that pages need not read the log; and who is told of what."""

from monitoring.models.error import ErrorDay, ErrorGroup, HandledError
from monitoring.models.log_care import LogCare, LogSize
from monitoring.models.notification import (
    ITSELF,
    Audience,
    ChannelState,
    Delivery,
    MessageText,
    Notification,
    NotificationChannel,
    NotificationReader,
    NotificationRule,
    Severity,
)
from monitoring.models.rollup import Grain, Rollup, RollupMark

__all__ = [
    "ITSELF",
    "Audience",
    "ChannelState",
    "Delivery",
    "ErrorDay",
    "ErrorGroup",
    "Grain",
    "HandledError",
    "LogCare",
    "LogSize",
    "MessageText",
    "Notification",
    "NotificationChannel",
    "NotificationReader",
    "NotificationRule",
    "Rollup",
    "RollupMark",
    "Severity",
]
