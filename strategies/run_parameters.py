"""The parameters of a run in words: what its routine calls them, and which of them somebody has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from strategies import registry
from strategies.routines.base import concerns


@dataclass(frozen=True, slots=True)
class Given:
    """`is_usual` = the value that it has where nobody says another."""

    title: str
    value: Any
    is_usual: bool


def given(strategy: str, platform: str, values: Mapping[str, Any]) -> list[Given]:
    """As the form asked for them, those that mean nothing to this product left out; one of an older version keeps its name."""
    fields = registry.routine_of(strategy, values).parameters.model_fields
    found = []
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            found.append(Given(name, value, is_usual=False))
        elif concerns(field, platform):
            usual = to_jsonable_python(field.get_default(call_default_factory=True))
            found.append(Given(str(field.title or name), value, is_usual=value == usual))
    return found
