"""Reads what the running thread has cost so far: all that SQLite costs, as long as no helping threads sort beside it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

_THREAD_IO = "/proc/thread-self/io"
_OWN_READS = 1  # the read of the counters themselves, which the next reading of them has counted


@dataclass(frozen=True, slots=True)
class Gauge:
    """The thread's counters at one moment.

    CPU is the thread's time in user and system mode (ns), by `CLOCK_THREAD_CPUTIME_ID`: the same as
    `getrusage(RUSAGE_THREAD)`, but finer than a millisecond and known on every system.

    I/O is the number of read and write calls (`syscr` + `syscw` of Linux), in whole operations. `ru_inblock` and
    `ru_oublock` are not used: they count blocks of 512 bytes, and none at all for what the file cache served. Pages that
    SQLite took from its own cache cost no call and are rightly not counted. Other systems have no such counter: None.
    """

    cpu_ns: int
    io_calls: int | None

    @classmethod
    def now(cls) -> Gauge:
        return cls(time.thread_time_ns(), _io_calls())

    def cpu_ms_since(self, earlier: Gauge) -> int:
        return round((self.cpu_ns - earlier.cpu_ns) / 1e6)

    def io_since(self, earlier: Gauge) -> int | None:
        if self.io_calls is None or earlier.io_calls is None:
            return None
        return max(0, self.io_calls - earlier.io_calls - _OWN_READS)


def _io_calls() -> int | None:
    try:
        descriptor = os.open(_THREAD_IO, os.O_RDONLY)
    except OSError:
        return None
    try:
        lines = os.read(descriptor, 4096).decode("ascii").splitlines()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    counters = dict(line.split(": ", 1) for line in lines if ": " in line)
    if not {"syscr", "syscw"} <= counters.keys():
        return None
    return int(counters["syscr"]) + int(counters["syscw"])
