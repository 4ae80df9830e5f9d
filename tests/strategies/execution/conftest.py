"""Real databases for whole runs: a SQLite file and a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from strategies.models import Target, Tenant
from tests.servers import RunningServer, newest_server, start_server


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """The newest PostgreSQL of this machine; where there must be one, its absence is a failure."""
    with start_server(newest_server()) as running:
        yield running


@pytest.fixture
def database(server: RunningServer) -> Iterator[str]:
    with server.database() as name:
        yield name


def registered(platform: str, url: str, name: str) -> Target:
    """A target that was just looked at, so that the gate lets runs in."""
    values: dict[str, Any] = {"platform": platform, "url": url, "checked_at": timezone.now()}
    return Target.objects.create(name=name, tenant=Tenant.objects.get(name="Main"), **values)
