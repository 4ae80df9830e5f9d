"""What every test stands on: settings that write nowhere but into a folder of this test run."""

from __future__ import annotations

import os
import tempfile

os.environ["PORTAL_DATA"] = tempfile.mkdtemp(prefix="portal-tests-")
os.environ.pop("DATABASE_URL", None)
