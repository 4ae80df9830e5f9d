"""A real Redis server for tests: in the foreground as a child of the tests, with a password, without files; ended by its pid."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


@dataclass
class RedisServer:
    """May be ended and started again, with nothing left of what it held."""

    port: int
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/3"

    @property
    def address(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, "db": 3, "password": self.password}

    def start(self) -> None:
        assert PROGRAM is not None
        self.process = subprocess.Popen(
            [PROGRAM, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--requirepass", self.password],
            stdout=subprocess.DEVNULL, cwd="/tmp",
        )  # fmt: skip
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError("Redis did not start")

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Skips the test where there is no Redis, or no client for it."""
    if PROGRAM is None:
        pytest.skip("no redis-server on this machine")
    pytest.importorskip("redis", reason="the package redis is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = RedisServer(int(probe.getsockname()[1]))
    server.start()
    try:
        yield server
    finally:
        server.end()
