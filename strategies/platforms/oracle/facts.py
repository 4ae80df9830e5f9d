"""What a database says of itself, one question after the other, so that a right that is missing hides only its own answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strategies.plans import Facts
from strategies.platforms.base import PlatformError, Row, Session
from strategies.platforms.oracle.errors import is_hidden
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.stated import Stated

PARTS = (
    "session", "instance", "banner", "database", "container", "options", "character_set", "size", "account", "packages", "own_log",
)  # fmt: skip
PACKAGE = "_PKG"  # how the name of a package ends that implements a strategy
_OPEN = "READ WRITE"
Seen = dict[str, list[Row] | str]


def of(session: Session, stated: Stated, version: tuple[int, ...], sign_in_warning: str = "") -> Facts:
    """Ask everything and tell it. Raises PlatformError, but not for what the account may not see."""
    return told({part: see(session, f"facts_{part}") for part in PARTS}, stated, version, sign_in_warning)


def see(session: Session, query: str) -> list[Row] | str:
    """The rows, or the sentence that tells which right is missing. Raises PlatformError for anything else."""
    asked = oracle_query(query)
    try:
        return session.rows(asked)
    except PlatformError as refusal:
        if not is_hidden(refusal.error):
            raise
        return f"no right to see it (needs {asked.needs})"


def told(seen: Seen, stated: Stated, version: tuple[int, ...], sign_in_warning: str = "") -> Facts:
    """The facts from what was seen, by part. Pure."""
    own = _row(seen, "session")
    return Facts(
        product="Oracle Database",
        version=str(_value(seen, "instance", "version_full") or ".".join(map(str, version))),
        version_number=number(version),
        database=str(own["container"]),
        role=str(own["database_role"] or "unknown").lower(),
        user=str(own["account"]),
        is_writable=is_writable(seen),
        size_bytes=_value(seen, "size", "size_bytes"),
        details=_details(seen, stated, sign_in_warning),
        packages=packages(seen),
        has_own_log=bool(_row(seen, "own_log")),
    )


def packages(seen: Seen, *, also_invalid: bool = False) -> dict[str, str]:
    """Strategy → OWNER.PACKAGE, of valid ones. The account's own schema goes first, also where its package does not compile now;
    one that only others have, and several of them, is not chosen.
    """
    found: dict[str, list[str]] = {}
    own = set()
    for row in _rows(seen, "packages"):
        strategy = str(row["package_name"]).removesuffix(PACKAGE)
        if strategy in own:
            continue
        own |= {strategy} if row["is_own"] else set()
        if row["status"] == "VALID" or also_invalid:
            found.setdefault(strategy, []).append(f"{row['owner']}.{row['package_name']}")
    return {strategy: names[0] for strategy, names in sorted(found.items()) if len(names) == 1}


def number(version: tuple[int, ...]) -> int:
    """Comparable: 19.22 is 192200, 23.26.1 is 232601."""
    major, update, patch = (*version, 0, 0, 0)[:3]
    return major * 10_000 + update * 100 + patch


def is_writable(seen: Seen) -> bool:
    """By the open modes of the database and of the pluggable one; where neither can be seen, by the role. Pure."""
    modes = [mode for part in ("database", "container") if (mode := _value(seen, part, "open_mode")) is not None]
    if not modes:
        return _row(seen, "session").get("database_role") != "PHYSICAL STANDBY"
    return all(mode == _OPEN for mode in modes)


def _details(seen: Seen, stated: Stated, sign_in_warning: str) -> dict[str, str]:
    own = _row(seen, "session")
    found = {
        "Edition": stated.words,
        "Calls itself": _said(seen, "banner", "banner"),
        "Container": _container(str(own["container_id"]), str(own["container"])),
        "Unique name": str(own["unique_name"]),
        "Service": str(own["service"]),
        "Instance": f"{own['instance']} on {own['host']}",
        "Started": _said(seen, "instance", "startup_time"),
        "Open mode": _open_mode(seen),
        "Archives its logs": _said(seen, "database", "log_mode", {"ARCHIVELOG": "yes", "NOARCHIVELOG": "no"}),
        "Flashback": _said(seen, "database", "flashback_on", {"YES": "yes", "NO": "no"}),
        "Options linked in": _options(seen["options"]),
        "Character set": _said(seen, "character_set", "character_set"),
        "Data files": seen["size"] if isinstance(seen["size"], str) else "",
        "Schema": str(own["schema_name"]),
        "Signed in through": str(own["proxy_account"] or ""),
        "Password expires": _expiry(seen),
        "Strategies in packages": _packages(seen),
        "At sign-in": sign_in_warning,
    }
    return {label: text for label, text in found.items() if text}


def _container(number_text: str, name: str) -> str:
    """`CON_ID` is 0 in a database that is no container, 1 in the root of one (SYS_CONTEXT, USERENV)."""
    kinds = {"0": "none: a database of its own", "1": "the root of a container database"}
    return kinds.get(number_text, f"{name}, a pluggable database")


def _open_mode(seen: Seen) -> str:
    mode = _value(seen, "container", "open_mode") or _value(seen, "database", "open_mode")
    if mode is None:
        return _said(seen, "database", "open_mode")
    is_restricted = (
        _value(seen, "container", "restricted") == "YES" or _value(seen, "instance", "logins") == "RESTRICTED"
    )
    return f"{str(mode).lower()}{', restricted to accounts with RESTRICTED SESSION' if is_restricted else ''}"


def _options(seen: list[Row] | str) -> str:
    return seen if isinstance(seen, str) else ", ".join(str(row["name"]) for row in seen) or "none of those looked for"


def _packages(seen: Seen) -> str:
    chosen, rows = packages(seen), _rows(seen, "packages")
    invalid = sorted(f"{row['owner']}.{row['package_name']} (invalid)" for row in rows if row["status"] != "VALID")
    names = {str(row["package_name"]).removesuffix(PACKAGE) for row in rows if row["status"] == "VALID"}
    several = [f"{name}{PACKAGE} (in several schemas, so none is chosen)" for name in sorted(names - chosen.keys())]
    return ", ".join([*chosen.values(), *several, *invalid])


def _expiry(seen: Seen) -> str:
    expires = _value(seen, "account", "expiry_date")
    return "" if expires is None else _text(expires)


def _rows(seen: Seen, part: str) -> list[Row]:
    rows = seen.get(part, [])
    return rows if isinstance(rows, list) else []


def _row(seen: Seen, part: str) -> Row:
    rows = _rows(seen, part)
    return rows[0] if rows else {}


def _value(seen: Seen, part: str, column: str) -> Any:
    return _row(seen, part).get(column)


def _said(seen: Seen, part: str, column: str, words: Mapping[str, str] | None = None) -> str:
    """The value as text, in `words` where they have it, or why there is none."""
    rows = seen[part]
    if isinstance(rows, str):
        return rows
    value = _value(seen, part, column)
    return "not told" if value is None else (words or {}).get(str(value), _text(value))


def _text(value: object) -> str:
    return (
        f"{value:%Y-%m-%d %H:%M} by the clock of the server"
        if isinstance(value, datetime)
        else " ".join(str(value).split())
    )
