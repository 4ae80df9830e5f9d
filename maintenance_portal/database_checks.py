"""Whether the portal can live in its own database: asked with `check --database default`, by `migrate`, and at each start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections
from django.db import Error as Trouble
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

_ORACLE_NEEDS = ("CREATE TABLE", "CREATE SEQUENCE", "CREATE TRIGGER")
_ORACLE_HAS = "SELECT PRIVILEGE FROM SESSION_PRIVS"
_ORACLE_SPACE = """
SELECT COUNT(*) FROM USER_TS_QUOTAS Q JOIN USER_USERS U ON U.DEFAULT_TABLESPACE = Q.TABLESPACE_NAME
 WHERE Q.MAX_BYTES = -1 OR Q.MAX_BYTES > Q.BYTES
"""
_ORACLE_LETTERS = "SELECT VALUE FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER = 'NLS_CHARACTERSET'"
_ORACLE_ROLE = "SELECT SYS_CONTEXT('USERENV', 'DATABASE_ROLE') FROM DUAL"
_POSTGRESQL_SCHEMA = (
    "SELECT current_schema(), current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE')"
)


@register(Tags.database)
def own_database(databases: Iterable[str] | None = None, **_: Any) -> list[CheckMessage]:
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    database = connections[DEFAULT_DB_ALIAS]
    try:
        database.ensure_connection()
    except NotSupportedError as refusal:  # Django's own words name both versions
        hint = "docs/operations.md says which versions the portal takes."
        return [Error(f"The portal's database is too old. {first_line(refusal)}", hint=hint, id="portal.E008")]
    except Trouble as trouble:
        hint = "DATABASE_URL names the place and the account, DATABASE_PASSWORD the password."
        return [Error(f"The portal's own database cannot be used: {first_line(trouble)}", hint=hint, id="portal.E009")]
    is_behind = _waits_for_migrations(database)
    found = _OF_PRODUCT.get(database.vendor, _nothing)(database, is_behind)
    if is_behind and not any(isinstance(one, Error) for one in found):
        by_start = "" if database.vendor == "oracle" else "; so does the start of the portal"
        hint = f"python3 run.py manage migrate makes them{by_start}."
        found.append(Advice("The portal's tables are not those of this version.", hint=hint, id="portal.W003"))
    return found


def first_line(trouble: BaseException) -> str:
    """Drivers tell places and accounts, and no passwords; what follows the first line are attempts and hints."""
    words = (str(trouble).strip().splitlines() or [type(trouble).__name__])[0]
    return f"{words.rstrip('.')}."


def _waits_for_migrations(database: BaseDatabaseWrapper) -> bool:
    executor = MigrationExecutor(database)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _nothing(database: BaseDatabaseWrapper, is_behind: bool) -> list[CheckMessage]:
    return []


def _postgresql(database: BaseDatabaseWrapper, is_behind: bool) -> list[CheckMessage]:
    """Rights to make tables are asked for only while some are to be made: later another account may own them."""
    found: list[CheckMessage] = []
    [(letters,)] = _rows(database, "SHOW server_encoding")
    if letters != "UTF8":
        hint = "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        found.append(
            Error(f"The portal's database keeps its text as {letters}, not as UTF8.", hint=hint, id="portal.E010")
        )
    [(read_only,)] = _rows(database, "SHOW transaction_read_only")
    if read_only == "on":
        found.append(
            _read_only("target_session_attrs=read-write in DATABASE_URL finds the primary among several hosts.")
        )
    [(schema, may_create)] = _rows(database, _POSTGRESQL_SCHEMA)
    if is_behind and not may_create:
        user, schema = database.settings_dict["USER"] or "the account", schema or "public"
        hint = f"As the owner of the database: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"
        found.append(Error(f"{user} may make no tables in the schema {schema}.", hint=hint, id="portal.E012"))
    return found


def _oracle(database: BaseDatabaseWrapper, is_behind: bool) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    user = database.settings_dict["USER"]
    [(letters,)] = _rows(database, _ORACLE_LETTERS) or [("unknown",)]
    if letters != "AL32UTF8":
        words = f"The portal's database keeps its text as {letters}: letters that this lacks are lost."
        found.append(Advice(words, hint="A database that was made with AL32UTF8.", id="portal.W004"))
    [(role,)] = _rows(database, _ORACLE_ROLE) or [("",)]
    if role and role != "PRIMARY":
        found.append(_read_only("The service in DATABASE_URL is to be one that runs on the primary database."))
    has = {privilege for (privilege,) in _rows(database, _ORACLE_HAS)}
    if is_behind and (missing := [privilege for privilege in _ORACLE_NEEDS if privilege not in has]):
        hint = f"GRANT {', '.join(missing)} TO {user}"
        found.append(Error(f"{user} has no right to {_and(missing)}.", hint=hint, id="portal.E012"))
    [(with_room,)] = _rows(database, _ORACLE_SPACE) or [(0,)]
    if "UNLIMITED TABLESPACE" not in has and not with_room:
        hint = f"ALTER USER {user} QUOTA UNLIMITED ON its default tablespace"
        found.append(Error(f"{user} has no room left in its default tablespace.", hint=hint, id="portal.E013"))
    return found


_OF_PRODUCT = {"postgresql": _postgresql, "oracle": _oracle}


def _rows(database: BaseDatabaseWrapper, statement: str) -> Sequence[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _read_only(hint: str) -> CheckMessage:
    return Error("The portal's database takes no changes: it is a standby, or read-only.", hint=hint, id="portal.E011")


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
