"""What people send along when they act on a run."""

from __future__ import annotations

from django import forms


class ReleaseForm(forms.Form):
    """The digest of the plan that the person has seen."""

    digest = forms.RegexField(r"^[0-9a-f]{64}$")


class NoteForm(forms.Form):
    """What was done about a failed run."""

    note = forms.CharField(max_length=500)
