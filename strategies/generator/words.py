"""Words that no name may be, because a language or the framework itself has them. Pure."""

from __future__ import annotations

import keyword

# Oracle's SQL and PL/SQL reserved words: Database SQL Language Reference 19c, appendix E, and Database PL/SQL Language Reference 19c,
# appendix D.
_ORACLE = frozenset(
    (
        "ACCESS ADD ALL ALTER AND ANY AS ASC AT AUDIT BEGIN BETWEEN BY CASE CHAR CHECK CLUSTER CLUSTERS COLAUTH COLUMN COLUMNS "
        "COLUMN_VALUE COMMENT COMPRESS CONNECT CRASH CREATE CURRENT CURSOR DATE DECIMAL DECLARE DEFAULT DELETE DESC DISTINCT DROP "
        "ELSE END EXCEPTION EXCLUSIVE EXISTS FETCH FILE FLOAT FOR FROM FUNCTION GOTO GRANT GROUP HAVING IDENTIFIED IF IMMEDIATE IN "
        "INCREMENT INDEX INDEXES INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE "
        "MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER OVERLAPS PCTFREE "
        "PRIOR PROCEDURE PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT SQL START "
        "SUBTYPE SUCCESSFUL SYNONYM SYSDATE TABAUTH TABLE THEN TO TRIGGER TYPE UID UNION UNIQUE UPDATE USER VALIDATE VALUES "
        "VARCHAR VARCHAR2 VIEW VIEWS WHEN WHENEVER WHERE WITH"
    ).split()
)
_PYTHON = frozenset(word.upper() for word in (*keyword.kwlist, *keyword.softkwlist))
# Packages that the framework has, without the _PKG at their end.
_OURS = frozenset(
    {"GENERIC_GENERATOR_STORE", "GENERIC_LOG_STORE", "GENERIC_MAINTENANCE_LOGGER", "STRATEGY_IMPLEMENTATION_GENERATOR"}
)


def reserved() -> frozenset[str]:
    """All of them, in capitals."""
    return _OURS | _ORACLE | _PYTHON


def why_reserved(name: str) -> str:
    """Why this name (in capitals) cannot be that of a strategy, in a sentence; empty = it can."""
    if name in _OURS:
        return f"{name}_PKG is a package of the framework."
    if name in _ORACLE:
        return f"{name} is a reserved word of Oracle."
    if name in _PYTHON:
        return f"{name} is a reserved word of Python."
    return ""


def why_taken(name: str) -> str:
    """Why the name of a strategy that the portal has itself is not free, in a sentence."""
    return f"{name} is a strategy of the portal itself."
