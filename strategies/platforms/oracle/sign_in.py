"""Signs in to a database, once: with an outer limit of time, tagged, and with a session that reads the same in every country."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import oracledb

from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import Address, PlatformError, SessionTag
from strategies.platforms.oracle.address import easy_connect, hosts_of
from strategies.platforms.oracle.errors import NOT_REACHED, connect_error
from strategies.platforms.oracle.names import oracle_query

Connection = oracledb.Connection

OLDEST = 19
# V$SESSION holds 64 bytes of each, DBMS_APPLICATION_INFO's manual speaks of 48 and 32: these lengths are whole everywhere.
_MODULE_BYTES, _ACTION_BYTES, _CLIENT_INFO_BYTES = 48, 32, 64
# A peer that is gone without a word is noticed after two minutes of silence: one, and ten questions six seconds apart.
_KEEP_ALIVE_MINUTES = 1
_OF_TLS = ("wallet_location", "ssl_server_cert_dn", "https_proxy")
# Language and territory come first: they set the formats anew.
SESSION_SETTINGS = (
    "ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_TERRITORY = 'AMERICA'",
    "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_CALENDAR = 'GREGORIAN' NLS_SORT = 'BINARY' NLS_COMP = 'BINARY'"
    " NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'"
    " NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF' NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM'"
    " TIME_ZONE = 'UTC'",
)
MOST_HANGING = 3

# The driver settles on its mode with the first connection of a process, and all others wait until that one is made: a first
# listener that says nothing would hold everybody up. Where the thick mode is in use, that is settled too.
with suppress(oracledb.Error):
    oracledb.enable_thin_mode()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Signed:
    """A connection that is ready for work; `instance` is the number of the instance that it is with."""

    connection: Connection
    instance: int


@dataclass(frozen=True, slots=True)
class Door:
    """One way in. Opening it is one sign-in: no address is asked twice, and none after one that answered."""

    address: Address
    secret: str = field(repr=False)

    def open(self, tag: SessionTag, timeout_seconds: float) -> Signed:
        """Raises PlatformError. `timeout_seconds` bounds the attempt at each host."""
        hosts = max(1, len(hosts_of(self.address)))
        return _within(timeout_seconds * hosts, self.address, lambda: _prepared(self._parameters(timeout_seconds), tag))

    def _parameters(self, timeout_seconds: float) -> oracledb.ConnectParams:
        options = self.address.options
        password, wallet_password = secret_parts(self.secret, options)
        parameters: oracledb.ConnectParams = oracledb.ConnectParams(
            user=self.address.user, password=password, wallet_password=wallet_password,
            config_dir=options.get("config_dir"), program="maintenance-portal",
        )  # fmt: skip
        parameters.parse_connect_string(easy_connect(self.address))
        # Set afterwards, since what stands in tnsnames.ora would hold: an alias of Oracle's cloud asks for 20 attempts.
        parameters.set(
            retry_count=0, retry_delay=0, expire_time=_KEEP_ALIVE_MINUTES, tcp_connect_timeout=timeout_seconds,
            **_tls(options),
        )  # fmt: skip
        return parameters


def secret_parts(secret: str, options: Mapping[str, str]) -> tuple[str, str | None]:
    """The account's password, and that of a wallet: the second line of the secret, where the address names a wallet's folder."""
    if not options.keys() & {"wallet_location", "config_dir"}:
        return secret, None
    password, _, of_wallet = secret.partition("\n")
    return password.rstrip("\r"), of_wallet.rstrip("\r\n") or None


def _tls(options: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: options[name] for name in _OF_TLS if name in options}
    if "ssl_server_dn_match" in options:
        found["ssl_server_dn_match"] = options["ssl_server_dn_match"] == "on"
    if "https_proxy_port" in options:
        found["https_proxy_port"] = int(options["https_proxy_port"])
    return found


def sign_in(address: Address, secret: str | None, tag: SessionTag, timeout_seconds: float) -> tuple[Signed, Door]:
    """A connection, and the door that opened. Raises PlatformError."""
    if not secret:
        words = "No password is known for this account: the portal signs in with a password."
        raise PlatformError(
            TargetError(ErrorClass.PERMANENT, "secret", words)
        )  # the server was not asked, and locks nothing
    door = Door(address, secret)
    signed = door.open(tag, timeout_seconds)
    if (major := int(signed.connection.version.split(".")[0])) < OLDEST:
        with suppress(oracledb.Error, OSError):
            signed.connection.close()
        words = f"Oracle Database {major} is too old: {OLDEST}c or newer is needed."
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "version", words))
    return signed, door


def _prepared(parameters: oracledb.ConnectParams, tag: SessionTag) -> Signed:
    """Raises oracledb.Error, OSError."""
    connection = oracledb.connect(params=parameters)
    try:
        connection.autocommit = True
        connection.module, connection.action = module_and_action(tag)
        connection.clientinfo = client_info(tag)
        with connection.cursor() as cursor:
            for setting in SESSION_SETTINGS:
                cursor.execute(setting)
            cursor.execute(oracle_query("own_instance").sql)
            row = cursor.fetchone()
    except BaseException:
        with suppress(oracledb.Error, OSError):
            connection.close()
        raise
    return Signed(connection, int(row[0]) if row else 1)


def module_and_action(tag: SessionTag) -> tuple[str, str]:
    """What `V$SESSION` shows of our sessions: MODULE `mportal:1a2b3c4d`, ACTION `run:17` or the purpose."""
    action = f"run:{tag.run}" if tag.run is not None else tag.purpose
    return cut(f"mportal:{tag.portal}", _MODULE_BYTES), cut(action, _ACTION_BYTES)


def client_info(tag: SessionTag) -> str:
    """Both in one, in a place that no package of Oracle's writes to."""
    return cut(tag.text, _CLIENT_INFO_BYTES)


def cut(text: str, size: int) -> str:
    """No more than `size` bytes, and no letter cut in two."""
    return text.encode()[:size].decode(errors="ignore")


_hanging: Counter[str] = Counter()
_counting = threading.Lock()


class _Attempt:
    """One attempt in a thread of its own. Whoever waits for it may give up; a connection that comes later is closed."""

    def __init__(self, connect: Callable[[], Signed], url: str) -> None:
        self._connect, self._url = connect, url
        self._turn, self._is_over = threading.Lock(), threading.Event()
        self._is_given_up = False
        self._found: Signed | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="oracle sign-in", daemon=True).start()

    def wait(self, seconds: float) -> Signed | None:
        """None = no answer in time. Raises what the driver raised."""
        self._is_over.wait(seconds)
        with self._turn:
            if not self._is_over.is_set():
                self._is_given_up = True
                with _counting:
                    _hanging[self._url] += 1
                return None
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._connect()
        except BaseException as error:  # handed to whoever waits
            self._error = error
        with self._turn:
            self._is_over.set()
            if not self._is_given_up:
                return
        with _counting:
            _hanging[self._url] -= 1
        if self._found is not None:
            with suppress(oracledb.Error, OSError):
                self._found.connection.close()


def _within(seconds: float, address: Address, connect: Callable[[], Signed]) -> Signed:
    """The driver waits without end for a listener that accepts and says nothing, and cannot be interrupted there.

    Such an attempt stays behind until its peer gives up. There are never more than a few of them for one address.
    """
    place = ", ".join(f"{host.text}:{host.port}" for host in hosts_of(address)) or address.database
    with _counting:
        hanging = _hanging[address.url]
    if hanging >= MOST_HANGING:
        words = f"{place} has not answered {hanging} earlier attempts to connect, which still wait."
        raise PlatformError(TargetError(ErrorClass.TRANSIENT, "no_answer", words))
    try:
        signed = _Attempt(connect, address.url).wait(seconds)
    except (oracledb.Error, OSError) as error:
        raise PlatformError(_of_place(connect_error(error), place)) from None
    except UnicodeError:  # which would show the letter, and that may be one of the password
        words = "The name of the host or of the account, or the secret, cannot be sent as it is written."
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "address", words)) from None
    except (ValueError, TypeError) as error:
        raise PlatformError(TargetError(ErrorClass.PERMANENT, "address", str(error))) from None
    if signed is None:
        words = f"{place} gave no answer within {seconds:g} seconds."
        raise PlatformError(TargetError(ErrorClass.TRANSIENT, "no_answer", words))
    return signed


def _of_place(error: TargetError, place: str) -> TargetError:
    """The network's own words name no host."""
    if error.code not in NOT_REACHED or error.error_class is not ErrorClass.TRANSIENT:
        return error
    return TargetError(error.error_class, error.code, f"{place} cannot be reached: {error.message}")
