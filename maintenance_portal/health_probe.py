"""Asks the portal of this machine for `/health/`, for a container's own health check: ends with 0 where all is well."""

from __future__ import annotations

import http.client
import json
import os
import sys

PORT = 8000
WAIT_SECONDS = 10.0


def main(port: int = PORT) -> int:
    try:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        asked.request("GET", "/health/", headers={"Host": _host()})
        answer = asked.getresponse()
        said = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as trouble:
        print(f"No answer: {type(trouble).__name__}.")  # noqa: T201
        return 1
    print(said["problem"] or "All is well.")  # noqa: T201
    return 0 if said["ok"] else 1


def _host() -> str:
    """A name that the portal answers to: the first of PORTAL_ALLOWED_HOSTS."""
    name = os.environ.get("PORTAL_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return name if name and name != "*" else "localhost"


if __name__ == "__main__":
    sys.exit(main())
