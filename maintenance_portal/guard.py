"""Runs a foreign program that knows nothing of its parent: `python -m maintenance_portal.guard [options] COMMAND ...`.

When the portal ends, however that happens, the program is asked to end, and killed where it does not. Standard library only.
"""

from __future__ import annotations

import argparse
import pwd
import signal
import subprocess
import sys
from typing import Any

from maintenance_portal import processes


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="guard")
    parser.add_argument("--signal", default="SIGTERM", help="what asks the program to end")
    parser.add_argument("--grace", type=float, default=10, help="seconds until it is killed")
    parser.add_argument("--user", help="run it as this account (when started by root)")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    stop = processes.Flag()
    processes.lead_group()
    processes.stop_on_signals(stop)
    processes.watch_parent(stop.set)
    program = subprocess.Popen(  # noqa: S603 (what it is there for)
        options.command, stdin=subprocess.DEVNULL, cwd="/", **_account(options.user)
    )
    while program.poll() is None and not stop.wait(0.2):
        pass
    if program.poll() is None:
        program.send_signal(signal.Signals[options.signal])
        try:
            program.wait(options.grace)
        except subprocess.TimeoutExpired:
            processes.end_own_group()
    return program.returncode if program.returncode >= 0 else 128 - program.returncode


def _account(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
