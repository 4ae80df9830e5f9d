"""What people may not do, or may not so: one exception for whatever decides it, and whatever shows it."""

from __future__ import annotations


class Refused(ValueError):
    """Its text is the sentence to show. `field` is the one at fault of a form, empty = none of them."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
