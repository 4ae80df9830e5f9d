#!/usr/bin/env python3
"""Starts the portal on a machine that has nothing but Python; `python3 run.py --help` shows what else it does."""
# Old Pythons must be able to read this file, if only to be told that they are too old: nothing here is newer than 3.6.

import sys


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (this is for those who have an older one)
        sys.stderr.write(f"run.py: The portal needs Python 3.11 or newer; this one is {sys.version.split()[0]}.\n")
        return 2
    from maintenance_portal import launcher

    return launcher.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
