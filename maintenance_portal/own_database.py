"""Reads DATABASE_URL: where the portal's own database is, as Django's entry for it and as the address of the target *home*."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from environ import Env

from strategies.platforms.base import AddressRefused
from strategies.platforms.oracle.address import easy_connect, read_address

SCHEMES = {"postgresql": "postgresql", "postgres": "postgresql", "oracle": "oracle", "sqlite": "sqlite"}
SHAPES = "postgresql://user@host:5432/name, oracle://user@host:1521/service or sqlite:////path/of/the/file"

# A connection is kept for a minute and asked before it is used again; one that a restart or a failover cut is made anew.
_KEPT = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# Peers that are gone without a word are noticed after two minutes, and not only when the system's own two hours are over.
_POSTGRESQL_WAITS = {
    "connect_timeout": 10, "keepalives_idle": 60, "keepalives_interval": 6, "keepalives_count": 10,
    "tcp_user_timeout": 120_000,
}  # fmt: skip
# What only the portal's own connections to Oracle take: whole numbers from, to, and what holds where nothing is said.
_ORACLE_WAITS = {
    "tcp_connect_timeout": (1, 600, 10),  # seconds for each host
    "expire_time": (0, 1440, 1),  # minutes of silence until the peer is asked whether it is there
    "retry_count": (0, 100, 0),  # the portal itself tries again, each second
    "retry_delay": (0, 600, 1),  # seconds
}
_OF_TLS = ("wallet_location", "ssl_server_cert_dn", "https_proxy")
_OF_POOL = "pool is none of the options of DATABASE_URL; PORTAL_DATABASE_POOL gives the pages a pool."
_UNREAD = "DATABASE_URL cannot be read: in names and passwords / # ? @ : % are written as %2F %23 %3F %40 %3A %25."
_AT_A_WRONG_PLACE = re.compile(
    r"://[^/?#]*[/?#].*@"
)  # else a part of a password would be taken for a host or an option
# Of psycopg and of Django, beside what PostgreSQL's own library knows.
_OF_DJANGO = {"isolation_level", "server_side_binding", "assume_role", "prepare_threshold"}


class Refused(ValueError):
    """Names the setting and the reason, and never repeats a value that could hold a password."""


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """`entry` is Django's; `home` the address of the target *home* where Django's entry does not tell it, else empty.

    `stated` is what the address says to be bought (`edition`, `licensed`), as that of a target does.
    """

    entry: dict[str, Any] = field(repr=False)
    home: str = ""
    stated: Mapping[str, str] = field(default_factory=dict)


def read(url: str, *, password: str = "", wallet_password: str = "") -> OwnDatabase:
    """The passwords are those that stand beside the address. Raises Refused."""
    scheme, separator, _ = url.partition("://")
    product = SCHEMES.get(scheme.lower()) if separator else None
    if product is None:
        raise Refused(f"DATABASE_URL is an address such as {SHAPES}.")
    if wallet_password and product != "oracle":
        raise Refused("DATABASE_WALLET_PASSWORD is for an oracle:// DATABASE_URL.")
    if password and product == "sqlite":
        raise Refused("DATABASE_PASSWORD is for a server: the embedded database has no password.")
    if product != "sqlite" and _AT_A_WRONG_PLACE.search(url):
        raise Refused(_UNREAD)
    if product == "oracle":
        return _oracle(url, password, wallet_password)
    entry = _django_entry(url)
    if product == "postgresql":
        _complete(entry, password)
    return OwnDatabase(entry)


def _django_entry(url: str) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = Env.db_url_config(url)
    except ValueError:  # its words may hold a part of the password
        raise Refused(_UNREAD) from None
    return entry


def _complete(entry: dict[str, Any], password: str) -> None:
    """A PostgreSQL, with the password beside its address, and the limits of waiting that the address does not set."""
    from psycopg import pq  # not at the top: it loads PostgreSQL's library, which an embedded database does not need

    if not entry["NAME"]:
        raise Refused("DATABASE_URL names no database, as in postgresql://user@host:5432/name.")
    options = entry.setdefault("OPTIONS", {})
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"password"} | _OF_DJANGO
    for name in options:
        if name not in known:
            raise Refused(_OF_POOL if name == "pool" else f"DATABASE_URL has an option that is unknown: {name}.")
    entry["PASSWORD"] = _one_password(entry["PASSWORD"], password)
    entry["OPTIONS"] = _POSTGRESQL_WAITS | options
    for name, value in _KEPT.items():
        entry.setdefault(name, value)


def _one_password(in_url: str, beside: str) -> str:
    if in_url and beside:
        raise Refused("DATABASE_URL and DATABASE_PASSWORD both hold a password; leave one out.")
    return in_url or beside


def _oracle(url: str, password: str, wallet_password: str) -> OwnDatabase:
    """The same forms of address as those of targets, with a password if it must be, and with the waits of `_ORACLE_WAITS`."""
    bare, in_url = _without_password(url)
    place, _, query = bare.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    waits = {name: _wait(name, given.pop(name, None)) for name in _ORACLE_WAITS}
    if "pool" in given:
        raise Refused(_OF_POOL)
    if "wallet_password" in given:
        raise Refused("DATABASE_URL holds no wallet_password; DATABASE_WALLET_PASSWORD does.")
    try:
        address = read_address(f"{place}?{urlencode(given)}" if given else place)
    except AddressRefused as refusal:
        raise Refused(f"DATABASE_URL is refused. {refusal}") from None
    options: dict[str, Any] = {**waits, **_tls(address.options)}
    if wallet_password:
        if not options.keys() & {"wallet_location", "config_dir"}:
            raise Refused(
                "DATABASE_WALLET_PASSWORD needs wallet_location= or config_dir= in DATABASE_URL, where the wallet is."
            )
        options["wallet_password"] = wallet_password
    entry = {
        "ENGINE": "django.db.backends.oracle", "NAME": easy_connect(address), "USER": address.user,
        "PASSWORD": _one_password(in_url, password), "HOST": "", "PORT": "", "OPTIONS": options, **_KEPT,
    }  # fmt: skip
    stated = {name: address.options[name] for name in ("edition", "licensed") if name in address.options}
    return OwnDatabase(entry, address.url, stated)


def _without_password(url: str) -> tuple[str, str]:
    """The address as that of a target is written, and the password that stood in it."""
    scheme, _, rest = url.partition("://")
    place, mark, query = rest.partition("?")
    account, at, there = place.rpartition("@")
    user, _, password = account.partition(":")
    return f"{scheme}://{user}{at}{there}{mark}{query}", unquote(password)


def _wait(name: str, text: str | None) -> int:
    least, most, default = _ORACLE_WAITS[name]
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise Refused(f"DATABASE_URL is refused. {name} is a whole number from {least} to {most}.")
    return int(text)


def _tls(options: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: options[name] for name in ("config_dir", *_OF_TLS) if name in options}
    if "ssl_server_dn_match" in options:
        found["ssl_server_dn_match"] = options["ssl_server_dn_match"] == "on"
    if "https_proxy_port" in options:
        found["https_proxy_port"] = int(options["https_proxy_port"])
    return found
