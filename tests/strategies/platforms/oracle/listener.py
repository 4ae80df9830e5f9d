"""Listeners on 127.0.0.1 that answer as Oracle's do before anybody signs in, or not at all."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Listener:
    """Takes connections, counts them, and gives each the same answer; None = silence."""

    def __init__(self, answer: bytes | None, tls: ssl.SSLContext | None = None) -> None:
        self._answer, self._tls = answer, tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        for end in (self._socket, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self._socket.accept()
                self.connections += 1
                self._ends.append(end)
                threading.Thread(target=self._talk, args=(end,), daemon=True).start()

    def _talk(self, end: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                end = self._tls.wrap_socket(end, server_side=True)
            if end.recv(4096) and self._answer is not None:
                end.sendall(self._answer)


def refusing(number: int) -> bytes:
    """A packet of type REFUSE, as the driver reads it: length, checksum, type, flags, checksum; two reasons, length, text."""
    text = f"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={number})(ERROR_STACK=(ERROR=(CODE={number})(EMFI=4))))".encode()
    body = b"\0\0" + struct.pack(">H", len(text)) + text
    return struct.pack(">HHBBH", len(body) + 8, 0, 4, 0, 0) + body


@contextmanager
def a_listener(answer: bytes | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    listener = Listener(answer, tls)
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def a_black_hole() -> Iterator[int]:
    """A port whose packets go nowhere: its queue of callers is full, so the system drops those of further ones."""
    server = socket.create_server(("127.0.0.1", 0), backlog=0)
    callers = []
    try:
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
            callers.append(caller)
        yield int(server.getsockname()[1])
    finally:
        for one in (*callers, server):
            one.close()
