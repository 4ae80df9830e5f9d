"""Durations counted in buckets that grow by a tenth each, so that percentiles over any days follow from a few figures.

The buckets are those of DDSketch: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", PVLDB 12 (2019). Bucket i holds γ^(i−1) < ms ≤ γ^i, and its middle 2γ^i/(γ+1) lies within
(γ−1)/(γ+1) = 4.8 % of each of them.

A histogram is one whole number with 32 bits for each bucket: two histograms are added as two numbers are, so that a page may
add thousands of them in milliseconds. As text it is the first bucket in use and the rest in hexadecimal digits, eight a bucket.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

GAMMA = 1.1
NOUGHT = -1  # the bucket of 0 ms; that of 1 ms is 0
LONGEST_MS = 10**10  # 115 days; a duration above it, or below nought, is a slip of whoever typed it
LONGEST_TEXT = 2000  # characters, for which Oracle needs no large object
BITS = 32
_LOG = math.log(GAMMA)


def bucket_of(ms: int) -> int:
    """The bucket of a duration from 0 to LONGEST_MS."""
    return math.ceil(math.log(ms) / _LOG) if ms > 0 else NOUGHT


def middle(bucket: int) -> float:
    """What stands for every duration in a bucket, in ms."""
    return 0.0 if bucket == NOUGHT else 2 * GAMMA**bucket / (GAMMA + 1)


_ONE = [1 << BITS * place for place in range(bucket_of(LONGEST_MS) - NOUGHT + 1)]


def of(ms: int) -> int:
    """The histogram of a single duration."""
    return _ONE[bucket_of(ms) - NOUGHT]


def counts(histogram: int) -> tuple[int, ...]:
    """How many fell into each bucket, from that of 0 ms up to the last in use."""
    places = -(-histogram.bit_length() // BITS)
    return struct.unpack(f"<{places}I", histogram.to_bytes(places * BITS // 8, "little"))


def percentiles(histogram: int, percents: Sequence[int], shortest_ms: int, longest_ms: int) -> list[float]:
    """For each percent the duration of rank ⌈percent · n / 100⌉ when all n ≥ 1 are put in order (nearest rank), to within 4.8 %.

    None lies outside the shortest and the longest, which are known exactly.
    """
    up_to = list(accumulate(counts(histogram)))
    ranks = (-(-percent * up_to[-1] // 100) for percent in percents)
    middles = (middle(bisect_left(up_to, rank) + NOUGHT) for rank in ranks)
    return [min(max(ms, shortest_ms), longest_ms) for ms in middles]


def to_text(histogram: int) -> str:
    """Empty for none."""
    if not histogram:
        return ""
    first = ((histogram & -histogram).bit_length() - 1) // BITS
    return f"{first} {histogram >> BITS * first:x}"


def from_text(text: str) -> int:
    first, _, digits = text.partition(" ")
    return int(digits, 16) << BITS * int(first) if digits else 0
