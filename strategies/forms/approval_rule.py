"""The form of a rule of approval: where it holds, from which risk on, and its levels as rows of whom and how many."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q

from strategies import registry
from strategies.approval_rules import MOST_LEVELS, MOST_QUORUM, ROLES, Demand, Unreadable, read_levels
from strategies.change_checks import version
from strategies.forms.plain_text import plain
from strategies.forms.scopes import Scopes, key_of
from strategies.models import ApprovalRule, Role, User
from strategies.risk import MOST
from strategies.rule_changes import NAME_TAKEN

ROWS, SHOWN_ROWS = 8, 3
_ROLES = [("", "–"), *((role, Role(role).label) for role in ROLES)]


class RuleForm(forms.Form):
    """`rule` is the one to change, None for a new one. A row without a role asks nobody."""

    name = forms.CharField(max_length=80)
    scope = forms.ChoiceField(label="Where it holds")
    strategy = forms.ChoiceField(required=False, label="For")
    from_score = forms.IntegerField(
        label="From this risk on",
        min_value=0,
        max_value=MOST,
        initial=0,
        help_text=f"0 = whatever the risk; {MOST} is the highest.",
    )
    is_active = forms.BooleanField(label="In force", required=False, initial=True)
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User, rule: ApprovalRule | None = None) -> None:
        super().__init__(data, initial=_initial(rule))
        self.rule = rule
        self._scopes = Scopes(user)
        self._offer("scope", self._scopes.one)
        self.fields["scope"].help_text = self._scopes.help("made")
        names = [(name, routine.title) for name, routine in registry.routines().items()]
        if rule is not None and rule.strategy_name and rule.strategy_name not in registry.routines():
            names.append((rule.strategy_name, rule.strategy_name))
        self._offer("strategy", [("", "Each strategy"), *names])
        self._count = max(ROWS, len(_rows_of(rule)))  # what was written elsewhere is not cut off
        for number in range(self._count):
            self.fields |= _row_fields(number)
        for name, field in self.fields.items():
            if name.rpartition("-")[0] in PARTS:
                field.widget.attrs["class"] = "form-select" if name.startswith("role") else "form-control"

    def _offer(self, name: str, choices: Sequence[Any]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    @property
    def rows(self) -> list[tuple[int, list[Any]]]:
        """The number of each row, and its fields as they are shown."""
        return [(number + 1, [self[f"{part}-{number}"] for part in PARTS]) for number in range(self._count)]

    @property
    def rows_shown(self) -> int:
        """How many of them stand open: those that ask somebody or are wrong, and one to go on with."""
        used = [number for number, fields in self.rows if fields[1].value() or any(field.errors for field in fields)]
        return min(self._count, max(SHOWN_ROWS, max(used, default=0) + 1))

    def clean_name(self) -> str:
        name = plain(self.cleaned_data["name"], "name")
        known = ApprovalRule.objects.filter(name=name).first()
        if known is not None and known != self.rule:
            raise forms.ValidationError(NAME_TAKEN)
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        levels: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for number in range(self._count):
            if cleaned.get(f"role-{number}"):
                self._check_row(number, cleaned)
                levels[cleaned.get(f"level-{number}") or 1].append(self._demand(number, cleaned))
        cleaned["levels"] = [levels[level] for level in sorted(levels)]
        if not levels:
            self.add_error("role-0", "A rule asks somebody: choose a role.")
        return cleaned

    def _demand(self, number: int, cleaned: dict[str, Any]) -> dict[str, Any]:
        people = _names(cleaned.get(f"people-{number}") or "")
        return {"role": cleaned[f"role-{number}"], "quorum": cleaned.get(f"quorum-{number}") or 1, "people": people}

    def _check_row(self, number: int, cleaned: dict[str, Any]) -> None:
        """What nobody could ever meet is refused: the runs that it holds for would wait for good."""
        demand = self._demand(number, cleaned)
        able = Q(is_superuser=True) | Q(groups__name=demand["role"])
        if demand["people"]:
            able = Q(is_superuser=True) | Q(groups__name__in=ROLES)
        known = set(User.objects.filter(able, is_active=True).values_list("username", flat=True))
        if unknown := [name for name in demand["people"] if name not in known]:
            self.add_error(f"people-{number}", f"{', '.join(unknown)}: no active person of that name gives approvals.")
            return
        found = len(demand["people"]) or len(known)
        if found < demand["quorum"]:
            who = "named" if demand["people"] else f"of the role {Role(demand['role']).label}"
            self.add_error(
                f"quorum-{number}",
                f"{demand['quorum']} people are asked, and only {found} {'is' if found == 1 else 'are'} {who}.",
            )

    @property
    def row(self) -> ApprovalRule:
        """What is to be kept, of a valid form; nothing of it is."""
        values = self.cleaned_data
        return ApprovalRule(
            pk=self.rule.pk if self.rule else None, name=values["name"], **self._scopes.place(values["scope"]),
            strategy_name=values["strategy"], from_score=values["from_score"], levels=values["levels"],
            is_active=values["is_active"],
        )  # fmt: skip


PARTS = ("level", "role", "quorum", "people")


def _row_fields(number: int) -> dict[str, forms.Field]:
    said = f"row {number + 1}"
    return {
        f"level-{number}": forms.IntegerField(
            label=f"Level, {said}", required=False, min_value=1, max_value=MOST_LEVELS, initial=1
        ),
        f"role-{number}": forms.ChoiceField(label=f"Role, {said}", required=False, choices=_ROLES),
        f"quorum-{number}": forms.IntegerField(
            label=f"How many, {said}", required=False, min_value=1, max_value=MOST_QUORUM, initial=1
        ),
        f"people-{number}": forms.CharField(label=f"Only these people, {said}", required=False, max_length=500),
    }


def _names(text: str) -> list[str]:
    return sorted({name for name in re.split(r"[,;\s]+", text) if name})


def _rows_of(rule: ApprovalRule | None) -> list[tuple[int, Demand]]:
    """The demands of a rule, each with its level; none where they cannot be read."""
    try:
        levels = read_levels(rule.levels) if rule is not None else ()
    except Unreadable:
        return []
    return [(number, demand) for number, level in enumerate(levels, 1) for demand in level]


def _initial(rule: ApprovalRule | None) -> dict[str, Any]:
    if rule is None:
        return {}
    found: dict[str, Any] = {
        "name": rule.name, "scope": key_of(rule), "strategy": rule.strategy_name, "from_score": rule.from_score,
        "is_active": rule.is_active, "version": version(rule),
    }  # fmt: skip
    for number, (level, demand) in enumerate(_rows_of(rule)):
        people = ", ".join(sorted(demand.people))
        row = zip(PARTS, (level, demand.role, demand.quorum, people), strict=True)
        found |= {f"{part}-{number}": value for part, value in row}
    return found
