"""Time that is over when a test wants it to be."""

from __future__ import annotations

from strategies.batches import Budget


class SpentAfter(Budget):
    """Over when it has been asked for so often."""

    def __init__(self, questions: int) -> None:
        super().__init__(0)
        self.left = questions

    @property
    def is_spent(self) -> bool:
        self.left -= 1
        return self.left < 0
