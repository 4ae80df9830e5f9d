"""The form in which a hold is placed: what is held, and why."""

from __future__ import annotations

from typing import Any

from django import forms

from strategies.models import Environment, Tag, Target, User

EVERYTHING = "everything"


class HoldForm(forms.Form):
    """The scope is one choice out of: everything, an environment, a tag, a database that this person sees.

    Everything, environments and tags reach over tenants: whoever places such a hold may see all of its databases or not.
    """

    scope = forms.ChoiceField(label="New work on")
    reason = forms.CharField(max_length=300, help_text="Whoever finds their run waiting reads this.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._targets = {f"database-{target.pk}": target for target in Target.objects.visible_to(user)}
        self._tags = {f"tag-{tag.pk}": tag for tag in Tag.objects.filter(targets__in=self._targets.values()).distinct()}
        scope: Any = self.fields["scope"]
        scope.choices = [
            (EVERYTHING, "all databases"),
            ("Environment", [(f"environment-{value}", label) for value, label in Environment.choices]),
            ("Tag", [(key, tag.name) for key, tag in self._tags.items()]),
            ("Database", [(key, target.name) for key, target in self._targets.items()]),
        ]

    @property
    def place(self) -> dict[str, Any]:
        """What `holds.place` takes, of a valid form."""
        scope = self.cleaned_data["scope"]
        if scope in self._targets:
            return {"target": self._targets[scope]}
        if scope in self._tags:
            return {"tag": self._tags[scope]}
        return {"environment": scope.removeprefix("environment-")} if scope != EVERYTHING else {}
