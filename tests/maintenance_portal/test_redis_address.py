"""Addresses of Redis servers are read as people write them; what is wrong is said without the password."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from maintenance_portal import redis_address
from tests.installed import ROOT, environment

READ: dict[str, dict[str, Any]] = {
    "": {},
    "redis://cache": {"host": "cache", "port": 6379, "db": 0},
    "redis://cache.example.org:6380/4": {"host": "cache.example.org", "port": 6380, "db": 4},
    "redis://:p%40ss@[2001:db8::5]": {"host": "2001:db8::5", "port": 6379, "db": 0, "password": "p@ss"},
    "redis://portal:secret@cache/": {"host": "cache", "port": 6379, "db": 0, "username": "portal", "password": "secret"},
    "rediss://cache?ssl_ca_certs=/etc/ca.pem": {
        "host": "cache", "port": 6379, "db": 0, "ssl": True, "ssl_ca_certs": "/etc/ca.pem",
    },
    "unix://:secret@/run/redis.sock?db=2": {"unix_socket_path": "/run/redis.sock", "db": 2, "password": "secret"},
}  # fmt: skip
REFUSED = {
    "http://:s3cret@cache": "it begins with none of redis://, rediss:// and unix://.",
    "redis://:s3cret@": "it names no server.",
    "unix://s3cret@": "it names no server.",
    "redis://:s3cret@cache:port": "it is no address.",
    "redis://:s3cret@cache/first": "it ends in something else than the number of a database.",
    "redis://cache?password=s3cret": "it has options that are not known",
    "redis://:s3cret#1@cache": "it is no address.",
}


@pytest.mark.parametrize("text", READ)
def test_an_address_is_read(text: str) -> None:
    assert redis_address.read(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_wrong_is_said_without_the_password(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(REFUSED[text])}") as refusal:
        redis_address.read(text)
    assert "s3cret" not in str(refusal.value)


def test_the_start_names_the_setting_and_the_reason(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"], capture_output=True, text=True, check=False,
        env=environment(tmp_path / "data", PORTAL_REDIS_URL="http://:s3cret@cache"),
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr == (
        "A setting is wrong: the value of PORTAL_REDIS_URL cannot be read: it begins with none of redis://, rediss:// and unix://.\n"
    )
