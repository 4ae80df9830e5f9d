"""The form of an import from the older framework: of which database, and whether from it or from an archive of files."""

from __future__ import annotations

import io
import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from strategies import registry
from strategies.forms.plain_text import plain
from strategies.models import Target, User
from strategies.partition_framework import files
from strategies.partition_framework.imports import Asked, schema_of
from strategies.partition_framework.tables import TABLES, ImportRefused

MOST_BYTES = 20_000_000  # as it is sent; larger ones are imported by the command, which reads them where they are
DATABASE, ARCHIVE = "database", "archive"


class FrameworkForm(forms.Form):
    """Of a valid one `asked` is what is wanted, and never more than a trial."""

    target = forms.ModelChoiceField(Target.objects.none(), label="Database", empty_label="Choose…")
    origin = forms.ChoiceField(
        label="Read", choices=[(DATABASE, "the tables in this database"), (ARCHIVE, "files that were exported from it")],
    )  # fmt: skip
    schema = forms.CharField(
        max_length=130, required=False, help_text="Whose tables they are. Needed with files; else only where several have them.",
    )  # fmt: skip
    time_zone = forms.CharField(
        label="Time zone", max_length=64, required=False, help_text="Of times that name none; empty = that of the database.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )  # fmt: skip
    file = forms.FileField(
        label="ZIP archive", required=False,
        help_text=f"With {', '.join(table.file_name for table in TABLES)}; up to {MOST_BYTES // 1_000_000} MB.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [name for name, platform in registry.platforms().items() if platform.framework_queries]
        target: Any = self.fields["target"]
        target.queryset = Target.objects.visible_to(user).filter(platform__in=known).defer("facts")

    def clean_schema(self) -> str:
        return plain(str(self.cleaned_data["schema"]).strip(), "schema")

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        if zone and zone not in zoneinfo.available_timezones():
            raise ValidationError("This is no IANA time zone; write one like Europe/Vienna or UTC.")
        return zone

    def clean_file(self) -> tuple[str, bytes] | None:
        """Its name and content, looked at as far as the first lines: the rest is read where it is imported."""
        file = self.cleaned_data["file"]
        if file is None:
            return None
        if file.size > MOST_BYTES:
            raise ValidationError(
                f"The file is larger than {MOST_BYTES:,} bytes; the command imports it from where it is."
            )
        content = bytes(file.read())
        try:
            files.in_archive(io.BytesIO(content)).check(whole=False)
        except ImportRefused as refusal:
            raise ValidationError(str(refusal)) from None
        return plain(str(file.name)[:200], "file's name"), content

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("origin") == ARCHIVE and "file" in values and values["file"] is None:
            self.add_error("file", "Choose the archive to read.")
        if {"target", "origin", "schema"} <= values.keys():
            try:
                is_of_files = values["origin"] == ARCHIVE
                values["schema"] = schema_of(values["target"], values["schema"], is_of_files=is_of_files)
            except ImportRefused as refusal:
                self.add_error("schema", str(refusal))
        return values

    @property
    def asked(self) -> Asked:
        values = self.cleaned_data
        name, content = values["file"] if values["origin"] == ARCHIVE else ("", None)
        zone = values["time_zone"] or values["target"].time_zone
        return Asked(values["target"], values["schema"], zone, True, name, content)
