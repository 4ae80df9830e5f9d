"""DATABASE_URL in all its forms: what Django and the drivers are given, and what is refused without a password in the sentence."""

from __future__ import annotations

from typing import Any

import oracledb
import psycopg
import pytest
from django.db.utils import ConnectionHandler

from maintenance_portal.own_database import Refused, read


def parameters(entry: dict[str, Any]) -> oracledb.ConnectParams:
    """What the driver makes of Django's entry, as Django's backend hands it over."""
    found: oracledb.ConnectParams = oracledb.ConnectParams(
        user=entry["USER"], password=entry["PASSWORD"], **entry["OPTIONS"]
    )
    found.parse_connect_string(entry["NAME"])
    return found


@pytest.mark.parametrize(
    ("url", "user", "hosts", "ports", "service"),
    [
        ("oracle://u:p@db:1522/svc.example", "u", "db", 1522, "svc.example"),
        ("oracle://u:p@db/svc", "u", "db", 1521, "svc"),
        ("oracle://u:p@[2001:db8::5]:1521/svc", "u", "2001:db8::5", 1521, "svc"),
        ("oracle://u:p@one,two:1522/svc", "u", ["one", "two"], [1521, 1522], "svc"),
        ("oracle://portal[app_owner]:p@db/svc", "portal", "db", 1521, "svc"),
    ],
)
def test_an_oracle_is_reached_by_the_same_addresses_as_targets(
    url: str, user: str, hosts: Any, ports: Any, service: str
) -> None:
    found = parameters(read(url).entry)
    assert (found.user, found.host, found.port, found.service_name) == (user, hosts, ports, service)
    assert found.proxy_user == ("app_owner" if "app_owner" in url else None)


def test_an_oracle_over_tls_has_its_wallet_and_its_waits() -> None:
    url = "oracle://u@db:2484/svc?protocol=tcps&wallet_location=/w&ssl_server_dn_match=no&retry_count=4&retry_delay=3&expire_time=2"
    entry = read(url, password="p", wallet_password="of the wallet").entry
    found = parameters(entry)
    assert (found.protocol, found.wallet_location, found.ssl_server_dn_match) == ("tcps", "/w", False)
    assert (found.retry_count, found.retry_delay, found.expire_time, found.tcp_connect_timeout) == (4, 3, 2, 10)
    assert entry["OPTIONS"]["wallet_password"] == "of the wallet"


def test_an_alias_is_looked_up_in_its_folder(tmp_path: Any) -> None:
    (tmp_path / "tnsnames.ora").write_text(
        "portal_high = (DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=cloud)(PORT=1522))(CONNECT_DATA=(SERVICE_NAME=s)))"
    )
    found = parameters(read(f"oracle://u:p@/portal_high?config_dir={tmp_path}").entry)
    assert (found.host, found.port, found.protocol, found.service_name) == ("cloud", 1522, "tcps", "s")


def test_django_and_the_home_target_are_told_what_each_of_them_takes() -> None:
    own = read("oracle://u:p%2Fw@db/svc?edition=EE&licensed=partitioning&retry_count=3")
    wrapper: Any = ConnectionHandler({"default": own.entry})["default"]
    assert wrapper.get_connection_params() == {
        "tcp_connect_timeout": 10, "expire_time": 1, "retry_count": 3, "retry_delay": 1,
    }  # fmt: skip
    assert (own.entry["USER"], own.entry["PASSWORD"]) == ("u", "p/w")
    assert own.home == "oracle://u@db/svc?edition=EE&licensed=partitioning"
    assert own.stated == {"edition": "EE", "licensed": "partitioning"}
    assert "p/w" not in repr(own)


def test_a_postgresql_keeps_what_its_address_says_and_waits_for_nobody_without_end() -> None:
    url = "postgresql://u@db.example.org:5433/portal?sslmode=verify-full&connect_timeout=3&conn_max_age=0"
    entry = read(url, password="$ecret").entry
    wrapper: Any = ConnectionHandler({"default": entry})["default"]
    told = wrapper.get_connection_params()
    assert (told["user"], told["password"], told["host"], told["port"]) == ("u", "$ecret", "db.example.org", 5433)
    assert (told["sslmode"], told["connect_timeout"], told["tcp_user_timeout"]) == ("verify-full", 3, 120_000)
    assert (entry["CONN_MAX_AGE"], entry["CONN_HEALTH_CHECKS"]) == (0, True)
    psycopg.conninfo.make_conninfo(**{name: told[name] for name in ("connect_timeout", "keepalives_idle", "sslmode")})


def test_an_embedded_database_keeps_no_connection_between_pages() -> None:
    assert read("sqlite:////srv/a@b/portal.db").entry.get("CONN_MAX_AGE", 0) == 0


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mysql://u:s3cret@db/portal", "postgresql://user@host"),
        ("s3cret", "postgresql://user@host"),
        ("oracle://u:s3cret@db/svc?threaded=yes", "Unknown option threaded"),
        ("oracle://u:s3cret@db/svc?pool=true", "PORTAL_DATABASE_POOL"),
        ("oracle://u:s3cret@db/svc?retry_count=many", "retry_count is a whole number from 0 to 100"),
        ("oracle://u:s3cret@db/svc?expire_time=-1", "expire_time is a whole number"),
        ("oracle://u:s3cret@db/svc?protocol=tcps&wallet_password=s3cret", "DATABASE_WALLET_PASSWORD does"),
        ("oracle://u:s3cret@db/svc?wallet_location=/w", "wallet_location is for protocol=tcps"),
        ("oracle://u:s3cret@db/svc?licensed=partitioning", "licensed is only for edition=EE"),
        ("oracle://u:s3cret@/alias", "config_dir="),
        ("oracle://u:pa/s3cret@db/svc", "%2F"),
        ("oracle://u:pa?s3cret@db/svc", "%3F"),
        ("oracle://u:pa#s3cret@db/svc", "%23"),
        ("postgresql://u:pa/s3cret@db/portal", "%2F"),
        ("postgresql://u:pa?s3cret@db/portal", "%3F"),
        ("postgresql://u:12/s3cret@db/portal", "%2F"),
        ("postgresql://u@db:s3cret/portal", "cannot be read"),
        ("postgresql://u:s3cret@db/portal?pool=true", "PORTAL_DATABASE_POOL"),
        ("postgresql://u:s3cret@db/portal?sslmod=require", "unknown: sslmod"),
        ("postgresql://u@db/portal?password=s3cret", "unknown: password"),
        ("postgresql://u:s3cret@db", "names no database"),
    ],
)
def test_what_is_not_understood_is_refused_by_name_and_without_the_password(url: str, named: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(url)
    assert named in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "password", "of_wallet", "named"),
    [
        ("postgresql://u:p@db/portal", "s3cret", "", "both hold a password"),
        ("oracle://u:p@db/svc", "s3cret", "", "both hold a password"),
        ("sqlite:////portal.db", "s3cret", "", "no password"),
        ("postgresql://u@db/portal", "", "s3cret", "for an oracle://"),
        ("oracle://u:p@db/svc", "", "s3cret", "needs wallet_location="),
    ],
)
def test_a_password_beside_the_address_that_cannot_count_is_refused(
    url: str, password: str, of_wallet: str, named: str
) -> None:
    with pytest.raises(Refused, match=named) as refusal:
        read(url, password=password, wallet_password=of_wallet)
    assert "s3cret" not in str(refusal.value)
