"""What people send along when they answer the question whether a run may start."""

from __future__ import annotations

from typing import Any

from django import forms

LONGEST = 1000
PRESETS = ("Not at this time.", "The steps have to be looked at again.", "Talk to me first.")


class AnswerForm(forms.Form):
    """`level` is the one that the page showed. What was typed, or chosen instead of typing, is `said`."""

    level = forms.IntegerField(min_value=0, max_value=99, widget=forms.HiddenInput)
    text = forms.CharField(
        label="Comment", required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Sending back needs a reason, which whoever wants the run reads.",
    )  # fmt: skip
    preset = forms.ChoiceField(required=False, choices=[(text, text) for text in PRESETS])

    needs_text = False

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.needs_text and not self.said:
            self.add_error("text", "Say why, in a few words.")
        return cleaned

    @property
    def said(self) -> str:
        return str(self.cleaned_data.get("text") or self.cleaned_data.get("preset") or "").strip()


class SendBackForm(AnswerForm):
    needs_text = True


class TextForm(forms.Form):
    """A comment or a reason, without a level."""

    text = forms.CharField(max_length=LONGEST, error_messages={"required": "Say it in a few words."})


class GlassForm(forms.Form):
    """Why a start cannot wait for its window, or for the end of a freeze or a hold."""

    reason = forms.CharField(max_length=500)
