"""What all kinds of channels have in common: they are found, refuse in sentences, and keep secrets out of what they say."""

from __future__ import annotations

from datetime import datetime

import pytest

from monitoring.notifications import channels
from monitoring.notifications.base import RecipientRefused, SettingsRefused, fit, one_line
from tests.monitoring.notifications.messages import message


def test_each_module_is_found_as_a_kind_whose_settings_make_a_form() -> None:
    assert list(channels()) == ["chat", "email", "webhook"]
    for name, channel in channels().items():
        assert channel.name == name
        assert channel.title
        for field in channel.settings.model_fields.values():
            assert field.title
            assert field.description
        if channel.needs_secret != "never":
            assert channel.secret_title
            assert channel.secret_help


@pytest.mark.parametrize("name", ["chat", "webhook"])
def test_what_is_not_for_people_has_no_recipients(name: str) -> None:
    channel = channels()[name]
    assert not channel.is_for_people
    assert channel.read_recipient(" ") == ""
    with pytest.raises(RecipientRefused, match="no recipients"):
        channel.read_recipient("anna@example.org")
    with pytest.raises(SettingsRefused) as refused:
        channel.check_secret("")
    assert list(refused.value.problems) == ["secret"]


def test_wrong_settings_are_refused_field_by_field() -> None:
    with pytest.raises(SettingsRefused) as refused:
        channels()["email"].read_settings({"port": "99999", "from_address": "nobody", "colour": "red"})
    assert refused.value.problems == {
        "host": "This is needed.",
        "port": "Input should be less than or equal to 65535",
        "from_address": "“nobody” is not an e-mail address: it looks like name@example.org.",
        "colour": "is not a setting of this kind of channel",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "7\r\nBcc: eve@example.org"},
        {"severity": "panic"},
        {"written_at": datetime(2026, 11, 28)},  # noqa: DTZ001
        {"url": "javascript:alert(1)"},
        {"leave_url": "https://portal.example.org/leave>\r\nBcc: eve@example.org"},
    ],
)
def test_a_message_that_could_break_a_header_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="message"):
        message(**wrong)


def test_words_of_others_lose_secrets_line_breaks_and_what_is_too_much() -> None:
    words = "no: PA ss/word,\r\n pa%20ss%2Fword, cGEgc3Mvd29yZA== at https://me:other@example.org/\udcff " + "z" * 600
    said = fit(words, "pa ss/word", None)
    assert said.startswith("no: …, …, … at https://…@example.org/? zzz")
    assert len(said) == 500
    assert said.endswith("…")
    assert one_line("a\r\nb\u2028c\x00d") == "a b c d"
