"""Keeps out of the log what of an address is a secret, and the same trouble of a database that is away over and over."""

from __future__ import annotations

import logging
import re
import time

from strategies.cut_off import is_cut_off

_TOKEN = re.compile(r"(/feeds/)[^/\s]+(\.ics)")


class WithoutTokens(logging.Filter):
    """Whoever has the address of a feed reads it: Django tells the path of each request that failed, and here without that."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_TOKEN.sub(r"\1…\2", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


class WithoutProbes(logging.Filter):
    """That the portal is not well is what `/health/` answers to whoever asks, each few seconds; why stands in the log already."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (getattr(record, "status_code", None) == 503 and record.args == ("Service Unavailable", "/health/"))


class OnceAMinute(logging.Filter):
    """While the portal's own database is away, each process says of each thing that fails for it one line a minute."""

    EVERY_SECONDS = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not is_cut_off(error):
            return True
        said, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._told.get(said, -self.EVERY_SECONDS) < self.EVERY_SECONDS:
            return False
        self._told[said] = now
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        record.msg, record.args = f"{record.getMessage()}: {first}", ()
        record.exc_info = record.exc_text = None
        return True
