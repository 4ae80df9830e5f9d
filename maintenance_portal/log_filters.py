"""Keeps out of the log what of an address is a secret."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"(/feeds/)[^/\s]+(\.ics)")


class WithoutTokens(logging.Filter):
    """Whoever has the address of a feed reads it: Django tells the path of each request that failed, and here without that."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_TOKEN.sub(r"\1…\2", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True
