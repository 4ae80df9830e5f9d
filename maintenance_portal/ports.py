"""Takes the port that the pages are served on, or says in one sentence why it cannot. Standard library only."""

from __future__ import annotations

import errno
import socket


class PortRefused(Exception):
    """The sentence to show."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket: from now on browsers wait instead of being refused. Raises PortRefused."""
    if not 1 <= port <= 65535:  # 0 would be any free one, and not every system refuses the others: some count on from 0
        raise PortRefused(f"{port} is not a port: those go from 1 to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise PortRefused(f"The host {host!r} is not known on this machine.") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(1024)
    except OSError as refusal:
        listener.close()
        raise PortRefused(_sentence(host, port, refusal)) from None
    return listener


def _sentence(host: str, port: int, refusal: OSError) -> str:
    if refusal.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; choose another, as in --port {port + 1 if port < 65535 else 8000}."
    if refusal.errno == errno.EACCES:
        return f"Port {port} may not be used by this account; choose one above 1023, as in --port 8000."
    return f"The portal cannot listen on {host}, port {port}: {refusal.strerror}."
