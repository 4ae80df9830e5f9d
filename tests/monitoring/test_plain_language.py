"""No message for stakeholders holds a statement, the name of a machine or a code: not ours, and none that people write."""

from __future__ import annotations

import pytest

from monitoring import message_texts, notifiable, plain_language
from monitoring.notifiable import EVENTS
from monitoring.text_examples import sample
from strategies.refused import Refused

PLAIN = [name for name, event in EVENTS.items() if event.plain]


@pytest.mark.parametrize("event", PLAIN)
@pytest.mark.parametrize("left_out", ["", "starts", "ends", "was", "begun", "notice"])
def test_the_portals_own_words_are_plain_whatever_is_known(event: str, left_out: str) -> None:
    facts = sample(event, is_plain=True)
    text = message_texts.render(*message_texts.own_words(event, is_plain=True), {**facts, left_out: ""})
    for part in (text.subject, text.body, EVENTS[event].title, EVENTS[event].said):
        assert plain_language.refusal(part) == ""
    for technical in ("database", "strategy", "run ", "job", "index", "worker", "none", "{"):
        assert technical not in text.body.lower()


def test_each_step_of_a_life_has_two_texts() -> None:
    assert {name.removeprefix("maintenance.") for name in PLAIN} == {
        "planned", "changed", "reminder", "started", "verifying", "done", "unfinished", "cancelled", "withdrawn",
    }  # fmt: skip
    for name in PLAIN:
        assert EVENTS[name].body != EVENTS[name].plain
        assert "database" in sample(name)
        assert not {"database", "run", "runs", "job", "strategy", "error", "message", "work"} & set(sample(name, True))
    assert all(EVENTS[name].group in notifiable.GROUPS for name in EVENTS)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM orders", "we run ALTER INDEX i REBUILD", "REINDEX TABLE orders", "VACUUM FULL it", "dbms_stats.gather",
        "on db1.example.org", "at 10.0.0.7", "see https://wiki", "db1:1521 is down", "fe80:1:2:3 is", "ORA-00054 came", "42P01",
        "lock_timeout", "INDEX_MAINTENANCE", "truncate table x", "TRUNCATE invoices", "LOCK TABLE x", "merge into x", "ORA 600 came",
        "Runs on dbprod01", "db-prod-01 is slow", "select a, b from c", "grant select on y", "DELETE FROM t", "update t set x",
    ],
)  # fmt: skip
def test_what_is_technical_is_refused_with_the_words_that_are(text: str) -> None:
    assert "looks like one" in plain_language.refusal(text)
    with pytest.raises(Refused) as refused:
        message_texts.check("maintenance.planned", "Maintenance", f"Hello. {text} {{{{ system }}}}", is_plain=True)
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    "text",
    [
        "Invoices can be read meanwhile, and not be changed.", "From 22:00 until 23:30 CET, e.g. for an hour or 1.5.", "Billing",
        "Lohn & Gehalt (2026)", "Please select your branch from the list. Choose another time!", "Call 0800 123456, P.O. box 9.", "",
    ],
)  # fmt: skip
def test_what_people_write_is_plain(text: str) -> None:
    assert plain_language.refusal(text) == ""


@pytest.mark.parametrize("fact", ["database", "run", "job", "error", "message"])
def test_a_plain_text_cannot_name_what_only_dbas_know(fact: str) -> None:
    with pytest.raises(Refused, match=f"no fact called {fact}"):
        message_texts.check("maintenance.done", "Over", f"{{{{ {fact} }}}}", is_plain=True)
