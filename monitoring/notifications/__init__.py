"""Finds the kinds of channels: one module for each, which is all that a new one needs."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from monitoring.notifications.base import Channel


@cache
def channels() -> dict[str, Channel[Any]]:
    """All kinds of channels by name, in the order of their names."""
    found: dict[str, Channel[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "base":
            channel = import_module(f"{__name__}.{module.name}").CHANNEL
            found[channel.name] = channel
    return dict(sorted(found.items()))
