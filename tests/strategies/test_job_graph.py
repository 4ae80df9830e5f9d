"""The picture of dependencies: before stands left, after stands right, nothing is drawn over something else."""

from __future__ import annotations

from itertools import combinations

from strategies.dependencies import On
from strategies.job_graph import BOX_HEIGHT, BOX_WIDTH, MOST_NODES, Edge, Key, Node, Picture, picture


def drawn(this: Key, *edges: tuple[Key, Key], more: int = 0) -> Picture:
    names = dict.fromkeys([this, *(end for edge in edges for end in edge)])
    nodes = [Node(key, f"JOB_{key}", "shop") for key in names]
    return picture(this, nodes, [Edge(first, later, On.SUCCESS) for first, later in edges], more=more)


def columns(found: Picture) -> list[set[Key]]:
    """What stands in each column, from left to right."""
    places = sorted({box.x for box in found.boxes})
    return [{box.node.key for box in found.boxes if box.x == x} for x in places]


def overlap(found: Picture) -> bool:
    return any(
        abs(one.x - other.x) < BOX_WIDTH and abs(one.y - other.y) < BOX_HEIGHT
        for one, other in combinations(found.boxes, 2)
    )


def test_a_job_alone_is_one_box() -> None:
    found = drawn(1)
    assert (columns(found), list(found.lines), found.more) == ([{1}], [], 0)


def test_a_diamond_has_its_sides_in_one_column() -> None:
    diamond = [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert columns(drawn(4, *diamond)) == [{1}, {2, 3}, {4}]
    assert columns(drawn(1, *diamond)) == [{1}, {2, 3}, {4}]
    seen_from_a_side = drawn(2, *diamond)
    assert columns(seen_from_a_side) == [{1}, {2}, {4}], "the other side is neither before nor after it"
    assert not overlap(drawn(4, *diamond))


def test_what_comes_before_two_others_stands_left_of_both() -> None:
    found = drawn(4, (1, 4), (1, 2), (2, 4))
    assert columns(found) == [{1}, {2}, {4}]
    passing = next(line for line in found.lines if (line.edge.first, line.edge.later) == (1, 4))
    straight = int(passing.way.split("L")[1].split()[1])  # the height at which it passes the column between
    box = next(box for box in found.boxes if box.node.key == 2)
    assert not box.y <= straight <= box.y + BOX_HEIGHT


def test_every_edge_is_a_line_and_a_row() -> None:
    found = drawn(2, (1, 2), (2, 3))
    assert [(line.edge.first, line.edge.later) for line in found.lines] == [(1, 2), (2, 3)]
    assert [(first.key, later.key) for first, _, later in found.rows] == [(1, 2), (2, 3)]


def test_of_many_the_nearest_are_drawn_and_the_others_counted() -> None:
    far = [(100 + number, number) for number in range(1, 21)]
    found = drawn(0, *((number, 0) for number in range(1, 21)), *far, more=5)
    assert len(found.boxes) == MOST_NODES + 1
    assert all(isinstance(box.node.key, int) and box.node.key <= 20 for box in found.boxes)
    assert found.more == 40 - MOST_NODES + 5
    assert not overlap(found)


def test_jobs_that_wait_for_each_other_still_get_a_picture() -> None:
    for ring in ([(1, 1)], [(1, 2), (2, 1)], [(1, 2), (2, 3), (3, 1)], [(0, 1), (1, 2), (2, 1), (2, 3)]):
        found = drawn(1, *ring)
        assert len(found.lines) == len(ring)
        assert found.width > 0
        assert not overlap(found)


def test_lines_stay_within_the_picture() -> None:
    found = drawn(5, (1, 2), (1, 3), (2, 4), (3, 4), (4, 5), (1, 5), (5, 6), (5, 7), (6, 7))
    for box in found.boxes:
        assert 0 <= box.x <= found.width - BOX_WIDTH
        assert 0 <= box.y <= found.height - BOX_HEIGHT
    for line in found.lines:
        assert 0 <= line.x <= found.width
        assert 0 <= line.y <= found.height


def test_long_names_are_cut_to_their_box_and_kept_in_the_table() -> None:
    name = "A" * 128
    found = picture(1, [Node(1, name, "shop"), Node(2, "B", "shop")], [Edge(1, 2, On.ALWAYS)])
    assert found.boxes[0].node.short.endswith("…")
    assert len(found.boxes[0].node.short) < 25
    assert (found.rows[0][0].name, found.rows[0][1].word) == (name, "always")
