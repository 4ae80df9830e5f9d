"""What a row holds that no field of its form can express, as SQL may have typed it: shown as text, and never lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_LONGEST = 4000  # characters


def split(stored: Any, kinds: Mapping[str, type | None]) -> tuple[dict[str, Any], str]:
    """The values that have a field of their own, and the others as JSON text, empty where there are none.

    `kinds` are the types by name. What is no object at all is text as a whole.
    """
    if stored is None:
        return {}, ""
    if not isinstance(stored, dict):
        return {}, _text(stored)
    fitting = {name: value for name, value in stored.items() if name in kinds and _fits(value, kinds[name])}
    others = {name: value for name, value in stored.items() if name not in fitting}
    return fitting, _text(others) if others else ""


def _fits(value: Any, kind: type | None) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is str:
        return isinstance(value, str)
    return isinstance(value, (int, float) if kind is float else int)


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


class AsTypedField(forms.Field):
    """JSON as text; its value is what the text says, None where it is empty."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def to_python(self, value: object) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        if len(text) > _LONGEST:
            raise ValidationError(f"This is longer than {_LONGEST} characters.")
        try:
            read = json.loads(text, parse_constant=_refuse)
            json.dumps(read, ensure_ascii=False).encode()  # half a pair of characters cannot be written
        except (ValueError, RecursionError):
            raise ValidationError("This cannot be read as JSON.") from None
        return read


def _refuse(word: str) -> None:
    """NaN and the infinities: Python reads them, no database does."""
    raise ValueError(word)


def together(typed: Mapping[str, Any], others: Any) -> Any:
    """Values of fields and of the text as one. Raises ValidationError where both say something of the same name."""
    if others is None:
        return dict(typed)
    if not isinstance(others, dict):
        if typed:
            raise ValidationError("Beside other values this has to be a JSON object, like {'name': 1}.")
        return others
    if both := sorted(set(typed) & set(others)):
        raise ValidationError(f"{both[0]} has a field of its own above; say it in one place.")
    return {**typed, **others}
