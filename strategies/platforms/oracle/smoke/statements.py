"""The statements that make, fill, spoil and remove objects of our own in the account's schema. Pure.

Every name is quoted and has the account's own schema before it, so that nobody else's object can be meant.
"""

# ruff: noqa: S608 (every name below is quoted, and every figure a whole number)

from __future__ import annotations

from strategies.platforms.oracle.names import literal, quoted

PREFIX = "MPORTAL_SMOKE_"
_REMOVALS = {
    "TABLE": "DROP TABLE {} CASCADE CONSTRAINTS PURGE",
    "DROPPED TABLE": "PURGE TABLE {}",
    "PROCEDURE": "DROP PROCEDURE {}",
    "PACKAGE": "DROP PACKAGE {}",
}


def removal(kind: str, owner: str, name: str) -> str:
    if kind == "JOB":
        return f"BEGIN\n  DBMS_SCHEDULER.DROP_JOB(job_name => {argument_in(owner, name)}, force => TRUE);\nEND;"
    if kind == "CREDENTIAL":
        return f"BEGIN\n  DBMS_CREDENTIAL.DROP_CREDENTIAL(credential_name => {argument_in(owner, name)}, force => TRUE);\nEND;"
    return _REMOVALS[kind].format(quoted(owner, name))


def argument_in(owner: str, name: str) -> str:
    """A qualified name as the DBMS_ packages take it."""
    return literal(quoted(owner, name))


def table(owner: str, name: str) -> str:
    return f'CREATE TABLE {quoted(owner, name)} ("ID" NUMBER NOT NULL, "FILLER" VARCHAR2(1000))'


def partitioned_table(owner: str, name: str) -> str:
    return (
        f'CREATE TABLE {quoted(owner, name)} ("ID" NUMBER NOT NULL, "FILLER" VARCHAR2(1000))'
        ' PARTITION BY RANGE ("ID") (PARTITION "P1" VALUES LESS THAN (1000), PARTITION "P2" VALUES LESS THAN (MAXVALUE))'
    )


def fill(owner: str, name: str, rows: int, width: int, first: int = 1) -> str:
    """Rows with the numbers from `first` on, `width` bytes each."""
    return (
        f'INSERT INTO {quoted(owner, name)} ("ID", "FILLER")'
        f" SELECT LEVEL + {first - 1:d}, RPAD('x', {width:d}, 'x') FROM dual CONNECT BY LEVEL <= {rows:d}"
    )


def aged_table(owner: str, name: str) -> str:
    return f'CREATE TABLE {quoted(owner, name)} ("ID" NUMBER NOT NULL, "CREATED" DATE)'


def fill_aged(owner: str, name: str, rows: int) -> str:
    """Rows of so many days: the first is a day old."""
    return f'INSERT INTO {quoted(owner, name)} ("ID", "CREATED") SELECT LEVEL, SYSDATE - LEVEL FROM dual CONNECT BY LEVEL <= {rows:d}'


def empty(owner: str, name: str, kept: int) -> str:
    return f'DELETE FROM {quoted(owner, name)} WHERE "ID" > {kept:d}'


def index(owner: str, name: str, on_table: str, on: str) -> str:
    return f"CREATE INDEX {quoted(owner, name)} ON {quoted(owner, on_table)} ({on})"


def local_index(owner: str, name: str, on_table: str) -> str:
    return f'CREATE INDEX {quoted(owner, name)} ON {quoted(owner, on_table)} ("ID") LOCAL'


def spoil(owner: str, name: str) -> str:
    return f"ALTER INDEX {quoted(owner, name)} UNUSABLE"


def rebuild_parallel(owner: str, name: str, part: str | None = None) -> str:
    place = f" PARTITION {quoted(part)}" if part else ""
    return f"ALTER INDEX {quoted(owner, name)} REBUILD{place} PARALLEL 2"


def shrink(owner: str, name: str) -> str:
    return f"ALTER TABLE {quoted(owner, name)} SHRINK SPACE COMPACT"


def row_movement(owner: str, name: str) -> str:
    return f"ALTER TABLE {quoted(owner, name)} ENABLE ROW MOVEMENT"


def drop_into_bin(owner: str, name: str) -> str:
    return f"DROP TABLE {quoted(owner, name)}"


def procedure(owner: str, name: str, of_table: str) -> str:
    """One that counts the rows of a table; without that table it is compiled with errors."""
    return (
        f"CREATE PROCEDURE {quoted(owner, name)} AS\n  found NUMBER;\nBEGIN\n"
        f"  SELECT COUNT(*) INTO found FROM {quoted(owner, of_table)};\nEND;"
    )


def sleep(seconds: int) -> str:
    return f"BEGIN\n  DBMS_SESSION.SLEEP({seconds:d});\nEND;"


def credential(owner: str, name: str) -> str:
    """A credential that opens nothing: there is no such account anywhere."""
    return (
        f"BEGIN\n  DBMS_CREDENTIAL.CREATE_CREDENTIAL(credential_name => {argument_in(owner, name)},"
        " username => 'nobody', password => 'opens nothing', enabled => FALSE);\nEND;"
    )


def backup_job(owner: str, name: str, of_system: str, of_database: str) -> str:
    """A job that runs a script of RMAN's, with both credentials. It is never enabled, and its script only shows the settings."""
    job = argument_in(owner, name)
    return (
        f"BEGIN\n  DBMS_SCHEDULER.CREATE_JOB(job_name => {job}, job_type => 'BACKUP_SCRIPT', job_action => 'SHOW ALL;',"
        f" credential_name => {argument_in(owner, of_system)}, enabled => FALSE, auto_drop => FALSE);\n"
        f"  DBMS_SCHEDULER.SET_ATTRIBUTE(name => {job}, attribute => 'connect_credential_name',"
        f" value => {argument_in(owner, of_database)});\nEND;"
    )


def tag_identifier(text: str) -> str:
    return f"BEGIN\n  DBMS_SESSION.SET_IDENTIFIER({literal(text)});\nEND;"
