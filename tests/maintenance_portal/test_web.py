"""What the pages believe of a proxy's headers, through the portal's own server and a real socket."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maintenance_portal.supervisor import Web

FROM_PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}


@pytest.fixture
def get() -> Iterator[Callable[..., http.client.HTTPResponse]]:
    """Ask a server that was started with the settings of this moment, as in `get("/sign-in/", FROM_PROXY)`."""
    webs: list[Web] = []

    def ask(path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        webs.append(Web(listener))
        webs[-1].start()
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        asking.request("GET", path, headers=headers)
        return asking.getresponse()

    yield ask
    for web in webs:
        web.end()


@pytest.fixture
def _over_https(settings: Any) -> None:
    """As PORTAL_HTTPS and PORTAL_BEHIND_PROXY make it."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.PORTAL_BEHIND_PROXY = True
    settings.PORTAL_PROXY_ADDRESS = "127.0.0.1"


@pytest.fixture
def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that say what they were told of the browser."""

    def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        told = (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ.get("HTTP_X_FORWARDED_PROTO"))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr(told).encode()]

    monkeypatch.setattr("maintenance_portal.supervisor.WSGIHandler", lambda: pages)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_over_https")
def test_a_page_asked_for_over_https_comes_instead_of_a_redirect_to_itself(get: Any) -> None:
    assert get("/sign-in/", FROM_PROXY).status == 200
    plain = get("/sign-in/", {**FROM_PROXY, "X-Forwarded-Proto": "http"})
    assert (plain.status, plain.headers["Location"][:8]) == (301, "https://")


@pytest.mark.usefixtures("_over_https", "_told")
def test_the_address_is_the_one_that_the_proxy_saw_and_not_one_that_the_browser_claims(get: Any) -> None:
    assert get("/", FROM_PROXY).read() == b"('198.51.100.7', 'https', 'https')"


@pytest.mark.usefixtures("_over_https", "_told")
@pytest.mark.parametrize("wrong", [{"PORTAL_BEHIND_PROXY": False}, {"PORTAL_PROXY_ADDRESS": "192.0.2.1"}])
def test_nobody_else_is_believed(get: Any, settings: Any, wrong: dict[str, Any]) -> None:
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert get("/", FROM_PROXY).read() == b"('127.0.0.1', 'http', None)"


@pytest.mark.usefixtures("_over_https", "_told")
def test_a_proxy_whose_address_changes_is_believed_where_only_it_can_connect(get: Any, settings: Any) -> None:
    settings.PORTAL_PROXY_ADDRESS = "*"
    assert get("/", FROM_PROXY).read() == b"('198.51.100.7', 'https', 'https')"
