"""What Oracle refuses, or does otherwise than the others, in SQL that is well formed: a sentence for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping


class Lobs:
    """Table → its columns of a LOB type, both as the database names them."""

    def __init__(self, of: Mapping[str, frozenset[str]]) -> None:
        self.of = of
        self.names = frozenset(name for columns in of.values() for name in columns)
        either = "|".join(map(re.escape, sorted(self.names))) or r"(?!)"
        name = rf'(?:(?:\w+|"[^"]+")\.)?"?(?:{either})\b"?'
        self.compared = re.compile(
            rf"(?:[=<>]|\bIN|\bBETWEEN|\bAND)[\s(]*{name}|{name}\s*(?:[=<>!]|NOT\b|IN\b|BETWEEN\b)", re.IGNORECASE
        )


LONGEST_NAME = 30  # bytes; Oracle takes 128 from 12.2, Django makes names of 30
_LONGEST_NVARCHAR2 = 2000  # characters, with MAX_STRING_SIZE=STANDARD
MOST_IN_LIST = 1000
_SILENT = re.compile(r"\s*(ALTER SESSION|SAVEPOINT|ROLLBACK|SET CONSTRAINTS|COMMIT)\b", re.IGNORECASE)
_LITERAL = re.compile(r"q'\uffff.*?\uffff'|'(?:[^']|'')*'", re.DOTALL)
_OF_DATA = re.compile(r"[\s(]*(SELECT|WITH|UPDATE|DELETE|INSERT)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\s\"(),.=<>!]+")
_GATHERING = re.compile(
    r"\b(DISTINCT|UNIQUE|GROUP\s+BY|UNION(?!\s+ALL)|MINUS|INTERSECT|EXCEPT|(?:MAX|MIN)(?=\s*\())\b", re.IGNORECASE
)
_ASSIGNMENTS = re.compile(r'UPDATE "[^"]+" SET (?:"[^"]+" = (?::\w+|NULL|\d+|\w+\(:\w+\))(?:, |$| (?=WHERE )))+')
_PLACE = re.compile(r"(?:^|,)\s*\d")  # ORDER BY 2
_FOREIGN_FUNCTIONS = re.compile(
    r"\b(STRING_AGG|GROUP_CONCAT|ARRAY_AGG|BOOL_AND|BOOL_OR|NOW|DATE_TRUNC|STRFTIME|JULIANDAY|GENERATE_SERIES|IFNULL|RANDOM|"
    r"CONCAT_WS|UNNEST|JSON_EACH|JSON_EXTRACT|DATETIME|TYPEOF|TO_JSON|JSONB_\w+|PG_\w+|LEFT|RIGHT|POSITION|DATEDIFF|ISNULL)\s*\(",
    re.IGNORECASE,
)
# Reserved words of Oracle's (V$RESERVED_WORDS.RESERVED = 'Y') that people take for names; quoted they may be names.
_RESERVED = frozenset(
    "ACCESS ADD AUDIT CLUSTER COLUMN COMMENT COMPRESS CONNECT CURRENT DATE EXCLUSIVE FILE FLOAT GRANT GROUP IDENTIFIED IMMEDIATE "
    "INCREMENT INDEX INITIAL INTEGER LEVEL LOCK LONG MAXEXTENTS MODE MODIFY NUMBER OFFLINE ONLINE OPTION PCTFREE PRIOR PUBLIC RAW "
    "RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SESSION SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TRIGGER UID USER "
    "VALIDATE VARCHAR VIEW WHENEVER".split()
)


def faults(statement: str, version: int, lobs: Lobs) -> tuple[str, ...]:
    """`version` is the first number of the database's."""
    if _SILENT.match(statement):
        return ()
    bare = _LITERAL.sub(lambda found: found[0] if found[0] == "''" else "'x'", statement)
    found = [*_of_the_text(bare, version)]
    if needs_a_tree(bare, lobs):
        from tests.oracle.lint_tree import of_the_tree

        found += of_the_tree(_LITERAL.sub("'x'", statement), lobs)
    return tuple(dict.fromkeys(found))


def _of_the_text(bare: str, version: int) -> Iterator[str]:
    for name in re.findall(r'"([^"]+)"', bare):
        if len(name.encode()) > LONGEST_NAME:
            yield f"the name {name} is longer than {LONGEST_NAME} bytes"
    if match := _FOREIGN_FUNCTIONS.search(bare):
        yield f"there is no function {match[1].upper()}"
    if re.search(r"(=|<>|!=)\s*''", bare):
        yield "nothing is equal to '', nor unequal: it is NULL"
    if version < 23 and re.search(r"(=|\bIS|\bIS NOT|\bTHEN|\bELSE|\bSET \S+ =)\s+(TRUE|FALSE)\b", bare, re.IGNORECASE):
        yield "TRUE and FALSE are no literals of SQL before 23ai"
    if not re.match(r"\s*(CREATE|ALTER)\s+TABLE", bare, re.IGNORECASE):
        return
    for match in re.finditer(r"\bNVARCHAR2\((\d+)\)", bare, re.IGNORECASE):
        if int(match[1]) > _LONGEST_NVARCHAR2:
            yield f"NVARCHAR2({match[1]}) is longer than {_LONGEST_NVARCHAR2}"
    if version < 23 and re.search(
        r"(?<!\bIS)\s(BOOLEAN|JSON)\b(?=\s*[,)]|\s+(?:NOT|NULL|DEFAULT))", bare, re.IGNORECASE
    ):
        yield "there are no columns of the type BOOLEAN or JSON in 19c"
    for name in re.findall(r"[(,]\s*([A-Za-z_]+)\s+(?:N?VARCHAR2|NUMBER|N?CLOB|TIMESTAMP|CHAR|DATE)\b", bare):
        if name.upper() in _RESERVED:
            yield f"the reserved word {name.upper()} is a name without quotes"


def needs_a_tree(bare: str, lobs: Lobs) -> bool:
    """Whether a rule that needs the structure could find something; most statements are known to be right without it.

    A LOB that is read, written or not named at all can be in no clause that refuses it.
    """
    if not _OF_DATA.match(bare):
        return False
    if bare.count(",") >= MOST_IN_LIST or re.search(r"\bFOR\s+UPDATE\b", bare, re.IGNORECASE):
        return True
    bare = _ASSIGNMENTS.sub("", bare)
    if lobs.names.isdisjoint(_WORD.findall(bare)):
        return False
    _, *ordered = re.split(r"\bORDER\s+BY\b", bare, maxsplit=1, flags=re.IGNORECASE)
    return bool(
        _GATHERING.search(bare)
        or lobs.compared.search(bare)
        or (ordered and (_PLACE.search(ordered[0]) or not lobs.names.isdisjoint(_WORD.findall(ordered[0]))))
    )
