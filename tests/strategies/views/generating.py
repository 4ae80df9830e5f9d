"""The pages of the generator as a person uses them: what is sent, and what stands there afterwards."""

from __future__ import annotations

from typing import Any

from django.test import Client

from strategies import definitions
from strategies.forms.definition_values import as_sent
from strategies.generator.definition import Known

PAGE = "/strategies/generate/"


def sent(client: Client, values: object, action: str = "preview", **more: str) -> Any:
    """The form with these values, by one of its buttons."""
    data = dict(as_sent(values).lists())
    return client.post(PAGE, {"view": "form", **data, action: "1", **more})


def typed(client: Client, text: str, action: str = "preview", **more: str) -> Any:
    return client.post(PAGE, {"view": "text", "text": text, action: "1", **more})


def text_in(response: Any) -> str:
    """What stands in the text box."""
    assert response.context["form"] is None, "it is the form"
    return str(response.context["text"])


def values_in(response: Any) -> dict[str, Any]:
    return dict(response.context["form"].values)


def said(response: Any) -> dict[str, Any]:
    return dict(response.context["form"].said)


def known() -> Known:
    return definitions.known()


def told(response: Any) -> dict[str, str]:
    return {f"{one.label} #{one.anchor}": one.reason for one in response.context["form"].told}
