from __future__ import annotations

import datetime
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import oracledb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import PlatformError, SessionTag
from strategies.platforms.oracle import sign_in
from strategies.platforms.oracle.platform import PLATFORM
from tests.strategies.platforms.oracle.listener import a_black_hole, a_listener, refusing
from tests.strategies.platforms.oracle.transport import TAG, URL, Connection, oracle_error

SECRET = "hunter2"
Opened = list[oracledb.ConnectParams]


def refusal(url: str, *, secret: str | None = SECRET, seconds: float = 5) -> TargetError:
    with pytest.raises(PlatformError) as refused:
        PLATFORM.connect(PLATFORM.address(url), secret, TAG, timeout_seconds=seconds)
    assert SECRET not in f"{refused.value} {refused.value.__cause__!r}"
    return refused.value.error


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> tuple[Opened, Connection]:
    """What the driver would have been asked to connect with."""
    asked: Opened = []
    connection = Connection()

    def connect(*, params: oracledb.ConnectParams) -> Connection:
        asked.append(params)
        return connection

    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    return asked, connection


@pytest.mark.parametrize("number", [12514, 12505, 12516, 12520, 12526, 12528, 12541, 12564])
def test_a_listener_that_refuses_is_asked_once_and_may_be_asked_later(number: int) -> None:
    with a_listener(refusing(number)) as listener:
        error = refusal(f"oracle://portal@127.0.0.1:{listener.port}/sales")
        assert (error.error_class, error.code) == (ErrorClass.TRANSIENT, f"ORA-{number:05d}")
        assert listener.connections == 1


def test_a_listener_that_says_nothing_is_given_up_and_holds_nobody_else_up() -> None:
    with a_listener() as silent, a_listener(refusing(12514)) as other:
        begun = time.monotonic()
        error = refusal(f"oracle://portal@127.0.0.1:{silent.port}/sales", seconds=0.3)
        assert (error.error_class, error.code) == (ErrorClass.TRANSIENT, "no_answer")
        assert error.message == f"127.0.0.1:{silent.port} gave no answer within 0.3 seconds."
        assert refusal(f"oracle://portal@127.0.0.1:{other.port}/sales").code == "ORA-12514"
        assert time.monotonic() - begun < 5


def test_no_more_than_a_few_attempts_stay_behind_at_a_silent_listener() -> None:
    with a_listener() as silent:
        url = f"oracle://portal@127.0.0.1:{silent.port}/sales"
        for _ in range(sign_in.MOST_HANGING):
            refusal(url, seconds=0.1)
        assert "3 earlier attempts" in refusal(url, seconds=0.1).message
        assert silent.connections == sign_in.MOST_HANGING
    until = time.monotonic() + 10
    while sign_in._hanging[url] and time.monotonic() < until:
        time.sleep(0.01)
    assert refusal(url).code == "DPY-6005", "once they have ended, it is asked again"


def test_an_address_whose_packets_go_nowhere_is_given_up() -> None:
    with a_black_hole() as port:
        begun = time.monotonic()
        error = refusal(f"oracle://portal@127.0.0.1:{port}/sales", seconds=0.5)
        assert error.error_class is ErrorClass.TRANSIENT
        assert time.monotonic() - begun < 5


def test_nobody_listening_and_an_unknown_host_are_told_by_name() -> None:
    with a_listener() as gone:
        port = gone.port
    error = refusal(f"oracle://portal@127.0.0.1:{port}/sales")
    assert (error.error_class, error.code) == (ErrorClass.TRANSIENT, "DPY-6005")
    assert error.message.startswith(f"127.0.0.1:{port} cannot be reached: ")
    assert "Connection refused" in error.message
    error = refusal("oracle://portal@no-such-host.invalid/sales", seconds=20)
    assert error.error_class is ErrorClass.TRANSIENT
    assert error.message.startswith("no-such-host.invalid:1521")


def test_a_second_host_is_asked_where_the_first_refuses() -> None:
    with a_listener(refusing(12514)) as first, a_listener(refusing(12528)) as second:
        error = refusal(f"oracle://portal@127.0.0.1:{first.port},127.0.0.1:{second.port}/sales")
        assert (first.connections, second.connections, error.code) == (1, 1, "ORA-12528")


def test_what_is_no_oracle_listener_is_no_answer_that_locks_an_account() -> None:
    with a_listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web:
        error = refusal(f"oracle://portal@127.0.0.1:{web.port}/sales", seconds=0.3)
        assert error.error_class is ErrorClass.TRANSIENT


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with a_listener(refusing(12514), _tls(tmp_path)) as listener:
        error = refusal(f"oracle://portal@127.0.0.1:{listener.port}/sales?protocol=tcps")
    assert error.error_class is ErrorClass.PERMANENT
    assert "CERTIFICATE_VERIFY_FAILED" in error.message


def _tls(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "db.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_folders_and_aliases_that_are_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "tnsnames.ora").write_text(
        "prod = (description=(address=(host=127.0.0.1)(port=1))(connect_data=(service_name=s)))"
    )
    assert refusal("oracle://portal@/prod?config_dir=/no/such/folder").error_class is ErrorClass.PERMANENT
    error = refusal(f"oracle://portal@/test?config_dir={tmp_path}")
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "DPY-4000")
    with a_listener(refusing(12514)) as listener:
        error = refusal(f"oracle://portal@127.0.0.1:{listener.port}/s?protocol=tcps&wallet_location={tmp_path}")
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "DPY-2018")


def test_without_a_password_nobody_is_asked() -> None:
    with a_listener(refusing(12514)) as listener:
        for secret in (None, ""):
            error = refusal(f"oracle://portal@127.0.0.1:{listener.port}/sales", secret=secret)
            assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "secret")
        assert listener.connections == 0


def test_a_sign_in_is_tried_once_whatever_tnsnames_asks_for(tmp_path: Path, opened: tuple[Opened, Connection]) -> None:
    (tmp_path / "tnsnames.ora").write_text(
        "cloud = (description_list=(description=(retry_count=20)(retry_delay=3)(address=(protocol=tcps)(host=a)(port=1522))"
        "(connect_data=(service_name=s)))(description=(retry_count=20)(address=(host=b)(port=1521))(connect_data=(service_name=s))))"
    )
    asked, _ = opened
    address = PLATFORM.address(f"oracle://portal@/cloud?config_dir={tmp_path}")
    PLATFORM.connect(address, SECRET, TAG, timeout_seconds=7)
    parameters = asked[0]
    assert parameters.retry_count == [0, 0]
    assert "RETRY" not in parameters.get_connect_string()
    assert parameters.tcp_connect_timeout == [7, 7]
    assert parameters.expire_time == [1, 1]


def test_what_the_address_says_reaches_the_driver(opened: tuple[Opened, Connection]) -> None:
    asked, _ = opened
    url = (
        "oracle://portal[app_owner]@db.example:2484/sales?protocol=tcps&wallet_location=/srv/wallet&ssl_server_dn_match=off"
        "&https_proxy=proxy.example&https_proxy_port=8080"
    )
    PLATFORM.connect(PLATFORM.address(url), f"{SECRET}\r\nof the wallet\n", TAG)
    parameters = asked[0]
    assert (parameters.user, parameters.proxy_user) == ("portal", "app_owner")
    assert (parameters.host, parameters.port, parameters.service_name) == ("db.example", 2484, "sales")
    assert (parameters.wallet_location, parameters.ssl_server_dn_match) == ("/srv/wallet", False)
    assert (parameters.https_proxy, parameters.https_proxy_port) == ("proxy.example", 8080)


@pytest.mark.parametrize(
    ("options", "secret", "parts"),
    [
        ({}, "two\nlines", ("two\nlines", None)),
        ({"wallet_location": "/w"}, "one", ("one", None)),
        ({"wallet_location": "/w"}, "one\r\ntwo\n", ("one", "two")),
        ({"config_dir": "/c"}, "one\ntwo", ("one", "two")),
    ],
)
def test_the_second_line_of_the_secret_is_the_wallets_own_password(
    options: dict[str, str], secret: str, parts: tuple[str, str | None]
) -> None:
    assert sign_in.secret_parts(secret, options) == parts


def test_the_session_is_tagged_and_reads_the_same_in_every_country(opened: tuple[Opened, Connection]) -> None:
    _, connection = opened
    with PLATFORM.connect(PLATFORM.address(URL), SECRET, TAG) as session:
        assert (connection.module, connection.action) == ("mportal:1a2b3c4d", "run:17")
        assert connection.clientinfo == "mportal:1a2b3c4d run:17"
        assert connection.autocommit
        assert tuple(connection.sent[:2]) == sign_in.SESSION_SETTINGS
        assert session.session_id == "123,4567,@1"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (SessionTag("1a2b3c4d", "check"), ("mportal:1a2b3c4d", "check")),
        (SessionTag("1a2b3c4d", "ä" * 40), ("mportal:1a2b3c4d", "ä" * 16)),
        (SessionTag("1a2b3c4d", "x" + "ä" * 40), ("mportal:1a2b3c4d", "x" + "ä" * 15)),
    ],
)
def test_tags_are_cut_by_bytes_and_between_letters(tag: SessionTag, expected: tuple[str, str]) -> None:
    assert sign_in.module_and_action(tag) == expected


def test_a_database_older_than_19c_is_refused_with_a_sentence(opened: tuple[Opened, Connection]) -> None:
    _, connection = opened
    connection.version = "12.2.0.1.0"
    error = refusal(URL)
    assert error == TargetError(
        ErrorClass.PERMANENT, "version", "Oracle Database 12 is too old: 19c or newer is needed."
    )
    assert connection.is_closed


def test_a_session_that_cannot_be_prepared_is_closed(opened: tuple[Opened, Connection]) -> None:
    _, connection = opened
    connection.answers = {
        "~NLS_TERRITORY": oracle_error(604, "error occurred at recursive SQL level 1\nORA-20100: not now")
    }
    assert refusal(URL).error_class is ErrorClass.AUTHENTICATION
    assert connection.is_closed


def test_a_refused_account_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def connect(**parameters: Any) -> None:
        asked.append(parameters)
        raise oracle_error(28000, "The account is locked.")

    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    assert refusal("oracle://portal@one,two/sales").error_class is ErrorClass.AUTHENTICATION
    assert len(asked) == 1


def test_a_secret_that_cannot_be_sent_shows_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*, params: oracledb.ConnectParams) -> None:
        "hunter\ud83d".encode()

    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    error = refusal(URL)
    assert (error.error_class, error.code) == (ErrorClass.PERMANENT, "address")
    assert "d83d" not in error.message
    assert "position" not in error.message


def test_a_connection_that_comes_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    connection, may_answer = Connection(), threading.Event()

    def connect(**parameters: Any) -> Connection:
        assert may_answer.wait(10)
        return connection

    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    url = "oracle://portal@late.example/sales"
    assert refusal(url, seconds=0.05).code == "no_answer"
    may_answer.set()
    until = time.monotonic() + 10
    while not connection.is_closed and time.monotonic() < until:
        time.sleep(0.01)
    assert connection.is_closed


def test_no_secret_shows_where_a_way_in_is_printed() -> None:
    door = sign_in.Door(PLATFORM.address(URL), SECRET)
    assert SECRET not in repr(door)
