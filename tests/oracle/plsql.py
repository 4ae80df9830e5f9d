"""Holds PL/SQL to what a compiler would know beside the grammar: names of variables, fields, columns, tables, subprograms, parameters.

It reads texts written as the project writes them: parameters begin with p_, variables with v_, constants with c_, what a package
keeps with g_; loops over rows name their columns; tables in SQL have an alias.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.oracle import dictionary, grammar

Tables = Mapping[str, frozenset[str]]  # our own, in capitals: table → columns

_OWN_NAME = re.compile(r"(?<![\w.:$'])([pvcg]_\w+)(?:\.(\w+))?", re.IGNORECASE)
_UNIT = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?P<kind>PACKAGE\s+BODY|PACKAGE|PROCEDURE|FUNCTION)\s+(?P<name>\w+)", re.IGNORECASE
)
_SUBPROGRAM = re.compile(r"^\s*(?P<kind>PROCEDURE|FUNCTION)\s+(?P<name>\w+)", re.IGNORECASE | re.MULTILINE)
_SQL = re.compile(
    r"(?:(?<=;)|\bBEGIN\b|\bLOOP\b|\bTHEN\b|\bELSE\b|\bIN\s*\(|\bFOR\b|\bDECLARE\b)\s*(?P<sql>(?:SELECT|INSERT\s+INTO|UPDATE|DELETE|MERGE)\b)",
    re.IGNORECASE,
)
_OWNER_IS_CALLER = re.compile(r"\b(?:ownname|owner)\s*=>?\s*USER\b", re.IGNORECASE)
_CALL = re.compile(r"(?<![\w.$])(\w+)\.(\w+)\s*(?=\()")


def bare(text: str) -> str:
    """The same text, as long as it was, without remarks and without what stands in strings."""
    blank = lambda found: re.sub(r"[^\n]", " ", found[0])  # noqa: E731
    text = re.sub(
        r"--[^\n]*|'(?:[^']|'')*'",
        lambda found: blank(found) if found[0].startswith("--") else "'" + re.sub(r"[^\n]", " ", found[0][1:-1]) + "'",
        text,
    )
    return re.sub(r"/\*.*?\*/", blank, text, flags=re.DOTALL)


@dataclass(frozen=True)
class Signature:
    """A subprogram as others call it: its parameters in order, and those that may be left out."""

    name: str
    kind: str
    parameters: tuple[str, ...]
    optional: frozenset[str]
    untyped: tuple[str, ...]
    text: str


@dataclass
class Package:
    """What a specification declares, or what a body does."""

    name: str
    subprograms: dict[str, Signature] = field(default_factory=dict)
    records: dict[str, frozenset[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def package(text: str) -> Package:
    """Of a specification or a body: its subprograms, record types and own names."""
    unit = _UNIT.search(text)
    assert unit is not None
    plain = bare(text)
    found = Package(unit["name"].upper())
    for match in _SUBPROGRAM.finditer(plain):
        signature = _signature(plain, match)
        found.subprograms.setdefault(signature.name, signature)
    found.records = _records(text)
    head = plain[: match.start()] if (match := _SUBPROGRAM.search(plain)) else plain
    found.names = {name.upper() for name in re.findall(r"^\s*([cg]_\w+)\s", head, re.M | re.I)}
    return found


def _signature(plain: str, match: re.Match[str]) -> Signature:
    end = _closing(plain, match.end()) if plain[match.end() :].lstrip().startswith("(") else match.end()
    listed = plain[match.end() : end].strip()[1:-1]
    parameters = [part.split() for part in _split(listed)]
    optional = frozenset(part[0].upper() for part in parameters if "DEFAULT" in part or ":=" in part)
    names = tuple(part[0].upper() for part in parameters)
    tail = re.match(r"\s*RETURN\s+[\w.%]+(\s+PIPELINED)?", plain[end:], re.IGNORECASE)
    words = " ".join((plain[match.start() : end] + (tail[0] if tail else "")).upper().split())
    untyped = tuple(part[0].upper() for part in parameters if _has_no_type(part[1:]))
    return Signature(match["name"].upper(), match["kind"].upper(), names, optional, untyped, words)


def _has_no_type(words: list[str]) -> bool:
    left = [word for word in words if word.upper() not in ("IN", "OUT", "NOCOPY")]
    return not left or left[0].upper() in ("DEFAULT", ":=")


def _closing(plain: str, start: int) -> int:
    depth = 0
    for at in range(start, len(plain)):
        depth += {"(": 1, ")": -1}.get(plain[at], 0)
        if depth == 0 and plain[at] == ")":
            return at + 1
    raise ValueError("a parenthesis is left open")


def _split(listed: str) -> list[str]:
    """By the commas that stand in no parentheses."""
    found, depth = [""], 0
    for letter in listed:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [part for part in found if part.strip()]


@dataclass(frozen=True)
class Region:
    """A subprogram with its text, or a whole block."""

    name: str
    text: str
    parameters: tuple[str, ...] = ()


def regions(text: str) -> list[Region]:
    """The subprograms of a body; a block or a trigger is one."""
    plain = bare(text)
    found, at = [], 0
    while (match := _SUBPROGRAM.search(plain, at)) is not None:
        signature = _signature(plain, match)
        end = re.compile(rf"\bEND\s+{match['name']}\s*;", re.IGNORECASE).search(plain, match.end())
        if end is None:
            at = match.end()
            continue
        found.append(Region(signature.name, text[match.start() : end.end()], signature.parameters))
        at = end.end()
    return found or [Region("", text)]


def pieces(text: str) -> list[str]:
    """The same in shorter texts: of a body what it declares, and each subprogram; of a block of rows one of each form."""
    if re.match(r"(DECLARE|BEGIN)\b", text):
        return [_without_repetition(text)]
    unit = _UNIT.search(text)
    if unit is None or "BODY" not in unit["kind"].upper():
        return [text]
    begin, end = f"{unit[0]} AS\n", f"\nEND {unit['name']};"
    head, rest, found = "", text, list[str]()
    for region in regions(text):
        between, _, rest = rest.partition(region.text)
        head = head or between + end
        if found and bare(between).strip():
            return [text]  # a declaration between two of them
        found.append(begin + region.text + end)
    is_whole = bare(rest).split() == end.split()
    return [head, *found] if is_whole and len(found) > 1 else [text]


def _without_repetition(block: str) -> str:
    kept, shapes = [], set()
    for statement in re.split(r"(?<=;)\n", block):
        shape = grammar.shape(statement)
        if not re.match(r"\s*(INSERT INTO|v_text := v_text)\b", statement) or shape not in shapes:
            kept.append(statement)
        shapes.add(shape)
    return "\n".join(kept)


def embedded(text: str) -> Iterator[str]:
    """The statements of SQL that stand in a text of PL/SQL, as SQL: without INTO, and with binds for what is PL/SQL's."""
    plain = bare(text)
    for match in _SQL.finditer(plain):
        start, depth, at = match.start("sql"), 0, match.start("sql")
        while at < len(plain):
            depth += {"(": 1, ")": -1}.get(plain[at], 0)
            if depth < 0 or (plain[at] == ";" and depth == 0):
                break
            at += 1
        yield _as_sql(text[start:at])


def _as_sql(sql: str) -> str:
    sql = re.sub(r"--[^\n]*", "", sql)
    sql = re.sub(r"\bRETURNING\s+\w+\s+INTO\s+[\w., ]+$", "", sql.strip(), flags=re.IGNORECASE)
    if re.match(r"SELECT\b", sql, re.IGNORECASE):
        sql = re.sub(r"\bINTO\s+[\w.]+(?:\s*,\s*[\w.]+)*(?=\s+FROM\b)", "", sql, count=1, flags=re.IGNORECASE)
    sql = re.sub(
        r"'(?:[^']|'')*'|(?<![\w.:$])[pvcg]_\w+(?:\.\w+)?", lambda m: m[0] if m[0][0] == "'" else ":b", sql, flags=re.I
    )
    sql = re.sub(r"\bTABLE\s*\(\s*[\w.]+(?:\([^()]*\))?\s*\)", "a_table_function", sql, flags=re.IGNORECASE)
    return re.sub(r"\bSYS_CONTEXT\(", "SYS_CONTEXT_(", sql, flags=re.IGNORECASE)


def sql_faults(sql: str, tables: Tables) -> Iterator[str]:
    """What a statement of SQL names of our tables, or of the dictionary, and that is not there."""
    try:
        tree = sqlglot.parse_one(sql, read="oracle")
    except SqlglotError as error:
        yield f"its names cannot be resolved: {str(error).splitlines()[0]}"
        return
    aliases = {table.alias_or_name.upper(): table.name.upper() for table in tree.find_all(exp.Table)}
    derived = {found.alias.upper() for found in tree.find_all(exp.Subquery) if found.alias}
    for table in tree.find_all(exp.Table):
        name = table.name.upper()
        if name not in tables and dictionary.of_dictionary(name) is None and name != "A_TABLE_FUNCTION":
            yield f"there is no table {name}"
    yield from dictionary.view_faults(tree)
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
        name = tree.this.this.name.upper()
        for column in tree.this.expressions:
            if column.name.upper() not in tables.get(name, {column.name.upper()}):
                yield f"there is no column {name}.{column.name.upper()}"
    for column in tree.find_all(exp.Column):
        prefix, name = column.table.upper(), column.name.upper()
        if not prefix or prefix in derived or prefix not in aliases:
            if prefix and prefix not in derived and prefix not in aliases and prefix not in dictionary.PACKAGES:
                yield f"{prefix}.{name} is of no table of the statement"
            continue
        known = tables.get(aliases[prefix]) or dictionary.columns_of(dictionary.of_dictionary(aliases[prefix]) or "")
        if known is not None and name not in known and name not in ("ROWID", "ROWNUM"):
            yield f"there is no column {aliases[prefix]}.{name}"


def faults(text: str, packages: Mapping[str, Package], tables: Tables) -> list[str]:
    """Of one statement of a script, whatever it is. `packages` are the specifications by name, in capitals."""
    found = list(dictionary.call_faults(text))
    unit = _UNIT.search(text)
    if re.match(r"\s*(CREATE\s+(TABLE|INDEX|SEQUENCE)|COMMENT|ALTER|DROP|GRANT)\b", text, re.IGNORECASE):
        return found
    if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b", text, re.IGNORECASE):
        return [*found, *_own_calls(text, packages, None), *sql_faults(_as_sql(text), tables)]
    own = packages.get(unit["name"].upper()) if unit is not None else None
    if unit is not None and unit["kind"].upper().startswith("PACKAGE"):
        found += [
            f"{name}: {one} has no type" for name, called in package(text).subprograms.items() for one in called.untyped
        ]
    if unit is not None and unit["kind"].upper() == "PACKAGE":
        return found
    body = package(text) if unit is not None and "BODY" in unit["kind"].upper() else None
    if body is not None and own is not None:
        found += _unlike_specification(own, body)
    inside = {name for name in (body.subprograms if body else {}) if own is None or name not in own.subprograms}
    for region in regions(text):
        found += [
            f"{region.name}: {fault}" if region.name else fault for fault in _region_faults(region, own, body, packages)
        ]
        for sql in embedded(region.text):
            found += [f"{region.name}: {fault}" for fault in sql_faults(sql, tables)]
            found += [f"{region.name}: {name} is not declared in the specification, so no SQL may call it"
                      for name in inside if re.search(rf"(?<![\w.]){name}\s*\(", bare(sql), re.I)]  # fmt: skip
    return found


def _unlike_specification(own: Package, body: Package) -> Iterator[str]:
    for name, signature in own.subprograms.items():
        if name not in body.subprograms:
            yield f"the body has no {name}"
        elif body.subprograms[name].text != signature.text:
            yield f"{name} is declared otherwise in the specification"


def _region_faults(
    region: Region, own: Package | None, body: Package | None, packages: Mapping[str, Package]
) -> Iterator[str]:
    plain = bare(region.text)
    known = set(region.parameters) | (body.names if body else set()) | (own.names if own else set())
    known |= {name.upper() for name in re.findall(r"^\s*([vc]_\w+)\s", plain, re.M | re.I)}
    typed = {
        name.upper(): kind.upper() for name, kind in re.findall(r"^\s*(v_\w+)\s+(\w+)\s*(?:;|:=)", plain, re.M | re.I)
    }
    records = {**(own.records if own else {}), **(body.records if body else {}), **_records(region.text)}
    for match in _OWN_NAME.finditer(plain):
        name, of = match[1].upper(), (match[2] or "").upper()
        if name not in known and not plain[match.end() :].lstrip().startswith("=>"):
            yield f"{name} is not declared"
        kind = typed.get(name, "")
        fields = records.get(kind) or (kind.startswith("JSON_") and dictionary.PACKAGES.get(kind)) or None
        if of and fields is not None and of not in fields:
            yield f"{name} has no {of}"
    if _OWNER_IS_CALLER.search(region.text):
        yield "USER is whoever calls the package, not the owner of it"
    yield from _loop_faults(region.text)
    yield from _own_calls(region.text, packages, body)
    if (
        "AUTONOMOUS_TRANSACTION" in plain.upper()
        and "COMMIT" not in plain.upper()
        and "EXECUTE IMMEDIATE" not in plain.upper()
    ):
        yield "an autonomous transaction ends with COMMIT"


def _records(text: str) -> dict[str, frozenset[str]]:
    return {
        name.upper(): frozenset(part.split()[0].upper() for part in fields.split(",") if part.split())
        for name, fields in re.findall(r"TYPE\s+(\w+)\s+IS\s+RECORD\s*\((.*?)\);", bare(text), re.S | re.I)
    }


def _loop_faults(text: str) -> Iterator[str]:
    """What is asked of a row that its query does not give."""
    plain = bare(text)
    for match in re.finditer(r"\bFOR\s+(\w+)\s+IN\s*\(\s*(?=SELECT\b)", plain, re.IGNORECASE):
        end = _closing(
            plain, match.end() - len(plain[match.start() : match.end()]) + plain[match.start() : match.end()].index("(")
        )
        try:
            tree = sqlglot.parse_one(_as_sql(text[match.end() : end - 1]), read="oracle")
        except SqlglotError:
            continue  # told elsewhere
        given = {name.upper() for name in tree.named_selects}
        stop = re.compile(r"\bEND\s+LOOP\b", re.IGNORECASE).search(plain, end)
        for found in re.findall(
            rf"(?<![\w.]){match[1]}\.(\w+)", plain[end : stop.start() if stop else None], re.IGNORECASE
        ):
            if found.upper() not in given:
                yield f"the rows of {match[1]} have no {found.upper()}"


def _own_calls(text: str, packages: Mapping[str, Package], body: Package | None) -> Iterator[str]:
    """Calls of our packages, and within one: they are there, and get what they need."""
    plain = bare(text)
    for match in _CALL.finditer(plain):
        if (called := packages.get(match[1].upper())) is not None:
            yield from _call_faults(called, match[2].upper(), plain[match.end() :])
    for name in body.subprograms if body else ():
        for match in re.finditer(rf"(?<![\w.]){name}\s*(?=\()", plain, re.IGNORECASE):
            if body is not None and not re.search(r"\b(PROCEDURE|FUNCTION)\s+$", plain[: match.start()], re.IGNORECASE):
                yield from _call_faults(body, name, plain[match.end() :])
    for name in re.findall(r"\b(generic_\w+_pkg|strategy_\w+_pkg)\s*\.", plain, re.IGNORECASE):
        if name.upper() not in packages:
            yield f"there is no package {name.upper()}"


def _call_faults(called: Package, name: str, behind: str) -> Iterator[str]:
    signature = called.subprograms.get(name)
    if signature is None:
        yield f"{called.name} has no {name}"
        return
    arguments = _split(behind[: _closing(behind, 0)].strip()[1:-1])
    named = [found[1].upper() for one in arguments if (found := re.match(r"\s*(\w+)\s*=>", one))]
    by_position = len(arguments) - len(named)
    yield from (f"{name} has no parameter {one}" for one in named if one not in signature.parameters)
    if by_position > len(signature.parameters):
        yield f"{name} takes {len(signature.parameters)} arguments"
    given = {*signature.parameters[:by_position], *named}
    missing = [one for one in signature.parameters if one not in given and one not in signature.optional]
    if missing:
        yield f"{name} is called without {', '.join(missing)}"


def columns(create_table: str) -> list[str]:
    """Of a statement that makes a table, in capitals."""
    listed = re.search(r"\((.*)\)\s*\Z", bare(create_table), re.DOTALL)
    assert listed is not None
    return [part.split()[0].upper() for part in _split(listed[1]) if part.split()[0].upper() != "CONSTRAINT"]
