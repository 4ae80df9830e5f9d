"""A stage on the server in memory."""

from __future__ import annotations

import time

from strategies.platforms.oracle.platform import PLATFORM
from strategies.platforms.oracle.smoke.stage import Stage

SECRET = "hunter2 of the trial"
URL = "oracle://portal@db.example:1521/sales?edition=EE&licensed=partitioning"


def a_stage(url: str = URL) -> Stage:
    """On which nobody waits long."""
    return Stage(
        PLATFORM, PLATFORM.address(url), SECRET, token="1a2b3c4d", pause=lambda seconds: time.sleep(min(seconds, 0.01))
    )
