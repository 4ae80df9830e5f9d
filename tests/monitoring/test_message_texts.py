"""Texts of messages: the portal's own come out whole, and what people write is tried before it is kept."""

from __future__ import annotations

import pytest

from monitoring import message_texts
from monitoring.message_texts import NotRendered
from monitoring.notifiable import EVENTS, GROUPS
from monitoring.text_examples import sample
from strategies.audit import KINDS
from strategies.refused import Refused


def test_every_event_is_one_that_the_audit_records_and_has_words() -> None:
    recorded = {action for kind in KINDS.values() for action in kind.actions}
    assert set(EVENTS) <= recorded
    for event, told in EVENTS.items():
        assert told.group in GROUPS
        text = message_texts.check(event, *message_texts.own_words(event))
        assert text.subject.startswith(told.title)
        assert "{" not in text.subject + text.body


@pytest.mark.parametrize("event", EVENTS)
def test_own_words_leave_no_gap_where_little_is_known(event: str) -> None:
    few = {
        **dict.fromkeys(sample(event), ""),
        "title": "T",
        "database": "shop",
        "said": "ended",
        "work": "Vacuum",
    }
    text = message_texts.render(*message_texts.own_words(event), few)
    assert "\n\n\n" not in text.body
    assert "Reason" not in text.body
    assert text.body.strip() == text.body != ""


@pytest.mark.parametrize(
    ("subject", "body", "field", "why"),
    [
        ("", "x", "subject", "Write something"),
        ("x", "  \n", "body", "Write something"),
        ("x" * 301, "x", "subject", "At most 300"),
        ("x", "x" * 8001, "body", "At most 8,000"),
        ("{{ nothing }}", "x", "subject", "no fact called nothing"),
        ("x", "{% if run %}{% else %}{{ password }}{% endif %}", "body", "no fact called password"),
        ("x", "{% if secret %}y{% endif %}", "body", "no fact called secret"),
        ("x", "{{ window }}", "body", "no fact called window"),
        ("x", "{% if run %}", "body", "cannot be read"),
        ("x", "{{ run", "body", None),
        ("x", "{{ run| }}", "body", "no filter called "),
        ("x", "{{ run|ljust:999999999 }}", "body", "no filter called ljust"),
        ("x", "{% include 'base.html' %}", "body", "not “include”"),
        ("x", "{% load portal %}", "body", "not “load”"),
        ("x", "{% debug %}", "body", "not “debug”"),
        ("x", "{% for a in run %}{{ a }}{% endfor %}", "body", "not “for”"),
        ("{% if run %}{% endif %}", "x", "subject", "comes out empty"),
    ],
)
def test_what_people_write_is_refused_with_the_field_and_the_reason(
    subject: str, body: str, field: str, why: str | None
) -> None:
    if why is None:  # what is no placeholder is text
        assert message_texts.check("run.failed", subject, body).body == body
        return
    with pytest.raises(Refused, match=why) as refusal:
        message_texts.check("run.failed", subject, body)
    assert refusal.value.field == field


def test_a_fact_is_never_read_as_a_template_nor_escaped() -> None:
    text = message_texts.render(
        "{{ reason }}", "{{ reason|upper }}", {"reason": "{{ run }} <b> & {% x %}\nsecond line"}
    )
    assert text.subject == "{{ run }} <b> & {% x %} second line"
    assert text.body == "{{ RUN }} <B> & {% X %}\nSECOND LINE"


def test_a_text_that_cannot_be_rendered_says_why() -> None:
    with pytest.raises(NotRendered, match="cannot be read"):
        message_texts.render("x", "{% nonsense %}", {})
    with pytest.raises(NotRendered, match="empty"):
        message_texts.render("{{ nothing }}", "x", {})
