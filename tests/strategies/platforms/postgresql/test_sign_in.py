from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import Address, PlatformError
from strategies.platforms.postgresql.platform import PLATFORM
from strategies.platforms.postgresql.sign_in import Door, sign_in
from tests.servers import RunningServer
from tests.strategies.platforms.postgresql.conftest import TAG
from tests.strategies.platforms.postgresql.wire import a_wire

Sql = Callable[..., list[tuple[Any, ...]]]
NOBODY_LISTENS = "127.0.0.2"


@pytest.fixture
def guarded(sql: Sql) -> None:
    for name in ("guarded", "a timeout unreachable"):
        sql(f'DROP ROLE IF EXISTS "{name}"', f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'the right one'")


@pytest.fixture
def resolves_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Every name has these addresses."""

    def set_(*addresses: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)

    return set_


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Each sign-in that was tried: address and kind of encryption."""
    seen: list[tuple[str, str]] = []
    real = Door.open

    def open_(door: Door, purpose: str, timeout_seconds: float) -> Any:
        seen.append((door.parameters["hostaddr"], door.parameters["sslmode"]))
        return real(door, purpose, timeout_seconds)

    monkeypatch.setattr(Door, "open", open_)
    return seen


@pytest.fixture
def encrypted(server: RunningServer, sql: Sql, tmp_path: Path) -> Iterator[bool]:
    """Has the server offer encryption; False where this build of it cannot."""
    openssl = shutil.which("openssl")
    if server.major != 15 or openssl is None:  # the servers from the wheel are built without it
        yield False
        return
    files = {name: tmp_path / name for name in ("server.crt", "server.key")}
    subprocess.run(
        [
            openssl, "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost",
            "-out", str(files["server.crt"]), "-keyout", str(files["server.key"]),
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    data = Path(sql("SHOW data_directory")[0][0])
    for name, path in files.items():
        shutil.copy(path, data / name)
        os.chown(data / name, data.stat().st_uid, data.stat().st_gid)
        (data / name).chmod(0o600)
    sql("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    until = time.monotonic() + 10
    while sql("SHOW ssl") != [("on",)]:
        assert time.monotonic() < until
        time.sleep(0.05)
    yield True
    sql("ALTER SYSTEM RESET ssl", "SELECT pg_reload_conf()")
    while sql("SHOW ssl") != [("off",)]:
        time.sleep(0.05)


def refusal(address: Address, secret: str | None = "wrong") -> TargetError:
    with pytest.raises(PlatformError) as refused:
        PLATFORM.connect(address, secret, TAG, timeout_seconds=2)
    assert refused.value.__context__ is None  # it would hold the connection's parameters
    return refused.value.error


def at(server: RunningServer, database: str, user: str = "guarded", options: str = "") -> Address:
    return PLATFORM.address(f"postgresql://{user}@db.example:{server.port}/{database}{options}")


@pytest.mark.parametrize("addresses", [(NOBODY_LISTENS, "127.0.0.1"), ("127.0.0.1", NOBODY_LISTENS)])
@pytest.mark.parametrize("user", ["guarded", "a%20timeout%20unreachable"])
def test_a_refused_password_stops_the_target_although_another_address_cannot_be_reached(
    server: RunningServer,
    database: str,
    guarded: None,
    resolves_to: Callable[..., None],
    addresses: tuple[str, ...],
    user: str,
) -> None:
    resolves_to(*addresses)
    assert refusal(at(server, database, user)).error_class is ErrorClass.AUTHENTICATION


def test_after_the_first_refusal_of_the_account_no_other_address_is_asked(
    server: RunningServer,
    database: str,
    guarded: None,
    resolves_to: Callable[..., None],
    tried: list[tuple[str, str]],
) -> None:
    resolves_to("127.0.0.1", "127.0.0.1", NOBODY_LISTENS)
    assert refusal(at(server, database, options="?sslmode=disable")).error_class is ErrorClass.AUTHENTICATION
    assert tried == [("127.0.0.1", "disable")]


def test_an_address_that_cannot_be_reached_is_passed_over(
    server: RunningServer,
    database: str,
    guarded: None,
    resolves_to: Callable[..., None],
    tried: list[tuple[str, str]],
) -> None:
    resolves_to(NOBODY_LISTENS, "127.0.0.1")
    with PLATFORM.connect(at(server, database), "the right one", TAG) as session:
        assert session.facts().user == "guarded"
    assert tried == [(NOBODY_LISTENS, "require"), ("127.0.0.1", "require"), ("127.0.0.1", "disable")]


@pytest.mark.parametrize("mode", ["", "?sslmode=prefer", "?sslmode=allow"])
def test_a_wrong_password_is_sent_once_whatever_encryption_may_be_tried(
    server: RunningServer, database: str, guarded: None, encrypted: bool, mode: str
) -> None:
    if not encrypted:
        return
    with a_wire(server.port) as wire:
        address = PLATFORM.address(f"postgresql://guarded@127.0.0.1:{wire.port}/{database}{mode}")
        assert refusal(address).error_class is ErrorClass.AUTHENTICATION
        assert wire.connections == 1


def test_encryption_is_used_where_the_server_offers_it(
    server: RunningServer, database: str, guarded: None, encrypted: bool
) -> None:
    connection, _ = sign_in(PLATFORM.address(server.tcp_url(database, "guarded")), "the right one", "p", 5)
    with connection:
        assert connection.pgconn.ssl_in_use == encrypted


def test_that_a_server_offers_no_encryption_does_not_hide_what_it_says_next(
    server: RunningServer, guarded: None
) -> None:
    error = refusal(PLATFORM.address(server.tcp_url("no_such_database", "guarded")), "the right one")
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "3D000")
    error = refusal(PLATFORM.address(server.tcp_url("postgres", "guarded") + "?sslmode=require"), "the right one")
    assert error.error_class is ErrorClass.PERMANENT or server.major == 15


def test_an_account_without_the_right_to_connect_is_refused_for_good(
    server: RunningServer, database: str, guarded: None, sql: Sql
) -> None:
    sql(f"REVOKE CONNECT ON DATABASE {database} FROM public")
    error = refusal(PLATFORM.address(server.tcp_url(database, "guarded")), "the right one")
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "42501")


def test_a_name_that_cannot_be_resolved_may_be_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refusal(PLATFORM.address("postgresql://a@timeout.example/shop"))
    assert error.error_class is ErrorClass.TRANSIENT
    assert "timeout.example" in error.message


def test_a_primary_is_taken_where_a_standby_is_only_preferred(
    server: RunningServer, database: str, guarded: None
) -> None:
    address = server.tcp_url(database, "guarded") + "?sslmode=disable&target_session_attrs="
    with PLATFORM.connect(PLATFORM.address(address + "prefer-standby"), "the right one", TAG) as session:
        assert session.facts().role == "primary"
    assert refusal(PLATFORM.address(address + "standby"), "the right one").error_class is ErrorClass.TRANSIENT


def test_a_connection_whose_network_falls_silent_is_noticed_within_about_a_minute(
    server: RunningServer, database: str, guarded: None
) -> None:
    connection, _ = sign_in(PLATFORM.address(server.tcp_url(database, "guarded")), "the right one", "p", 5)
    with connection, socket.socket(fileno=os.dup(connection.fileno())) as seen:
        assert seen.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [
            seen.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        ] == [30, 10, 3, 60_000]


def test_a_server_that_does_not_answer_at_all_is_given_up_in_time() -> None:
    with a_wire(1) as wire:
        wire.cut()
        began = time.monotonic()
        error = refusal(PLATFORM.address(f"postgresql://a@127.0.0.1:{wire.port}/shop"))
        assert error.error_class is ErrorClass.TRANSIENT
        assert time.monotonic() - began < 8
        assert wire.connections == 1
