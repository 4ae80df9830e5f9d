"""Everything that is tried on a real server, in its order: what only reads first."""

from __future__ import annotations

from strategies.platforms.oracle.smoke import copying, ground, packages, reading, stopping, telling, working
from strategies.platforms.oracle.smoke.items import Item
from strategies.platforms.oracle.smoke.reading import Tried


def items(tried: tuple[Tried, ...]) -> tuple[Item, ...]:
    """`tried` are the strategies that Oracle has, with the parameters that they have by themselves."""
    return (
        *reading.items(tried),
        ground.EARLIER,
        *telling.items(),
        *working.items(),
        *copying.items(),
        *packages.items(),
        *stopping.items(),
    )
