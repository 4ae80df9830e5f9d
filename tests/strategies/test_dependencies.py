"""What a job waits for: how lists are read, which ends count, and that nobody waits for himself."""

from __future__ import annotations

import pytest

from strategies.dependencies import (
    Answer,
    Dependency,
    DependencyRefused,
    End,
    On,
    Upstream,
    cycle,
    parse_jobs,
    parse_names,
)


def test_a_list_of_jobs_is_read_with_the_end_that_each_is_waited_for() -> None:
    assert parse_jobs(" 12, 15:Failure ,17 : always,") == (
        Dependency(12, On.SUCCESS), Dependency(15, On.FAILURE), Dependency(17, On.ALWAYS),
    )  # fmt: skip
    assert parse_jobs(None) == parse_jobs(" ") == ()
    assert parse_names("A_MAINTENANCE, B ,, A_MAINTENANCE") == ("A_MAINTENANCE", "B")


@pytest.mark.parametrize(
    ("text", "words"),
    [("twelve", "twelve"), ("12:never", "12:never"), ("12,12:failure", "named twice"), ("-3", "-3"), ("1;2", "1;2")],
)
def test_what_is_no_list_of_jobs_is_refused(text: str, words: str) -> None:
    with pytest.raises(DependencyRefused, match=words):
        parse_jobs(text)


@pytest.mark.parametrize(
    ("on", "end", "answer"),
    [
        (On.SUCCESS, End.SUCCEEDED, Answer.MET),
        (On.SUCCESS, End.FAILED, Answer.WAIT),  # it may be mended and run again in time
        (On.SUCCESS, End.LEFT_OUT, Answer.NEVER),
        (On.FAILURE, End.FAILED, Answer.MET),
        (On.FAILURE, End.SUCCEEDED, Answer.NEVER),
        (On.FAILURE, End.LEFT_OUT, Answer.NEVER),
        (On.ALWAYS, End.SUCCEEDED, Answer.MET),
        (On.ALWAYS, End.FAILED, Answer.MET),
        (On.ALWAYS, End.LEFT_OUT, Answer.MET),
        *((on, end, Answer.WAIT) for on in On for end in (End.GONE, End.NONE, End.OPEN)),
    ],
)
def test_each_end_of_the_other_means_go_wait_or_never(on: On, end: End, answer: Answer) -> None:
    upstream = Upstream("job 12 (NIGHTLY)", on, end, 7)
    assert upstream.answer is answer
    assert upstream.sentence.startswith("It runs")
    assert upstream.sentence.endswith(".")


def test_of_a_job_that_is_gone_it_is_said_so_and_who_can_help() -> None:
    upstream = Upstream("job 12", On.SUCCESS, End.GONE)
    assert upstream.sentence == "It runs after job 12 has succeeded, and there is no job 12 any more."
    assert upstream.cleared_by.startswith("A DBA changes")


EDGES = {1: [2], 2: [3, 4], 3: [5], 4: [5], 5: [], 6: [7], 7: [8], 8: [6], 9: [9], 10: [6]}


def test_a_diamond_is_no_cycle_and_a_ring_is_told_as_it_goes_round() -> None:
    def nexts(node: int | str) -> list[int | str]:
        return list(EDGES[int(node)])

    assert cycle(1, nexts) == []
    assert cycle(6, nexts) == [6, 7, 8, 6]
    assert cycle(9, nexts) == [9, 9]
    assert cycle(10, nexts) == []  # it waits for a ring, and is no part of it


def test_a_long_chain_is_followed_to_its_end_and_each_job_is_asked_once() -> None:
    asked: list[int] = []

    def nexts(node: int | str) -> list[int | str]:
        asked.append(int(node))
        return [int(node) + 1, int(node) + 2] if int(node) < 5000 else [1]

    assert cycle(1, nexts)[0] == 1
    assert len(asked) == len(set(asked))
