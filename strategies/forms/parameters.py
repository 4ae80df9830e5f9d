"""The form in which a run is asked for: built from the typed parameters of its routine, which also judge what was typed."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Le
from django import forms
from pydantic.fields import FieldInfo

from strategies.forms.plain_text import plain
from strategies.routines.base import Parameters, ParametersRefused, Routine, concerns

PREFIX = "parameter-"  # so that no parameter takes the name of a field of the form itself
LONGEST_MINUTES = 24 * 60


class RunForm(forms.Form):
    """`parameters` holds what the routine takes, after `is_valid`. A parameter that is left empty has its default.

    It asks for those that mean something to the platform of the run's target.
    """

    target_object = forms.CharField(
        label="Object", initial="ALL", max_length=500, required=False,
        help_text="ALL, or one object as findings name it, like public.orders.",
    )  # fmt: skip
    timeout_minutes = forms.IntegerField(
        label="Deadline (minutes)", initial=60, min_value=1, max_value=LONGEST_MINUTES,
        help_text="Whatever still runs then is cancelled, and the run ends as timed out.",
    )  # fmt: skip

    def __init__(self, *args: Any, routine: Routine[Any], platform: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._routine = routine
        self.parameters: dict[str, Any] = {}
        for name, field in routine.parameters.model_fields.items():
            if concerns(field, platform):
                self.fields[PREFIX + name] = form_field(field)

    def clean_target_object(self) -> str:
        return plain(str(self.cleaned_data["target_object"]) or "ALL", "name")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed = {
            name.removeprefix(PREFIX): value
            for name, value in cleaned.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }
        try:
            self.parameters = self._routine.read_parameters(typed).model_dump(mode="json")
        except ParametersRefused as refusal:
            for name, reason in refusal.problems.items():
                self.add_error(PREFIX + name if PREFIX + name in self.fields else None, reason)
        return cleaned

    @property
    def own(self) -> list[forms.BoundField]:
        """The parameters of this routine."""
        own = [name for name in self._routine.parameters.model_fields if name not in Parameters.model_fields]
        return [self[PREFIX + name] for name in own if PREFIX + name in self.fields]

    @property
    def shared(self) -> list[forms.BoundField]:
        """The parameters that every routine takes."""
        return [self[PREFIX + name] for name in Parameters.model_fields]

    @property
    def has_shared_errors(self) -> bool:
        return any(field.errors for field in self.shared)


def form_field(field: FieldInfo) -> forms.Field:
    """Raises TypeError for a type of parameter that no form knows yet."""
    words: dict[str, Any] = {
        "label": field.title, "help_text": field.description, "initial": field.get_default(), "required": False,
    }  # fmt: skip
    if field.annotation is bool:
        return forms.BooleanField(**words)
    lowest: Any = next((rule.ge for rule in field.metadata if isinstance(rule, Ge)), None)
    highest: Any = next((rule.le for rule in field.metadata if isinstance(rule, Le)), None)
    if field.annotation is int:
        return forms.IntegerField(min_value=lowest, max_value=highest, **words)
    if field.annotation is float:
        widget = forms.NumberInput(attrs={"step": "any"})
        return forms.FloatField(min_value=lowest, max_value=highest, widget=widget, **words)
    raise TypeError(f"no form field for parameters of type {field.annotation}")
