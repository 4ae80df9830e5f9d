"""Installs the locked Node packages that tests stand on, once, where Node and npm are there. Standard library only."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

_LEFT_OUT = "the tests do not hold statements for Oracle to its grammar."


def install(folder: Path, *, say: Callable[[str], None]) -> bool:
    """What `package-lock.json` in this folder names, into its `node_modules`, unless that is done; False = the tests go without.

    No package's own scripts are run.
    """
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        say(f"Note: no Node with npm on this machine; {_LEFT_OUT}")
        return False
    say("Installing the grammar of Oracle's SQL for the tests (only this once) ...")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:  # noqa: S603 (our own command)
        say(f"Note: it could not be installed, what npm said stands above; {_LEFT_OUT}")
        return False
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted)
    return True
