from __future__ import annotations

from typing import Any

import pytest

from strategies.platforms.base import AddressRefused
from strategies.platforms.oracle.address import easy_connect, hosts_of, read_address


@pytest.mark.parametrize(
    ("url", "expected", "given"),
    [
        ("oracle://anna@db.example:1522/sales", ("db.example", 1522, "anna", "sales"), "tcp://db.example:1522/sales"),
        ("ORACLE://anna@db/sales", ("db", 1521, "anna", "sales"), "tcp://db:1521/sales"),
        ("oracle://anna@[::1]:1522/s.example.com", ("::1", 1522, "anna", "s.example.com"), "tcp://[::1]:1522/s.example.com"),
        ("oracle://portal[app_owner]@db/sales", ("db", 1521, "portal[app_owner]", "sales"), "tcp://db:1521/sales"),
        ("oracle://portal%5Bapp_owner%5D@db/sales", ("db", 1521, "portal[app_owner]", "sales"), None),
        (
            "oracle://anna@one,two:1522/sales?protocol=tcps&ssl_server_dn_match=No",
            ("one,two:1522", None, "anna", "sales"), "tcps://one:1521,two:1522/sales",
        ),
        ("oracle://anna@/prod_high?config_dir=/srv/tns", ("", None, "anna", "prod_high"), "prod_high"),
        ("oracle://C%23%23PORTAL@db/sales", ("db", 1521, "C##PORTAL", "sales"), None),
        ("oracle://%22Portal%20user%22@db/sales", ("db", 1521, '"Portal user"', "sales"), None),
    ],
)  # fmt: skip
def test_an_address_is_read_and_written_as_one_text(url: str, expected: tuple[Any, ...], given: str | None) -> None:
    address = read_address(url)
    assert (address.host, address.port, address.user, address.database) == expected
    assert read_address(address.url) == address
    assert given is None or easy_connect(address) == given


def test_several_hosts_are_told_apart() -> None:
    assert [host.text for host in hosts_of(read_address("oracle://a@one,[fe80::1]:1522/s"))] == ["one", "[fe80::1]"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("oracle://anna:hunter2@db/sales", "must not contain a password"),
        ("oracle://anna/hunter2@db/sales", "must not contain a password"),
        ("oracle://anna:@db/sales", "must not contain a password"),
        ("oracle://anna@db/sales?password=hunter2", "must not contain a password"),
        ("oracle://anna@db/sales?wallet_password=hunter2", "second line of the secret"),
        ("oracle://db/sales", "names the account"),
        ("oracle://@db/sales", "names the account"),
        ("oracle://a[b@db/sales", "names the account"),
        ("oracle://a[]@db/sales", "names the account"),
        ("oracle://anna@db", "name of one service"),
        ("oracle://anna@db/", "name of one service"),
        ("oracle://anna@db/a/b", "name of one service"),
        ("oracle://anna@db/a)(b=c", "name of one service"),
        ("oracle://anna@db/a%20b", "name of one service"),
        ("oracle://anna@db/sales#x", "name of one service"),
        ("oracle://anna@db:port/sales", "its port a number"),
        ("oracle://anna@db:99999/sales", "its port a number"),
        ("oracle://anna@db:0/sales", "its port a number"),
        ("oracle://anna@one,/sales", "cannot be read"),
        ("oracle://anna@(address=x)/sales", "cannot be read"),
        ("oracle://anna@[::1/sales", "cannot be read"),
        ("postgresql://anna@db/sales", "begins with oracle://"),
        ("anna@db/sales", "begins with oracle://"),
        ("oracle://anna@db/sales?retry_count=3", "a sign-in is tried once"),
        ("oracle://anna@db/sales?retry_delay=3", "a sign-in is tried once"),
        ("oracle://anna@db/sales?colour=red", "Unknown option colour"),
        ("oracle://anna@db/sales?protocol=udp", "tcp or tcps"),
        ("oracle://anna@db/sales?wallet_location=/w", "is for protocol=tcps"),
        ("oracle://anna@db/sales?protocol=tcps&wallet_location=w", "absolute path"),
        ("oracle://anna@db/sales?protocol=tcps&ssl_server_dn_match=maybe", "on or off"),
        ("oracle://anna@db/sales?protocol=tcps&https_proxy_port=x", "https_proxy_port is a number"),
        ("oracle://anna@/prod", "config_dir= names the folder"),
        ("oracle://anna@/prod?config_dir=tns", "absolute path"),
        ("oracle://anna@/prod?config_dir=/tns&protocol=tcps", "stands in tnsnames.ora"),
        ("oracle://anna@db/sales?edition=XE", "edition is one of"),
        ("oracle://anna@db/sales?licensed=partitioning", "only for edition=EE"),
        ("oracle://anna@db/sales?edition=EE&licensed=magic", "licensed names magic"),
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence_and_without_the_secret(url: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why) as refusal:
        read_address(url)
    assert "hunter2" not in str(refusal.value)
