"""What every state has: a word, an icon and a colour, so that no page tells states by colour alone."""

from __future__ import annotations

from django.db import models


class State(models.TextChoices):
    """A member is written as value, icon, colour, label. The colour is the badge's class: run, ok, fail, warn, wait or plan."""

    icon: str
    colour: str

    # The defaults are for type checkers, which take a look-up by value for the making of a member.
    def __new__(cls, value: str, icon: str = "", colour: str = "") -> State:
        member = str.__new__(cls, value)
        member._value_ = value
        member.icon, member.colour = icon, colour
        return member
