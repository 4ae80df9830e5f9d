"""An Oracle database that the portal knows."""

from __future__ import annotations

import pytest

from strategies import secrets, targets
from strategies.audit import Actor
from strategies.models import Target, Tenant
from strategies.targets import TargetValues
from tests.strategies.platforms.oracle.transport import URL

SECRET = "hunter2"


@pytest.fixture
def sales() -> Target:
    values = TargetValues(
        name="sales", platform="oracle", url=URL, tenant=Tenant.objects.get(name="Main"), secret=secrets.encrypt(SECRET)
    )
    return targets.register(Actor("anna"), values)
