"""Arranges what a job waits for, and what waits for it, as a small picture: pure, from typed nodes and edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from strategies.dependencies import On

Key = int | str  # a job's number, or a strategy's name
MOST_NODES = 12  # beside the job itself: more cannot be read in one picture
_DEEPEST = 4  # columns on each side
_LINE, _SMALL_LINE = 22, 28  # characters in a box
BOX_WIDTH, BOX_HEIGHT = 184, 48
_GAP_X, _GAP_Y, _MARGIN = 104, 18, 6


@dataclass(frozen=True, slots=True)
class Node:
    """A job, or a strategy on the same database. `is_known` = the reader may see it, and it is there."""

    key: Key
    name: str
    detail: str
    is_known: bool = True

    @property
    def job(self) -> int | None:
        return self.key if isinstance(self.key, int) else None

    @property
    def short(self) -> str:
        """What fits into its box."""
        return _fitting(self.name, _LINE)

    @property
    def detail_short(self) -> str:
        return _fitting(self.detail, _SMALL_LINE)


def _fitting(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


@dataclass(frozen=True, slots=True)
class Edge:
    """`later` runs after `first`, on one of its ends."""

    first: Key
    later: Key
    on: On

    @property
    def word(self) -> str:
        """Stands on the line."""
        return "always" if self.on is On.ALWAYS else f"on {self.on}"


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place: the upper left corner, in units of the picture."""

    node: Node
    x: int
    y: int
    is_this: bool

    @property
    def middle(self) -> int:
        return self.x + BOX_WIDTH // 2

    @property
    def first_line(self) -> int:
        return self.y + 20

    @property
    def second_line(self) -> int:
        return self.y + 37


@dataclass(frozen=True, slots=True)
class Line:
    """An edge with its way (the `d` of a path) and the place of its word."""

    edge: Edge
    way: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    """`rows` are the same edges for a table, as (first, edge, later). `more` neighbours are not shown."""

    width: int
    height: int
    boxes: Sequence[Box]
    lines: Sequence[Line]
    rows: Sequence[tuple[Node, Edge, Node]]
    more: int

    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def picture(this: Key, nodes: Iterable[Node], edges: Iterable[Edge], *, more: int = 0) -> Picture:
    """What comes before stands left, what comes after right; of many the nearest are shown, at most MOST_NODES.

    Rows may be typed in SQL: also jobs that wait for each other get a picture. `more` were left out before.
    """
    known = {node.key: node for node in nodes}
    all_edges = [edge for edge in dict.fromkeys(edges) if edge.first in known and edge.later in known]
    distances = _distances(this, all_edges)
    nearest = sorted(distances, key=lambda key: (abs(distances[key]), known[key].name.casefold(), str(key)))
    kept = nearest[: MOST_NODES + 1]
    shown = [edge for edge in all_edges if edge.first in kept and edge.later in kept]
    levels = _levels(this, {key: distances[key] for key in kept}, shown)
    columns = _columns(levels, shown)
    height = max(len(column) for column in columns.values()) * (BOX_HEIGHT + _GAP_Y) - _GAP_Y + 2 * _MARGIN
    places = _places(columns, height)
    return Picture(
        width=len(columns) * (BOX_WIDTH + _GAP_X) - _GAP_X + 2 * _MARGIN,
        height=height,
        boxes=[Box(known[key], *places[levels[key], key], key == this) for key in kept],
        lines=[_line(edge, levels, places) for edge in shown],
        rows=[(known[edge.first], edge, known[edge.later]) for edge in shown],
        more=more + len(nearest) - len(kept),
    )


def _distances(this: Key, edges: Sequence[Edge]) -> dict[Key, int]:
    """How many edges lie between: below nought before this job, above it after. What is both counts as before."""
    found = {this: 0}
    for sign in (-1, 1):
        nexts: dict[Key, list[Key]] = defaultdict(list)
        for edge in edges:
            nexts[edge.later if sign < 0 else edge.first].append(edge.first if sign < 0 else edge.later)
        seen, frontier, distance = {this}, [this], 0
        while frontier:
            distance += 1
            frontier = [
                key for key in dict.fromkeys(far for near in frontier for far in nexts[near]) if key not in seen
            ]
            seen.update(frontier)
            for key in frontier:
                found.setdefault(key, sign * distance)
    return found


def _levels(this: Key, distances: Mapping[Key, int], edges: Sequence[Edge]) -> dict[Key, int]:
    """The column of each: before everything that waits for it. Jobs that wait for each other stop at _DEEPEST."""
    levels = dict(distances)
    for _ in range(_DEEPEST):
        for edge in edges:
            first, later = levels[edge.first], levels[edge.later]
            if first < 0 and later <= 0 and edge.first != this:
                levels[edge.first] = max(-_DEEPEST, min(first, later - 1))
            if later > 0 and first >= 0 and edge.later != this:
                levels[edge.later] = min(_DEEPEST, max(later, first + 1))
    return levels


def _columns(levels: Mapping[Key, int], edges: Sequence[Edge]) -> dict[int, list[Key | Edge]]:
    """Per level what stands in it from top to bottom; an edge that passes a column has a place of its own there.

    From the middle outwards each is put near what it is connected with, so that few lines cross.
    """
    members: dict[int, list[Key | Edge]] = {
        level: [] for level in range(min(levels.values()), max(levels.values()) + 1)
    }
    for key, level in levels.items():
        members[level].append(key)
    for edge in edges:
        for level in range(levels[edge.first] + 1, levels[edge.later]):
            members[level].append(edge)
    rows: dict[Key | Edge, float] = {}
    for level in sorted(members, key=abs):
        members[level].sort(key=lambda one: _mean_row(one, edges, rows))
        for row, one in enumerate(members[level]):
            rows[one] = row - (len(members[level]) - 1) / 2
    return members


def _mean_row(one: Key | Edge, edges: Sequence[Edge], rows: Mapping[Key | Edge, float]) -> float:
    ends = [end for edge in edges if one in (edge, edge.first, edge.later) for end in (edge.first, edge.later)]
    found = [rows[end] for end in ends if end in rows and end != one]
    return sum(found) / len(found) if found else 0.0


def _places(columns: Mapping[int, Sequence[Key | Edge]], height: int) -> dict[tuple[int, Key | Edge], tuple[int, int]]:
    """The upper left corner of whatever stands in a column, by the column's level and by what it is."""
    places = {}
    step = BOX_HEIGHT + _GAP_Y
    for number, level in enumerate(sorted(columns)):
        top = (height - len(columns[level]) * step + _GAP_Y) // 2
        for row, one in enumerate(columns[level]):
            places[level, one] = (_MARGIN + number * (BOX_WIDTH + _GAP_X), top + row * step)
    return places


def _line(edge: Edge, levels: Mapping[Key, int], places: Mapping[tuple[int, Key | Edge], tuple[int, int]]) -> Line:
    """From the right side of the one box to the left of the other: bent between the columns, straight through them.

    The word stands in the middle of the first gap.
    """
    start, end = levels[edge.first], levels[edge.later]
    x, y = places[start, edge.first]
    stops = [(x + BOX_WIDTH, y + BOX_HEIGHT // 2)]
    for level in range(start + 1, end):
        x, y = places[level, edge]
        stops += [(x, y + BOX_HEIGHT // 2), (x + BOX_WIDTH, y + BOX_HEIGHT // 2)]
    x, y = places[end, edge.later]
    stops.append((x, y + BOX_HEIGHT // 2))
    way = f"M{stops[0][0]} {stops[0][1]}"
    for number, ((ax, ay), (bx, by)) in enumerate(pairwise(stops)):
        bend = (ax + bx) // 2
        way += f" C{bend} {ay} {bend} {by} {bx} {by}" if number % 2 == 0 else f" L{bx} {by}"
    (ax, ay), (bx, by) = stops[:2]
    return Line(edge, way, (ax + bx) // 2, (ay + by) // 2)
