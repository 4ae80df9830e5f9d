"""Texts that people can read whole: refuses what nobody sees, and writes what looks alike in one way."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control characters, text direction and other marks that nobody sees


def plain(text: str, what: str) -> str:
    """The text in its composed form (NFC). Raises ValidationError, saying `what` it is that holds something unseen."""
    if any(unicodedata.category(character) in _UNSEEN for character in text):
        raise ValidationError(f"The {what} holds a control character or one that cannot be seen.")
    return unicodedata.normalize("NFC", text)
