"""No secret of an address stands in the log, also where the page broke."""

from __future__ import annotations

import pytest
from django.test import Client

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
