"""Loaded before Django's settings are read: everything that tests write goes into a folder of this test run."""

import atexit
import os
import shutil
import signal
import tempfile

from tests import memory

memory.use()
folder = os.environ["PORTAL_DATA"] = tempfile.mkdtemp(prefix="portal-tests-")
owner = os.getpid()


@atexit.register
def clear() -> None:
    if os.getpid() == owner:  # not for a child that was forked
        shutil.rmtree(folder, ignore_errors=True)


if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # started in the background of a shell; children would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.pop("DATABASE_URL", None)
if portal_database := os.environ.get("PORTAL_TEST_DATABASE_URL"):  # the portal's own tables on another product
    os.environ["DATABASE_URL"] = portal_database
