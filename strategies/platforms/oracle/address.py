"""Reads the address of an Oracle database: who signs in, where, to which service or alias, and what is stated as licensed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

from strategies.platforms.base import Address, AddressRefused
from strategies.platforms.oracle.stated import Stated

EXAMPLE = "oracle://user@host:1521/service"
PORT = 1521
_OPTIONS = (
    "protocol", "config_dir", "wallet_location", "ssl_server_dn_match", "ssl_server_cert_dn",
    "https_proxy", "https_proxy_port", "edition", "licensed",
)  # fmt: skip
_OF_TLS = ("wallet_location", "ssl_server_dn_match", "ssl_server_cert_dn", "https_proxy", "https_proxy_port")
_FOLDERS = ("config_dir", "wallet_location")
_SWITCHES = {"on": "on", "yes": "on", "true": "on", "off": "off", "no": "off", "false": "off"}
_NOT_TAKEN = {
    "retry_count": "retry_count is not taken: a sign-in is tried once, since accounts get locked.",
    "retry_delay": "retry_delay is not taken: a sign-in is tried once, since accounts get locked.",
    "wallet_password": "The address must not contain a password; a wallet's own is the second line of the secret.",
    "password": "The address must not contain a password; give the secret separately.",
}
_USER = re.compile(r"[^\s\[\]/:@\0][^\[\]/:@\0]*(?:\[[^\[\]/:@\0]+\])?")  # portal, or portal[app_owner] through a proxy
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.?)(?::(\d{1,5}))?")
_NAME = re.compile(
    r"[\w$#-]+(?:\.[\w$#-]+)*"
)  # of a service or an alias: nothing that could be read as part of a descriptor


@dataclass(frozen=True, slots=True)
class Host:
    """One place to knock at."""

    name: str
    port: int = PORT

    @property
    def text(self) -> str:
        return f"[{self.name}]" if ":" in self.name else self.name


def read_address(url: str) -> Address:
    """Of an Easy Connect address with one host or several, or of an alias of tnsnames.ora. Raises AddressRefused.

    `host` of the result is empty for an alias; several hosts stand in it as Easy Connect writes them, with their ports.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() != "oracle":
        raise AddressRefused(f"The address begins with oracle://, as in {EXAMPLE}.")
    rest, _, query = rest.partition("?")
    place, _, path = rest.partition("/")
    account, at, hosts_text = place.rpartition("@")
    if "@" in path or ":" in account:
        raise AddressRefused(
            "The address must not contain a password; give the secret separately. "
            "(An @ that belongs to a name is written %40.)"
        )
    user, name = unquote(account), unquote(path)
    if not at or not _USER.fullmatch(user):
        raise AddressRefused(f"The address names the account that signs in, as in {EXAMPLE}.")
    if "#" in rest or "#" in query or not _NAME.fullmatch(name):
        raise AddressRefused(f"The address ends with the name of one service, as in {EXAMPLE}.")
    options = _options(query, is_alias=not hosts_text)
    hosts = _hosts(hosts_text)
    host, port = (hosts[0].name, hosts[0].port) if len(hosts) == 1 else (hosts_text, None)
    return Address("oracle", _text(user, hosts_text, name, options), name, host, port, user, options)


def hosts_of(address: Address) -> tuple[Host, ...]:
    """The places of a read address; none for an alias."""
    if address.port is not None:
        return (Host(address.host, address.port),)
    return _hosts(address.host)


def easy_connect(address: Address) -> str:
    """What the driver is given: an Easy Connect text, or the alias."""
    hosts = hosts_of(address)
    if not hosts:
        return address.database
    places = ",".join(f"{host.text}:{host.port}" for host in hosts)
    return f"{address.options.get('protocol', 'tcp')}://{places}/{address.database}"


def _hosts(text: str) -> tuple[Host, ...]:
    hosts = []
    for part in text.split(",") if text else ():
        match = _HOST.fullmatch(unquote(part))
        port = int(match[2] or PORT) if match else 0
        if match is None or not 0 < port < 65536:
            raise AddressRefused(
                "The address cannot be read: is each host a name, and its port a number from 1 to 65535?"
            )
        hosts.append(Host(match[1].strip("[]"), port))
    return tuple(hosts)


def _options(query: str, *, is_alias: bool) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name.lower() in _NOT_TAKEN:
            raise AddressRefused(_NOT_TAKEN[name.lower()])
    if unknown := options.keys() - set(_OPTIONS):
        raise AddressRefused(f"Unknown option {', '.join(sorted(unknown))}; known are {', '.join(_OPTIONS)}.")
    Stated.read(options)
    _refuse_folders(options, is_alias=is_alias)
    if options.get("protocol", "tcp") not in ("tcp", "tcps"):
        raise AddressRefused("protocol is tcp or tcps.")
    if not is_alias and options.get("protocol") != "tcps" and (idle := [name for name in _OF_TLS if name in options]):
        raise AddressRefused(f"{idle[0]} is for protocol=tcps.")
    if (match := options.get("ssl_server_dn_match")) is not None:
        if match.lower() not in _SWITCHES:
            raise AddressRefused("ssl_server_dn_match is on or off.")
        options["ssl_server_dn_match"] = _SWITCHES[match.lower()]
    port = options.get("https_proxy_port")
    if port is not None and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise AddressRefused("https_proxy_port is a number from 1 to 65535.")
    return options


def _refuse_folders(options: Mapping[str, str], *, is_alias: bool) -> None:
    for name in _FOLDERS:
        if name in options and (not options[name].startswith("/") or "\0" in options[name]):
            raise AddressRefused(f"{name} takes the absolute path of a folder.")
    if is_alias and "config_dir" not in options:
        raise AddressRefused("An alias is looked up in tnsnames.ora: config_dir= names the folder where that stands.")
    if is_alias and "protocol" in options:
        raise AddressRefused("The protocol of an alias stands in tnsnames.ora.")


def _text(user: str, hosts: str, name: str, options: Mapping[str, str]) -> str:
    query = f"?{urlencode(options, safe='/,')}" if options else ""
    return f"oracle://{quote(user, safe='[]$')}@{hosts}/{quote(name, safe='$')}{query}"
