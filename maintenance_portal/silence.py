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


class PassedOver:
    """Whether signs come all the while, and never one of ours. `own` is how those begin that are ours.

    Several portals on one database take from the same queue, and whoever takes the question answers it: so the silence of a
    cluster that is locked is not heard while others answer. Each of many signs is as likely ours as theirs.
    """

    MANY = 30

    def __init__(self, own: str, *, at_least: float) -> None:
        self._own, self._at_least = own, at_least
        self._of_others = 0
        self._last: object = None
        self._since: float | None = None

    def is_so(self, sign: object, by: str, now: float) -> bool:
        """Told what the last sign was, whose, and when we looked."""
        if self._since is None or by.startswith(self._own):
            self.forget()
            self._last, self._since = sign, now
        elif sign != self._last:
            self._of_others, self._last = self._of_others + 1, sign
        return self._of_others >= self.MANY and now - self._since > self._at_least

    def forget(self) -> None:
        """Begin anew: we looked away, or ours have a good reason to take nothing."""
        self._of_others, self._last, self._since = 0, None, None
