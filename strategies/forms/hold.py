"""The form in which a hold is placed: what is held, and why."""

from __future__ import annotations

from typing import Any

from django import forms

from strategies.holds import Reach
from strategies.models import Environment, Tag, Target, User

EVERYTHING = "everything"


class HoldForm(forms.Form):
    """The scope is one choice out of what this person's holds may reach: databases and tags that are wholly in their sight;
    everything and environments, which reach over tenants, for those who have every tenant.
    """

    scope = forms.ChoiceField(label="New work on")
    reason = forms.CharField(max_length=300, help_text="Whoever finds their run waiting reads this.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reach = Reach.of(user)
        self._targets = {f"database-{target.pk}": target for target in Target.objects.visible_to(user)}
        tags = Tag.objects.filter(targets__in=self._targets.values()).exclude(pk__in=reach.shared_tags).distinct()
        self._tags = {f"tag-{tag.pk}": tag for tag in tags}
        scope: Any = self.fields["scope"]
        scope.choices = [
            ("Tag", [(key, tag.name) for key, tag in self._tags.items()]),
            ("Database", [(key, target.name) for key, target in self._targets.items()]),
        ]
        if reach.has_every_tenant:
            environments = [(f"environment-{value}", label) for value, label in Environment.choices]
            scope.choices = [(EVERYTHING, "all databases"), ("Environment", environments), *scope.choices]
        else:
            scope.help_text = (
                "All databases, an environment, or a tag that is also on databases you do not see: "
                "those are held by people who see every tenant."
            )

    @property
    def place(self) -> dict[str, Any]:
        """What `holds.place` takes, of a valid form."""
        scope = self.cleaned_data["scope"]
        if scope in self._targets:
            return {"target": self._targets[scope]}
        if scope in self._tags:
            return {"tag": self._tags[scope]}
        return {"environment": scope.removeprefix("environment-")} if scope != EVERYTHING else {}
