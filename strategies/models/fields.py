"""Column types that SQL written for the seed's tables expects: flags as 'Y'/'N', JSON as checked text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:  # Django's fields take type arguments in their stubs only
    YesNoBase = models.CharField[bool, bool]
    JSONTextBase = models.TextField[Any, Any]
else:
    YesNoBase = models.CharField
    JSONTextBase = models.TextField


class YesNoField(YesNoBase):
    """A boolean in Python, CHAR(1) 'Y' or 'N' in the database. Compare with `=True` / `=False`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 1
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, list(args), kwargs

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "char(1)"

    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        return f"{connection.ops.quote_name(str(self.column))} IN ('Y', 'N')"

    def to_python(self, value: Any) -> Any:
        if value in ("Y", "N"):
            return value == "Y"
        if value is None or isinstance(value, bool):
            return value
        raise ValidationError("Expected yes or no.")

    def from_db_value(self, value: str | None, *_: object) -> bool | None:
        return None if value is None else value == "Y"

    def get_prep_value(self, value: Any) -> Any:
        value = self.to_python(value) if not hasattr(value, "resolve_expression") else value
        return ("Y" if value else "N") if isinstance(value, bool) else value

    def value_to_string(self, obj: models.Model) -> str:
        return "Y" if self.value_from_object(obj) else "N"

    def formfield(self, **kwargs: Any) -> Any:
        return forms.BooleanField(
            required=False, label=kwargs.get("label", self.verbose_name), help_text=self.help_text
        )


class JSONTextField(JSONTextBase):
    """JSON kept as text, so that SQL can type and search it; the database refuses what does not parse."""

    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        column = connection.ops.quote_name(str(self.column))
        test = {
            "sqlite": f"json_valid({column})",
            "postgresql": f"({column})::json IS NOT NULL",
            "oracle": f"{column} IS JSON",
        }[connection.vendor]
        return f"{column} IS NULL OR {test}"

    def from_db_value(self, value: str | None, *_: object) -> Any:
        """What the database takes for JSON and Python cannot read, such as a number of very many digits, stays text.

        So does what no page could be written with: half of a character that takes two escapes.
        """
        if value is None:
            return None
        try:
            found = json.loads(value)
            if "\\ud" in value or "\\uD" in value:
                json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return value
        return found

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return json.dumps(value, ensure_ascii=False)

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))
