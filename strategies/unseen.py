"""Characters that nobody sees: control characters, text direction, line ends of other kinds. Pure."""

from __future__ import annotations

import unicodedata

_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _CATEGORIES


def holds_unseen(text: str) -> bool:
    return any(map(is_unseen, text))
