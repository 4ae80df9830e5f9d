"""No secret of an address stands in the log, also where the page broke; nor a database that is away over and over."""

from __future__ import annotations

import logging
import sys

import pytest
from django.db import OperationalError, connections
from django.test import Client

from maintenance_portal.log_filters import OnceAMinute
from strategies.models.feed import FeedQuerySet


@pytest.mark.django_db
def test_a_feed_that_breaks_is_logged_without_its_token(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(FeedQuerySet, "of_token", broken)
    client = Client(raise_request_exception=False)
    assert client.get("/feeds/s3cret-token.ics").status_code == 500
    assert "Internal Server Error: /feeds/….ics" in caplog.text
    assert "s3cret-token" not in caplog.text


@pytest.mark.django_db
def test_a_probe_that_is_told_that_something_is_wrong_is_no_trouble_of_its_own(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/health/").status_code == 503
    assert caplog.text == ""
    monkeypatch.setattr(FeedQuerySet, "of_token", lambda *_, **__: 1 / 0)
    client.get("/feeds/s3cret-token.ics")
    assert "Internal Server Error" in caplog.text


def record(words: str, *arguments: object, error: Exception) -> logging.LogRecord:
    try:
        raise error
    except Exception:
        return logging.LogRecord("beat", logging.ERROR, __file__, 1, words, arguments, sys.exc_info())


@pytest.mark.django_db
def test_a_database_that_is_away_is_one_line_a_minute_for_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connections["default"]), "is_usable", lambda _: False)
    once, refused = OnceAMinute(), OperationalError("connection refused\nIs it running?")
    told = [record("%s failed (100%%)", name, error=refused) for name in ("seal", "plan")] + [
        record("no pulse", error=refused)
    ]
    assert [once.filter(one) for one in told] == [True, False, True]
    assert [one.getMessage() for one in told[::2]] == [
        "seal failed (100%): connection refused",
        "no pulse: connection refused",
    ]
    assert all(one.exc_info is None for one in told[::2])
    once.EVERY_SECONDS = 0
    assert once.filter(told[1])


@pytest.mark.django_db
def test_other_trouble_keeps_its_traceback_each_time() -> None:
    once = OnceAMinute()
    for error in (OperationalError("database is locked"), ValueError("x")):
        told = [record("failed", error=error) for _ in range(2)]
        assert [once.filter(one) for one in told] == [True, True]
        assert all(one.exc_info for one in told)
