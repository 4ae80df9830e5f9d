"""Measures how long something has said nothing new, as seen by us without a break."""

from __future__ import annotations


class Silence:
    """Fed with what is seen and when (monotonic seconds). What was not watched is not held against anybody."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since: float | None = None

    def seconds(self, seen: object, now: float) -> float:
        """For how long this has been the last thing seen."""
        if self._since is None or seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since

    def forget(self) -> None:
        """Begin anew: we looked away, or the silence has a good reason."""
        self._since = None
