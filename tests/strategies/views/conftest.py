"""Who looks at the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from strategies.models import Role
from tests.pages import Scene, scene


@pytest.fixture
def dba(person: Callable[..., Any]) -> Client:
    """A browser in which anna, a DBA, is signed in."""
    client = Client()
    client.force_login(person("anna", Role.DBA))
    return client


@pytest.fixture
def shop(db: None) -> Scene:
    return scene()
