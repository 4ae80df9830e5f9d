"""The form in which a run is asked for: built from the typed parameters of its routine, which also judge what was typed."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Le, MaxLen
from django import forms
from pydantic.fields import FieldInfo

from strategies import registry
from strategies.forms.as_typed import AsTypedField
from strategies.forms.plain_text import plain
from strategies.in_database import PackageRoutine, wants_package
from strategies.routines.base import IMPLEMENTATION, PACKAGE, PYTHON, Parameters, ParametersRefused, Routine, concerns

PREFIX = "parameter-"  # so that no parameter takes the name of a field of the form itself
FOR_PACKAGE = "for-package"
FOR_PACKAGE_HELP = "A JSON object that execute_strategy gets as p_parameters; empty = none."
LONGEST_MINUTES = 24 * 60


class RunForm(forms.Form):
    """`typed` holds what the routine takes, after `is_valid`, and `parameters` the same as a run keeps it.

    A parameter that is left empty has its default. It asks for those that mean something to the platform of the run's target.
    """

    target_object = forms.CharField(
        label="Object", initial="ALL", max_length=500, required=False,
        help_text="ALL, or one object as findings name it, like public.orders.",
    )  # fmt: skip
    timeout_minutes = forms.IntegerField(
        label="Deadline (minutes)", initial=60, min_value=1, max_value=LONGEST_MINUTES,
        help_text="Whatever still runs then is cancelled, and the run ends as timed out.",
    )  # fmt: skip

    def __init__(
        self, *args: Any, routine: Routine[Any], platform: str, package: str = "", **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self._routine = routine
        if routine.is_of_one_table:
            self.fields["target_object"].initial = None
            self.fields[
                "target_object"
            ].help_text = "The one table that it works on, as findings name it, like public.orders."
        self.typed: Parameters = Parameters()
        self.parameters: dict[str, Any] = {}
        for name, field in self._routine.parameters.model_fields.items():
            if name != IMPLEMENTATION and concerns(field, platform):
                self.fields[PREFIX + name] = form_field(field)
        if package:
            if not isinstance(self._routine, PackageRoutine):
                self.fields[PREFIX + IMPLEMENTATION] = implementation_field(package, "The portal's own")
            self.fields[FOR_PACKAGE] = AsTypedField(
                label="Parameters of the package", required=False, help_text=FOR_PACKAGE_HELP
            )

    def clean_target_object(self) -> str:
        return plain(str(self.cleaned_data["target_object"]) or "ALL", "name")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed = {
            name.removeprefix(PREFIX): value
            for name, value in cleaned.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }
        chosen = PackageRoutine(self._routine.name) if wants_package(typed) else self._routine
        try:
            read = chosen.read_parameters(self._given(chosen, typed))
            registry.require(chosen, read, cleaned.get("target_object", ""))
            self.typed, self.parameters = read, read.model_dump(mode="json")
        except ParametersRefused as refusal:
            for name, reason in refusal.problems.items():
                field = name if name == "target_object" else PREFIX + name
                self.add_error(field if field in self.fields else None, reason)
        return cleaned

    def _given(self, chosen: Routine[Any], typed: dict[str, Any]) -> dict[str, Any]:
        """A package gets what was typed for it; what only the portal's own implementation takes is left out then."""
        is_package = isinstance(chosen, PackageRoutine)
        for_package = self.cleaned_data.get(FOR_PACKAGE)
        if for_package is None:
            for_package = {}
        if not isinstance(for_package, dict):
            self.add_error(FOR_PACKAGE, 'Expected a JSON object like {"key": 1}.')
            return typed
        if for_package and not is_package:
            self.add_error(FOR_PACKAGE, "These are the package's, and the portal's own implementation is chosen.")
        if not is_package:
            return typed
        shared = {
            name: value for name, value in typed.items() if name in Parameters.model_fields or name == IMPLEMENTATION
        }
        if both := sorted(shared.keys() & for_package.keys()):
            self.add_error(FOR_PACKAGE, f"{both[0]} has a field of its own; say it in one place.")
        return {**for_package, **shared}

    @property
    def own(self) -> list[forms.BoundField]:
        """The parameters of this routine, and of the package where there is one."""
        own = [name for name in self._routine.parameters.model_fields if name not in Parameters.model_fields]
        names = [PREFIX + IMPLEMENTATION, *(PREFIX + name for name in own), FOR_PACKAGE]
        return [self[name] for name in dict.fromkeys(names) if name in self.fields]

    @property
    def shared(self) -> list[forms.BoundField]:
        """The parameters that every routine takes."""
        return [self[PREFIX + name] for name in Parameters.model_fields]

    @property
    def has_shared_errors(self) -> bool:
        return any(field.errors for field in self.shared)


def implementation_field(package: str, otherwise: str) -> forms.Field:
    """Which of the two does it, where the strategy is here and in the database."""
    return forms.TypedChoiceField(
        label="Implementation", required=False, empty_value=None,
        choices=[("", otherwise), (PYTHON, "The portal's own"), (PACKAGE, f"The package {package}")],
        help_text="Whose work it is where the database has a package of the strategy's name.",
    )  # fmt: skip


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
    if field.annotation is str:
        longest: Any = next((rule.max_length for rule in field.metadata if isinstance(rule, MaxLen)), None)
        return forms.CharField(max_length=longest, **words)
    raise TypeError(f"no form field for parameters of type {field.annotation}")
