"""The form in which a hold is placed: what is held, and why."""

from __future__ import annotations

from typing import Any

from django import forms

from strategies.forms.scopes import Scopes
from strategies.models import User


class HoldForm(forms.Form):
    """The scope is one choice out of what this person's holds may reach."""

    scope = forms.ChoiceField(label="New work on")
    reason = forms.CharField(max_length=300, help_text="Whoever finds their run waiting reads this.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scopes = Scopes(user)
        scope: Any = self.fields["scope"]
        scope.choices, scope.help_text = self._scopes.one, self._scopes.help("held")

    @property
    def place(self) -> dict[str, Any]:
        """What `holds.place` takes, of a valid form."""
        return self._scopes.place(self.cleaned_data["scope"])
