"""Reads the address of a Redis server, as people write it, into what its client is given. Pure; no message repeats any of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_NUMBERS = range(1000)  # a server has 16 databases, unless it is told otherwise


def read(text: str) -> dict[str, Any]:
    """Empty for an empty text. Raises ValueError with a sentence that does not hold the address: there is a password in it."""
    if not text:
        return {}
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is no address.") from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    match parts.scheme:
        case "unix":
            place = {"unix_socket_path": unquote(parts.path), "db": _number(options.pop("db", ""))}
            is_whole = bool(parts.path) and not parts.hostname
        case "redis" | "rediss":
            place = {"host": parts.hostname, "port": port or 6379, "db": _number(parts.path.removeprefix("/"))}
            is_whole = bool(parts.hostname)
        case _:
            raise ValueError("it begins with none of redis://, rediss:// and unix://.")
    if not is_whole:
        raise ValueError("it names no server.")
    if parts.scheme == "rediss":
        place["ssl"] = True
        if authority := options.pop("ssl_ca_certs", ""):
            place["ssl_ca_certs"] = authority
    if options or parts.fragment:
        raise ValueError(
            "it has options that are not known; `#`, `/` and `?` in a password are written %23, %2F and %3F."
        )
    return place | _account(parts)


def _number(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and int(text) in _NUMBERS):
        raise ValueError("it ends in something else than the number of a database.")
    return int(text or 0)


def _account(parts: SplitResult) -> dict[str, str]:
    given = {"username": parts.username, "password": parts.password}
    return {name: unquote(value) for name, value in given.items() if value}
