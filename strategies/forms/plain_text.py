"""Texts that people can read whole: refuses what nobody sees, and writes what looks alike in one way."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

from strategies.unseen import holds_unseen


def plain(text: str, what: str) -> str:
    """The text in its composed form (NFC). Raises ValidationError, saying `what` it is that holds something unseen."""
    if holds_unseen(text):
        raise ValidationError(f"The {what} holds a control character or one that cannot be seen.")
    return unicodedata.normalize("NFC", text)
