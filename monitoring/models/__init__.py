"""What is kept of the past in short, so that pages need not read the log."""

from monitoring.models.error import ErrorDay, ErrorGroup, HandledError
from monitoring.models.log_care import LogCare, LogSize
from monitoring.models.rollup import Grain, Rollup, RollupMark

__all__ = ["ErrorDay", "ErrorGroup", "Grain", "HandledError", "LogCare", "LogSize", "Rollup", "RollupMark"]
