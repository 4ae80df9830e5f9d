"""Files that hold all operations of the library, in sections: a strategy's file is such a master with the sections that it needs.

`#{name}` in a master is filled in; the lines between `%% one two` and `%%` stay where any of these parts is chosen. The package in
Oracle that generates strategies fills the same masters, from a table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

_TOKEN = re.compile(r"#\{([a-z_:]+)\}")
_MARK = "%%"


class MasterBroken(ValueError):
    """A master that cannot be filled; the text says what is wrong with it."""


def fill(master: str, parts: Collection[str], values: Mapping[str, str]) -> str:
    """The text with the sections of these parts alone. Raises MasterBroken."""
    text = "".join(_chosen(master.splitlines(keepends=True), parts))
    return _TOKEN.sub(lambda token: _value(values, token[1]), text)


def _chosen(lines: list[str], parts: Collection[str]) -> Iterator[str]:
    is_open, stays = False, True
    for number, line in enumerate(lines, 1):
        if not line.startswith(_MARK):
            if stays:
                yield line
            continue
        wanted = line.removeprefix(_MARK).split()
        if is_open == bool(wanted):
            raise MasterBroken(f"line {number}: a section {'within another' if wanted else 'ends that has not begun'}")
        is_open, stays = bool(wanted), not wanted or not set(wanted).isdisjoint(parts)
    if is_open:
        raise MasterBroken("its last section has no end")


def _value(values: Mapping[str, str], name: str) -> str:
    try:
        return values[name]
    except KeyError:
        raise MasterBroken(f"there is no value named {name}") from None
