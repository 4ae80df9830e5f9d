"""What takes long and differs little from what is always tried is tried with `run.py test --all` alone."""

from __future__ import annotations

import os

import pytest

IS_ALL = os.environ.get("PORTAL_TEST_ALL") == "1"
ALL = pytest.mark.skipif(not IS_ALL, reason="takes long: run.py test --all")
