"""A right of Oracle's as a line for SQL*Plus, which an administrator reads and runs in the container that is to be maintained. Pure."""

from __future__ import annotations

import re

from strategies.platforms.base import ObjectUnknown
from strategies.platforms.oracle.names import read_name
from strategies.platforms.oracle.rights import grant as granted
from strategies.platforms.queries import Right

PLATFORM_RIGHTS = (
    Right("CREATE SESSION", "signing in"),
    Right("ALTER SYSTEM", "cancelling and ending sessions of the portal's own whose worker is gone", is_optional=True),
)
FRAMEWORK_TABLES = ("PARTITION_STRATEGY_CONFIG", "PARTITION_MAINTENANCE_JOBS", "PARTITION_OPERATION_LOG")
FRAMEWORK_RIGHTS = tuple(
    Right(f"SELECT ON {table}", "reading the older framework for partitions") for table in FRAMEWORK_TABLES
)
PREAMBLE = (
    "SET DEFINE OFF",  # else SQL*Plus asks what to put in the place of an & in a name
    "REM An account that maintains its own schema alone needs none of the privileges with ANY.",
)
_PRIVILEGE = re.compile(r"(?:SELECT|READ|EXECUTE) ON [A-Z]+\.[A-Z0-9_$#]+|[A-Z]+(?: [A-Z]+)*")


def account(typed: str) -> str:
    """As Oracle reads it: `portal` is PORTAL, `"portal"` is what it says. Raises ValueError."""
    try:
        owner, name = read_name(typed)
    except ObjectUnknown:
        owner, name = None, ""
    if owner is not None or not name:
        raise ValueError(
            f"{typed} is no name of an account: write PORTAL, or a name that needs quotes within double quotes"
        )
    return name


def grant(privilege: str, account_name: str) -> str:
    """Raises ValueError for words that are no privilege, and for V$ names, which are synonyms that nothing can be granted on."""
    if privilege.removeprefix("SELECT ON ") in FRAMEWORK_TABLES:
        return f"REM The schema that owns it grants it: {granted(privilege, _of_one_line(account_name))}"
    if not _PRIVILEGE.fullmatch(privilege) or re.search(r"\.G?V\$", privilege):
        raise ValueError(f"{privilege} cannot be granted.")
    return granted(privilege, _of_one_line(account_name))


def _of_one_line(account_name: str) -> str:
    if "\n" in account_name or "\r" in account_name:
        raise ValueError("An account whose name has a line break is written into no script.")
    return account_name
