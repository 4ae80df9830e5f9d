"""The form of a maintenance job: judged by what also judges rows typed in SQL, and losing nothing of what those hold."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.http import QueryDict

from strategies import deployments, implementations, job_changes, registry
from strategies.dependencies import parse_names
from strategies.forms import as_typed, job_dependencies, job_fields
from strategies.forms.job_fields import LIMIT
from strategies.forms.parameters import PREFIX
from strategies.forms.plain_text import plain
from strategies.job_definitions import LIMITS, START_WITHIN_MINUTES, JobRefused
from strategies.models import (
    JobType,
    MaintenanceJob,
    ScheduleType,
    StrategyConfig,
    StrategyType,
    Target,
    TargetType,
    User,
    WhenLate,
)
from strategies.routines.base import Parameters, ParametersRefused, Routine

_SIMPLE = (
    "job_name", "target_object", "schedule_value", "schedule_timezone", "start_within_minutes", "when_late", "max_parallel_degree",
    "notify_on_success", "notify_on_failure", "notification_recipients", "is_active",
)  # fmt: skip
_LOOKED_UP: dict[str, Any] = {"job_type": JobType, "target_type": TargetType, "schedule_type": ScheduleType}
_SHARED = {PREFIX + name for name in Parameters.model_fields}
# The fields at which a fault of a column is said, where they are named otherwise.
_FIELDS = {
    "strategy_name": "strategy", "prerequisite_checks": "checks", "depends_on_jobs": job_dependencies.job_field(0),
    "job_parameters": "parameters_as_typed",
}  # fmt: skip


class JobForm(forms.Form):
    """`job` is the one to change, None for a new one; `config` the configuration of its place.

    `saved` is what is to be kept, once `is_valid` has said so. `version` goes out with the form and comes back with it: what the
    job was when the person saw it; `drawn_for` is the strategy whose parameters were shown.
    """

    version = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    drawn_for = forms.CharField(required=False, max_length=50, widget=forms.HiddenInput)
    target = forms.ChoiceField(label="Database")
    strategy = forms.ChoiceField()
    job_name = forms.CharField(label="Name", max_length=128, help_text="Commands and the log call it by this name.")
    target_object = forms.CharField(
        label="Object",
        max_length=128,
        initial="ALL",
        help_text="ALL, or one object as findings name it, like public.orders.",
    )
    target_type = forms.ChoiceField(label="Object type", initial="TABLE")
    job_type = forms.ChoiceField(label="Job type", initial="MAINTENANCE")
    schedule_type = forms.ChoiceField(label="Schedule", initial="DAILY")
    schedule_value = forms.CharField(label="Time, day or event", max_length=100, required=False)
    schedule_timezone = forms.CharField(
        label="Time zone", max_length=64, required=False, widget=forms.TextInput(attrs={"list": "time-zones"}),
        help_text="Like Europe/Berlin. Empty: that of the configuration, else UTC.",
    )  # fmt: skip
    start_within_minutes = forms.IntegerField(
        label="Start within (minutes)", min_value=START_WITHIN_MINUTES[0], max_value=START_WITHIN_MINUTES[1], initial=60,
        help_text="A run that could not start by then is missed, and does not start late.",
    )  # fmt: skip
    when_late = forms.ChoiceField(
        label="What was missed while the portal was off", choices=WhenLate.choices, initial=WhenLate.SKIP,
        help_text="Each missed instant is recorded either way.",
    )  # fmt: skip
    max_parallel_degree = forms.IntegerField(
        label="Parallel degree at most", min_value=1, max_value=64, initial=1, help_text="1: the session alone."
    )
    notify_on_success = forms.BooleanField(label="When it succeeds", required=False)
    notify_on_failure = forms.BooleanField(label="When it does not succeed", required=False, initial=True)
    notification_recipients = forms.CharField(
        label="Whom to tell",
        max_length=1000,
        required=False,
        help_text="Mail addresses or user names, separated by commas.",
    )
    is_active = forms.BooleanField(
        label="Active", required=False, initial=True, help_text="A job that is not active starts nothing by itself."
    )

    def __init__(
        self, data: QueryDict | None = None, *, user: User, target: Target, strategy: str, job: MaintenanceJob | None = None,
        config: StrategyConfig | None = None, typed: QueryDict | None = None,
    ) -> None:  # fmt: skip
        super().__init__(data, initial=_initial(job))
        self.job = job
        self._row_to_keep: MaintenanceJob | None = None
        package = implementations.packages_in(target).get(strategy, "")
        is_known = strategy in registry.routines() or bool(package)
        self.routine: Routine[Any] | None = registry.routine_of(strategy, {}) if is_known else None
        self._user, self._target, self._strategy = user, target, strategy
        sent: Mapping[str, Any] = data or typed or {}
        for part in (
            job_fields.parameters(self.routine, config, job, sent, package=package),
            job_fields.limits(job, sent),
            job_fields.checks(registry.platforms().get(target.platform), job),
            job_dependencies.part(job, sent, MaintenanceJob.objects.visible_to(user), is_bound=self.is_bound),
        ):
            self.fields.update(part.fields)
            self.initial.update(part.initial)
        self._offer_places()
        self._offer_words()
        if typed is not None:
            self.initial.update(
                (name, field.widget.value_from_datadict(typed, {}, name)) for name, field in self.fields.items()
            )
        self.initial.update(target=str(target.pk), strategy=strategy, drawn_for=strategy)

    def _offer_places(self) -> None:
        targets = list(Target.objects.visible_to(self._user).only("name", "is_active"))
        if self._target.pk not in {target.pk for target in targets}:  # home, whose jobs every DBA sees
            targets.append(self._target)
        self._offer(
            "target", [(str(row.pk), row.name if row.is_active else f"{row.name} (switched off)") for row in targets]
        )
        names = StrategyType.objects.filter(is_active=True).values_list("strategy_name", flat=True)
        offered = [name for name in names if supports(self._target, name)]
        self._offer("strategy", [(name, _title(name)) for name in sorted({*offered, self._strategy})])

    def _offer_words(self) -> None:
        """The rows of the lookup tables that are in use, and the one that the job has."""
        for name, model in _LOOKED_UP.items():
            own = getattr(self.job, f"{name}_id") if self.job is not None else ""
            words = model.objects.filter(Q(is_active=True) | Q(**{name: own})).values_list(name, flat=True)
            self._offer(name, [(word, _title(word)) for word in words])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def clean_job_name(self) -> str:
        return plain(self.cleaned_data["job_name"], "name")

    def clean_target_object(self) -> str:
        return plain(self.cleaned_data["target_object"], "name")

    def clean_schedule_value(self) -> str | None:
        return " ".join(plain(self.cleaned_data["schedule_value"], "schedule").split()) or None

    def clean_schedule_timezone(self) -> str | None:
        return self.cleaned_data["schedule_timezone"] or None

    def clean_notification_recipients(self) -> str | None:
        """A list of addresses and user names; what stands in the row already stays, whatever it is."""
        stored = self.job.notification_recipients if self.job is not None else None
        typed, before = _parts(plain(self.cleaned_data["notification_recipients"], "list")), _parts(stored or "")
        for address in typed:
            if address not in before:
                _judge_recipient(address, self._target)
        return stored if typed == before else ", ".join(typed) or None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        parameters = self._together(PREFIX, "parameters_as_typed")
        self._read_parameters(parameters)
        limits = self._together(LIMIT, "limits_as_typed")
        depends, problems = job_dependencies.read(cleaned, self.job, MaintenanceJob.objects.visible_to(self._user))
        for name, problem in problems.items():
            self.add_error(name, problem)
        if not self.errors:
            row = self._row(cleaned)
            row.job_parameters = parameters or _empty(row.job_parameters)
            row.resource_limits = limits or _empty(row.resource_limits)
            row.depends_on_jobs = depends
            self._judge(row)
        return cleaned

    def _row(self, cleaned: Mapping[str, Any]) -> MaintenanceJob:
        row = copy.copy(self.job) if self.job is not None else MaintenanceJob()
        for name in _SIMPLE:
            setattr(row, name, cleaned[name] if cleaned[name] is not None else _empty(getattr(row, name)))
        for name in _LOOKED_UP:
            setattr(row, f"{name}_id", cleaned[name])
        row.strategy_id = cleaned["strategy"]
        is_home = self._target.is_home and (self.job is None or self.job.target_id is None)
        row.target = None if is_home else self._target
        before = [name.upper() for name in parse_names(row.prerequisite_checks)]
        if set(cleaned["checks"]) != set(before):
            row.prerequisite_checks = ", ".join(cleaned["checks"]) or None
        return row

    def _together(self, prefix: str, rest: str) -> Any:
        """The values of the fields with this prefix, and what was typed beside them."""
        cleaned = self.cleaned_data
        names = [name for name in self.fields if name.startswith(prefix) and cleaned.get(name) is not None]
        try:
            return as_typed.together({name.removeprefix(prefix): cleaned[name] for name in names}, cleaned.get(rest))
        except ValidationError as refusal:
            self.add_error(rest, refusal)
            return {}

    def _read_parameters(self, values: Any) -> None:
        """Each parameter that the routine refuses is named at its own field; the configuration's are judged with the row."""
        if self.routine is None or not isinstance(values, dict):
            return
        try:
            routine = registry.routine_of(self._strategy, values)
            typed = routine.read_parameters(values)
            if problems := self._refusals(typed):
                raise ParametersRefused(problems)
            routine.require_of_job(typed)
        except ParametersRefused as refusal:
            beside = self.cleaned_data.get("parameters_as_typed") or {}
            for name, reason in refusal.problems.items():
                if PREFIX + name in self.fields and name not in beside:
                    self._say(PREFIX + name, reason)
                else:
                    self._say("parameters_as_typed", f"{name}: {reason}")

    def _refusals(self, typed: Parameters) -> dict[str, str]:
        """Of parameters that stay as they are, there, only whom they reach: who changes the schedule chooses no version."""
        problems = deployments.refusals(self._user, typed, self._target)
        is_as_kept = bool(problems) and self._kept() == typed
        return {name: why for name, why in problems.items() if name == "target" or not is_as_kept}

    def _kept(self) -> Parameters | None:
        """The parameters of the job as it stands; None = it is new, is to do other work or elsewhere, or nobody can read them."""
        job = self.job
        is_here = job is not None and (
            self._target.is_home if job.target_id is None else job.target_id == self._target.pk
        )
        kept = job.job_parameters if job is not None and is_here and job.strategy_id == self._strategy else None
        try:
            return registry.routine_of(self._strategy, kept).read_parameters(kept) if isinstance(kept, dict) else None
        except ParametersRefused:
            return None

    def _judge(self, row: MaintenanceJob) -> None:
        try:
            job_changes.judge(row)
        except JobRefused as refusal:
            self._say(self._field_of(refusal), str(refusal))
        else:
            self._row_to_keep = row

    def _field_of(self, refusal: JobRefused) -> str:
        if refusal.field != "resource_limits":
            return _FIELDS.get(refusal.field, refusal.field)
        if "limits_as_typed" in self.fields:
            return "limits_as_typed"
        typed = [name for name in LIMITS if self.cleaned_data.get(LIMIT + name) is not None]
        named = [name for name in typed if name in str(refusal)]
        return LIMIT + (named or typed)[-1] if typed else refusal.field

    def _say(self, name: str, text: str) -> None:
        """At its field; what has none, such as a fault of the configuration, stands above the form with the column's name."""
        if name in self.fields:
            self.add_error(name, text)
        else:
            self.add_error(None, f"{name}: {text}")

    @property
    def saved(self) -> MaintenanceJob:
        """The row as a valid form says it. Raises ValueError of any other."""
        if self._row_to_keep is None:
            raise ValueError("The form is not valid, or was not asked.")
        return self._row_to_keep

    def _starting_with(self, prefix: str) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(prefix)]

    @property
    def own(self) -> list[forms.BoundField]:
        """The parameters of this routine."""
        return [field for field in self._starting_with(PREFIX) if field.name not in _SHARED]

    @property
    def shared(self) -> list[forms.BoundField]:
        """The parameters that every routine takes."""
        return [field for field in self._starting_with(PREFIX) if field.name in _SHARED]

    @property
    def has_shared_errors(self) -> bool:
        return any(field.errors for field in self.shared)

    @property
    def limits(self) -> list[forms.BoundField]:
        return self._starting_with(LIMIT)

    @property
    def depends(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        rows = range(job_dependencies.rows_in(self.fields))
        return [(self[job_dependencies.job_field(row)], self[job_dependencies.on_field(row)]) for row in rows]


def supports(target: Target, strategy: str) -> bool:
    """Whether there is an implementation of the strategy for this database."""
    return strategy in implementations.names(target)


def _initial(job: MaintenanceJob | None) -> dict[str, Any]:
    if job is None:
        return {}
    words = {name: getattr(job, f"{name}_id") for name in _LOOKED_UP}
    return {"version": job_changes.version(job), **words, **{name: getattr(job, name) for name in _SIMPLE}}


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[,;\s]+", text) if part]


def _empty(before: Any) -> Any:
    """What stands for nothing: as the row has it, if that is nothing too."""
    return None if before else before


def _title(word: str) -> str:
    return word.replace("_", " ").capitalize()


def _judge_recipient(text: str, target: Target) -> None:
    """A mail address, or the user name of somebody who has one; not of who may not know of this database. Raises ValidationError."""
    named = Q(email__iexact=text) if "@" in text else Q(username__iexact=text)
    person = User.objects.filter(named, is_active=True).first()
    if person is not None and not person.may_know([target.tenant_id]):
        raise ValidationError(f"{text} is somebody who may not see this database.")
    if person is not None and not person.email:
        raise ValidationError(f"{person.username} has no mail address.")
    if person is None or "@" in text:
        try:
            validate_email(text)
        except ValidationError:
            raise ValidationError(f"{text} is no mail address, and nobody's user name.") from None
