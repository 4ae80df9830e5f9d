"""Holds SQL and PL/SQL to Oracle's dictionary: views, columns, packages, parameters and privileges that do not exist are faults.

Names and types only, of 19c; tests/oracle/README.md says where they are from and how they are renewed. No server was asked.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it tells of statements that it keeps as they are

_FOLDER = Path(__file__).parent
_WHOLE = json.loads((_FOLDER / "dictionary.json").read_text(encoding="utf-8"))
VIEWS: Mapping[str, Any] = _WHOLE["views"]
PACKAGES: Mapping[str, Any] = _WHOLE["packages"]
SYSTEM_PRIVILEGES = frozenset((_FOLDER / "system_privileges.txt").read_text(encoding="utf-8").splitlines())

# Used although the manual of 19c hangs a footnote on it, or has no page for it. What is stated here must be in use.
STATED: Mapping[str, str] = {
    "DBMS_SPACE.ASA_RECOMMENDATIONS": "how the Segment Advisor's results are read since 10g; in the specification of 18c",
    "DBMS_SESSION.SLEEP": "in the specification since 18c, in place of DBMS_LOCK.SLEEP; every session may call it",
}

_OF_DICTIONARY = re.compile(
    r"(DBA|ALL|USER|CDB)_|G?V_?\$|(DUAL|DICTIONARY|DICT|RECYCLEBIN|INDEX_STATS|NLS_\w+|SESSION_\w+)$"
)
# What every session may read: its own, what it has rights on anyway, and what Oracle grants to PUBLIC.
_OPEN = re.compile(r"(ALL|USER)_\w+$|(DUAL|NLS_\w+_PARAMETERS|SESSION_PRIVS|SESSION_ROLES|RECYCLEBIN)$")
_PSEUDO = frozenset(
    "ROWNUM ROWID SYSDATE SYSTIMESTAMP USER UID LEVEL COLUMN_VALUE NULL CURRENT_DATE CURRENT_TIMESTAMP ORA_ROWSCN "
    "CONNECT_BY_ISLEAF LOCALTIMESTAMP SESSIONTIMEZONE DBTIMEZONE".split()
)
_CALL = re.compile(r"(?<![\w$#.\"])(?:SYS\.)?((?:DBMS|UTL)_\w+)\.(\w+)", re.IGNORECASE)
_REMARK_OR_TEXT = re.compile(r"--.*|'(?:[^']|'')*'")  # whichever begins first holds the other
_OBJECT_GRANT = re.compile(r"(SELECT|READ|EXECUTE) ON ([A-Z]+)\.([A-Z0-9_$#]+)")
# Constants and types of packages, which the dictionary does not list; these are named on the pages of 19c of
# DBMS_REPAIR.ONLINE_INDEX_CLEAN and UTL_FILE.FOPEN.
_CONSTANTS = frozenset(
    {"DBMS_REPAIR.LOCK_NOWAIT", "DBMS_REPAIR.LOCK_WAIT", "DBMS_REPAIR.ALL_INDEX_ID", "UTL_FILE.FILE_TYPE"}
)


def of_dictionary(name: str) -> str | None:
    """The view's name where it is one of the dictionary's, by the way it is written; `V_$SESSION` is V$SESSION."""
    plain = re.sub(r"^(G?V)_\$", r"\1$", name.upper())
    return _WHOLE["synonyms"].get(plain, plain) if _OF_DICTIONARY.match(plain) else None


def columns_of(view: str) -> frozenset[str] | None:
    found = VIEWS.get(view)
    return frozenset([*found["columns"], *found.get("also", [])]) if found else None


@cache
def faults(text: str) -> tuple[str, ...]:
    """Sentences on what a statement names and Oracle has not. Reading statements must be ones that can be resolved."""
    found = list(call_faults(text))
    if not re.match(r"[\s(]*(?:--.*\n\s*)*(SELECT|WITH)\b", text, re.IGNORECASE):
        return tuple(found)
    try:
        tree = sqlglot.parse_one(text, read="oracle")
        found += view_faults(tree)
        if not any(found):
            found += _column_faults(tree)
    except SqlglotError as error:
        found.append(f"its names cannot be resolved: {str(error).splitlines()[0]}")
    return tuple(dict.fromkeys(found))


def view_faults(tree: exp.Expression) -> Iterator[str]:
    for table in tree.find_all(exp.Table):
        name = of_dictionary(table.name)
        if name is None or name in VIEWS:
            continue
        if name in _WHOLE["no_gv_twin"]:
            yield f"there is no {name}: only {name[1:]} of the instance itself"
        elif name in _WHOLE["undocumented"]:
            yield from () if name in STATED else [f"{name} has no page in the manual; it must be stated in STATED"]
        else:
            yield f"there is no view {name}"


def _column_faults(tree: exp.Expression) -> Iterator[str]:
    for scope in traverse_scope(tree):
        for column in scope.columns:
            if column.find_ancestor(exp.Select, exp.SetOperation) is scope.expression:
                yield from _column_fault(column, scope)


def _column_fault(column: exp.Column, scope: Scope) -> Iterator[str]:
    name, prefix = column.name.upper(), column.table.upper()
    if name in _PSEUDO and not prefix:
        return
    if prefix in PACKAGES:
        return  # a function without arguments
    sources = _sources(scope)
    if prefix:
        known = sources.get(prefix, (prefix, frozenset()))
        looked_at = [known]
    else:
        looked_at = list(sources.values())
        aliases = {one.alias.upper() for one in scope.expression.expressions if isinstance(one, exp.Alias)}
        if name in aliases and column.find_ancestor(exp.Order) is not None:
            return
    if any(columns is None for _, columns in looked_at):
        return
    holders = [view for view, columns in looked_at if columns is not None and name in columns]
    if not holders:
        yield f"there is no column {'/'.join(view for view, _ in looked_at)}.{name}"
    for view in holders:
        footnoted = VIEWS.get(view, {}).get("footnoted", [])
        if name in footnoted and f"{view}.{name}" not in STATED:
            yield f"{view}.{name} is not in every 19c (the manual hangs a footnote on it); it must be stated in STATED"


def _sources(scope: Scope) -> dict[str, tuple[str, frozenset[str] | None]]:
    """Alias → name and columns (None = not known) of all that a column can be of here, those of outer queries behind."""
    found: dict[str, tuple[str, frozenset[str] | None]] = {}
    level: Scope | None = scope
    while level is not None:
        for alias, source in level.sources.items():
            found.setdefault(alias.upper(), _source(source))
        level = level.parent
    return found


def _source(source: exp.Expression | Scope) -> tuple[str, frozenset[str] | None]:
    if isinstance(source, exp.Table):
        name = of_dictionary(source.name)
        return (name, columns_of(name)) if name else (source.name, None)
    names = getattr(source.expression, "named_selects", None)
    if not names or "*" in names:
        return "a query", None
    return "a query", frozenset(name.upper() for name in names)


def call_faults(text: str) -> Iterator[str]:
    bare = _REMARK_OR_TEXT.sub(lambda found: "'" + "·" * (len(found[0]) - 2) + "'" if found[0][0] == "'" else "", text)
    for match in _CALL.finditer(bare):
        package, name = match[1].upper(), match[2].upper()
        full = f"{package}.{name}"
        if package not in PACKAGES:
            yield f"there is no package {package}"
        elif name not in PACKAGES[package]:
            if full not in _CONSTANTS:
                yield f"there is no {full}"
        elif PACKAGES[package][name].get("undocumented") and full not in STATED:
            yield f"{full} has no page in the manual; it must be stated in STATED"
        else:
            yield from _argument_faults(full, PACKAGES[package][name], bare[match.end() :])


def _argument_faults(full: str, call: Mapping[str, Any], behind: str) -> Iterator[str]:
    arguments = _arguments(behind)
    named = [found[1].upper() for one in arguments if (found := re.match(r"\s*(\w+)\s*=>", one))]
    for name in named:
        if name not in call["parameters"]:
            yield f"{full} has no parameter {name}"
        elif name in call.get("doubtful", []) and f"{full}.{name}" not in STATED:
            yield f"{full}: the parameter {name} is in the manual of 19c only; it must be stated in STATED"
    required = [name for name in call["parameters"] if name not in call.get("optional", [])]
    by_position = len(arguments) - len(named)
    missing = [name for name in required if name not in call["parameters"][:by_position] and name not in named]
    if missing and not call.get("varies"):
        yield f"{full} is called without {', '.join(missing)}"


def _arguments(behind: str) -> list[str]:
    """What stands in the parentheses that open here, by argument; none where no parenthesis does."""
    if not behind.lstrip().startswith("("):
        return []
    found, depth = [""], 0
    for letter in behind.lstrip():
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0:
            break
        if letter == "," and depth == 1:
            found.append("")
        elif not (letter == "(" and depth == 1):
            found[-1] += letter
    return found if any(one.strip() for one in found) else []


def grant_faults(grant: str) -> Iterator[str]:
    """What is wrong with a privilege as it stands in a header or among the rights of a concern."""
    match = _OBJECT_GRANT.fullmatch(grant)
    if match is None:
        if grant not in SYSTEM_PRIVILEGES:
            yield f"there is no privilege {grant}"
        return
    privilege, owner, name = match.groups()
    if owner != "SYS":
        yield f"{grant}: the dictionary is SYS's"
    if privilege == "EXECUTE":
        if name not in PACKAGES:
            yield f"{grant}: there is no package {name}"
    elif re.match(r"G?V\$", name):
        yield f"{grant}: {name} is a synonym, the grant is on {name.replace('V$', 'V_$', 1)}"
    else:
        view = re.sub(r"^(G?V)_\$", r"\1$", name)
        if view not in VIEWS and name not in _WHOLE["grant_on"].values():
            yield f"{grant}: there is no view {view}"
        elif _WHOLE["grant_on"].get(view, name) != name:
            yield f"{grant}: the grant is on {_WHOLE['grant_on'][view]}"


def needed_grants(sql: str) -> frozenset[str]:
    """The grants on objects of SYS without which a reading statement is refused."""
    tree = sqlglot.parse_one(sql, read="oracle")
    views = {name for table in tree.find_all(exp.Table) if (name := of_dictionary(table.name))}
    read = {f"SELECT ON SYS.{_granted(view)}" for view in views if not _OPEN.match(view)}
    return frozenset(read | {f"EXECUTE ON SYS.{match[1].upper()}" for match in _CALL.finditer(sql)})


def _granted(view: str) -> str:
    return str(_WHOLE["grant_on"].get(view, re.sub(r"^(G?V)\$", r"\1_$", view)))


def header_faults(sql: str, needs: str) -> Iterator[str]:
    """Where the grants that a header names and the objects that its statement reads differ."""
    granted = [grant.strip() for grant in needs.split(",")]
    for grant in granted:
        yield from grant_faults(grant)
    on_objects, needed = {grant for grant in granted if " ON " in grant}, needed_grants(sql)
    yield from (f"it reads what no grant is named for: {grant}" for grant in sorted(needed - on_objects))
    yield from (f"it names a grant and does not read that: {grant}" for grant in sorted(on_objects - needed))
