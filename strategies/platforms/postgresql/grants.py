"""A right of PostgreSQL's as lines for psql, which an administrator reads and runs in the database that is to be maintained. Pure."""

# ruff: noqa: S608 (names pass through quoted and _literal, and a person reads these lines before running them)

from __future__ import annotations

import re

from strategies.platforms.postgresql.names import quoted
from strategies.platforms.queries import Right

MAINTAIN, USAGE, CREATE = "MAINTAIN ON ALL TABLES", "USAGE ON ALL SCHEMAS", "CREATE ON ALL SCHEMAS"
_ROLE = re.compile(r"pg_[a-z_]+")
_EXTENSION = re.compile(r"EXTENSION ([a-z_]+)")
_FUNCTION = re.compile(r"EXECUTE ON FUNCTION ([a-z_]+) OF EXTENSION ([a-z_]+)")
_TABLE = re.compile(r"SELECT ON (partition_[a-z_]+)")
_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def maintain(what: str) -> tuple[Right, ...]:
    """What steps on tables and their indexes need: the right to maintain them, and to enter their schemas."""
    return Right(MAINTAIN, what), Right(USAGE, what)


def grant(privilege: str, account: str) -> str:
    """Raises ValueError for words that are no right known here."""
    who = quoted(account)
    if "\n" in account or "\r" in account:
        raise ValueError("An account whose name has a line break is written into no script.")
    if privilege == "CONNECT":
        return f'GRANT CONNECT ON DATABASE :"DBNAME" TO {who};'
    if privilege == MAINTAIN:
        return _maintain(account)
    if privilege in (USAGE, CREATE):
        word = privilege.partition(" ")[0]
        return _each(
            f"SELECT format('GRANT {word} ON SCHEMA %I TO %I', n.nspname, {_literal(account)})"
            f" FROM pg_namespace n WHERE {_OWN}"
        )
    if match := _TABLE.fullmatch(privilege):
        return _each(
            f"SELECT format(kind, n.nspname, c.relname, {_literal(account)})"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " CROSS JOIN (VALUES ('GRANT USAGE ON SCHEMA %1$I TO %3$I'), ('GRANT SELECT ON %1$I.%2$I TO %3$I')) k (kind)"
            f" WHERE c.relname = '{match[1]}' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OWN}"
        )
    if match := _FUNCTION.fullmatch(privilege):
        return _each(
            f"SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, {_literal(account)})"
            " FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_proc p ON p.oid = d.objid"
            " WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'"
            f" AND e.extname = '{match[2]}' AND p.proname = '{match[1]}'"
        )
    if match := _EXTENSION.fullmatch(privilege):
        return f"CREATE EXTENSION IF NOT EXISTS {match[1]};"
    if _ROLE.fullmatch(privilege):
        return f"GRANT {privilege} TO {who};"
    raise ValueError(f"{privilege} is no right of PostgreSQL's that the portal knows how to grant.")


def _maintain(account: str) -> str:
    """Before 17 only the owner and its members may: whom to make a member is for the administrator to decide, so they are listed."""
    return "\n".join(
        (
            r"SELECT :SERVER_VERSION_NUM >= 170000 AS has_maintain \gset",
            r"\if :has_maintain",
            f"GRANT pg_maintain TO {quoted(account)};",
            r"\else",
            r"\echo 'Before PostgreSQL 17 only owners may maintain tables. Of these, run the lines that you agree with:'",
            f"SELECT DISTINCT format('GRANT %I TO %I;', r.rolname, {_literal(account)}) AS \"to decide\""
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner"
            f" WHERE c.relkind IN ('r', 'p', 'm') AND NOT r.rolsuper AND {_OWN};",
            r"\endif",
        )
    )


def _each(query: str) -> str:
    """psql runs every row of the answer as a statement."""
    return rf"{query} \gexec"


def _literal(text: str) -> str:
    """psql replaces no variables within a literal."""
    return "'" + text.replace("'", "''") + "'"
