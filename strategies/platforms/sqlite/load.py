"""How busy the machine is on which a SQLite file lies: the file itself has no sessions that could be counted."""

from __future__ import annotations

import os

from strategies.load import Load
from strategies.platforms.base import NotSupported


def of_machine() -> Load:
    """The machine's load over the last minute, what the portal does itself included. Raises NotSupported."""
    if not hasattr(os, "getloadavg"):
        raise NotSupported("This machine does not tell its load.")
    load = os.getloadavg()[0]
    return Load(load, f"a load of {load:.1f} on this machine")
