"""The fields of a job's form that depend on its routine, its platform, its configuration and what its row holds."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from pydantic.fields import FieldInfo

from strategies.dependencies import parse_names
from strategies.forms import as_typed
from strategies.forms.as_typed import AsTypedField
from strategies.forms.parameters import FOR_PACKAGE_HELP, PREFIX, form_field, implementation_field
from strategies.in_database import PackageRoutine
from strategies.job_definitions import LIMITS
from strategies.models import MaintenanceJob, StrategyConfig
from strategies.platforms.base import Platform
from strategies.routines.base import IMPLEMENTATION, Routine

LIMIT = "limit-"
_LIMIT_WORDS = {
    "max_duration_seconds": ("Stop it after (seconds)", "A shorter time limit of the configuration counts before it."),
    "lock_wait_seconds": ("Wait for locks at most (seconds)", "Goes before the parameter of the same name."),
    "memory_mb": ("Memory for a step (MB)", "Empty: as the database has it."),
    "max_database_seconds": (
        "Budget of a run: time on the database (seconds)",
        "Once its steps have taken so long, no further one begins, and what is left can be resumed. Waiting does not count.",
    ),
    "max_io_operations": (
        "Budget of a run: reads and writes",
        "As far as the database tells how many there were.",
    ),
    "max_lock_seconds": (
        "Budget of a run: locks (seconds)",
        "The time of steps during which others cannot write.",
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """Fields by name, and what stands in them at first."""

    fields: dict[str, forms.Field] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)

    def keep(self, name: str, label: str, text: str, typed: Container[str]) -> None:
        """A field for what the others cannot express: only where the row holds such a thing, or did when the form was drawn."""
        if text or name in typed:
            self.fields[name] = AsTypedField(
                label=label, required=False, help_text="JSON. The form has no field for this; empty it to take it away."
            )
            self.initial[name] = text


def parameters(
    routine: Routine[Any] | None, config: StrategyConfig | None, job: MaintenanceJob | None, typed: Container[str], *,
    package: str = "",
) -> Part:  # fmt: skip
    """A field for each parameter of the routine. Left empty, it is that of the configuration, else the default.

    Where the database has a package of the strategy's name, also who does it, and what the package gets.
    """
    part = Part()
    fields = routine.parameters.model_fields if routine is not None else {}
    known = {name: info for name, info in fields.items() if name != IMPLEMENTATION}
    stored = job.job_parameters if job is not None else None
    has_both = bool(package) and not isinstance(routine, PackageRoutine)
    kinds = {name: info.annotation for name, info in known.items()}
    own, others = as_typed.split(stored, kinds | ({IMPLEMENTATION: str} if has_both else {}))
    configured = _configured(config)
    if has_both:
        chosen = str(configured.get(IMPLEMENTATION, "the portal's own"))
        part.fields[PREFIX + IMPLEMENTATION] = implementation_field(
            package, f"{'As configured' if IMPLEMENTATION in configured else 'Default'}: {chosen}"
        )
    if IMPLEMENTATION in own:
        part.initial[PREFIX + IMPLEMENTATION] = own[IMPLEMENTATION]
    for name, info in known.items():
        inherited = configured.get(name, info.get_default())
        source = "As configured" if name in configured else "Default"
        part.fields[PREFIX + name] = _optional(info, inherited, source)
        if name in own:
            value = own[name]
            part.initial[PREFIX + name] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    if package:
        part.fields["parameters_as_typed"] = AsTypedField(
            label="Parameters of the package", required=False, help_text=FOR_PACKAGE_HELP
        )
        part.initial["parameters_as_typed"] = others
    else:
        part.keep("parameters_as_typed", "Parameters as they were typed", others, typed)
    return part


def _configured(config: StrategyConfig | None) -> Mapping[str, Any]:
    if config is None:
        return {}
    values = config.strategy_config if isinstance(config.strategy_config, dict) else {}
    return {"max_objects": config.batch_size, **values}


def _optional(info: FieldInfo, inherited: Any, source: str) -> forms.Field:
    """The field of a parameter, which shows what it is if it is left empty."""
    made = form_field(info)
    if info.annotation is bool:
        said = f"{source}: {'yes' if inherited else 'no'}"
        return forms.TypedChoiceField(
            label=made.label, help_text=made.help_text, required=False, coerce=lambda word: word == "yes", empty_value=None,
            choices=[("", said), ("yes", "Yes"), ("no", "No")],
        )  # fmt: skip
    made.initial = None
    is_number = isinstance(inherited, (int, float))
    made.widget.attrs["placeholder"] = f"{source}: {inherited:,g}" if is_number else source
    return made


def limits(job: MaintenanceJob | None, typed: Container[str]) -> Part:
    part = Part()
    own, others = as_typed.split(job.resource_limits if job is not None else None, dict.fromkeys(LIMITS, int))
    for name, (least, most) in LIMITS.items():
        label, words = _LIMIT_WORDS[name]
        part.fields[LIMIT + name] = forms.IntegerField(
            label=label, min_value=least, max_value=most, required=False, help_text=words
        )
        part.initial[LIMIT + name] = own.get(name)
    part.keep("limits_as_typed", "Limits as they were typed", others, typed)
    return part


def checks(platform: Platform | None, job: MaintenanceJob | None) -> Part:
    """The platform's checks, and those in the row that it does not have."""
    known = platform.prechecks if platform is not None else {}
    chosen = [name.upper() for name in parse_names(job.prerequisite_checks if job is not None else None)]
    choices = [(check.name, f"{check.purpose} ({check.name})") for check in known.values()]
    choices += [(name, f"{name}: this database has no such check") for name in chosen if name not in known]
    made = forms.MultipleChoiceField(
        label="Checks before the start", required=False, widget=forms.CheckboxSelectMultiple, choices=choices
    )
    return Part({"checks": made}, {"checks": chosen})
