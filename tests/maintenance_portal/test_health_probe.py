"""A container's own health check says what `/health/` says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from maintenance_portal import health_probe


@pytest.fixture
def answering() -> Iterator[Callable[[bytes, int], tuple[int, list[str]]]]:
    """A server that says this with this status: its port, and the hosts that it was asked for."""
    servers: list[HTTPServer] = []

    def start(body: bytes, status: int) -> tuple[int, list[str]]:
        hosts: list[str] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hosts.append(self.headers["Host"] + self.path)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        servers.append(HTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port, hosts

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (json.dumps({"ok": True, "problem": ""}).encode(), 200, 0, "All is well."),
        (json.dumps({"ok": False, "problem": "The workers do not answer."}).encode(), 503, 1, "The workers do not answer."),
        (b"<html>", 400, 1, "No answer: JSONDecodeError."),
    ],
)  # fmt: skip
def test_it_ends_as_the_portal_is(
    answering: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    body: bytes, status: int, code: int, words: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PORTAL_ALLOWED_HOSTS", ".example.org,localhost")
    port, hosts = answering(body, status)
    assert health_probe.main(port) == code
    assert capsys.readouterr().out == f"{words}\n"
    assert hosts == ["example.org/health/"]


def test_nobody_there_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert health_probe.main(1) == 1
    assert capsys.readouterr().out == "No answer: ConnectionRefusedError.\n"
