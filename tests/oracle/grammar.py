"""Asks a grammar of Oracle SQL and PL/SQL whether texts can be read, in one Node process that goes on while tests run.

The process learns the grammar as it meets it: its first statements take seconds, the later ones milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
_MADE_OF = ("package-lock.json", "grammar.mjs", "hashing.mjs", "resolve.mjs", "grammar.py")  # what decides its answers
_OLDEST_NODE = (18, 19)  # has module.register, which resolve.mjs stands on
_MEMORY = ["--max-semi-space-size=64"]  # MB for what is new; with Node's own few it clears up a fifth of the time

# Good Oracle that the grammar refuses, written in the way that it takes. test_grammar.py holds each to what it is for.
_UNKNOWN_TO_IT = (
    # Django's quotes of JSON paths: any character may delimit a q-quote, the grammar knows those of the keyboard
    (re.compile("q'\uffff(.*?)\uffff'", re.DOTALL), lambda found: "'" + found[1].replace("'", "''") + "'"),
    (re.compile(r" DISALLOW SCALARS\)"), lambda found: ")"),  # of JSON_QUERY from 21c; Django writes it from there on
    # A column of DBA_TABLES and others, which is a word of the grammar's
    (re.compile(r"(?<=\.)COMPRESSION\b", re.IGNORECASE), lambda found: '"COMPRESSION"'),
    # A parameter's value that is a number: the grammar wants names or texts
    (re.compile(r"^(ALTER SESSION SET \w+ = )(\d+)$"), lambda found: f"{found[1]}'{found[2]}'"),
    (re.compile(r"^(ALTER INDEX .* COALESCE) CLEANUP$", re.DOTALL), lambda found: found[1]),  # from 12c
    # A table made partitioned in place, online and with what becomes of its indexes: from 12.2
    (
        re.compile(
            r'^(ALTER TABLE "[^"]+" MODIFY PARTITION BY RANGE .*\))'
            r' ONLINE UPDATE INDEXES \("[^"]+" (?:LOCAL|GLOBAL)(?:, "[^"]+" (?:LOCAL|GLOBAL))*\)$'
        ),
        lambda found: found[1],
    ),
    # It has no ALTER SYSTEM: the two forms that end a session's work are held to the manual's page here, any other is refused.
    (
        re.compile(
            r"^ALTER SYSTEM (CANCEL SQL '\d+, ?\d+(, ?@\d+)?(, ?\w+)?'|KILL SESSION '\d+, ?\d+(, ?@\d+)?'( IMMEDIATE)?)$"
        ),
        lambda found: "COMMIT",
    ),
    # The owner, which it does not expect there
    (re.compile(r'^(PURGE TABLE |ALTER PACKAGE )"[^"]+"\.(?=")'), lambda found: found[1]),
)  # fmt: skip
# Types of other products, which the grammar takes for names of ones that somebody made.
_OTHER_TYPES = re.compile(
    r"\b(TEXT|SERIAL|BIGSERIAL|BYTEA|JSONB|TIMESTAMPTZ|TINYINT|DATETIME|AUTOINCREMENT)\b"
    r"(?=\s*[,)]|\s+(?:NOT|NULL|DEFAULT|PRIMARY|UNIQUE)\b)",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"\s*(BEGIN|DECLARE|CREATE\s+(OR\s+REPLACE\s+)?(PACKAGE|PROCEDURE|FUNCTION|TRIGGER|TYPE))\b", re.IGNORECASE
)


@cache
def why_not_here() -> str:
    """A sentence where the grammar cannot be asked on this machine, else nothing."""
    reason = _what_is_missing()
    return f"{reason}: no statement for Oracle is held to the grammar" if reason else ""


def _what_is_missing() -> str:
    if (node := shutil.which("node")) is None:
        return "no Node on this machine"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if tuple(map(int, re.findall(r"\d+", said)[:2])) < _OLDEST_NODE:
        return f"Node {said or 'tells no version'}, {'.'.join(map(str, _OLDEST_NODE))} is needed"
    if not (FOLDER / "node_modules" / ".package-lock.json").is_file():  # what npm writes last
        return "the grammar is not installed (npm ci --ignore-scripts in tests/oracle)"
    return ""


def own_faults(text: str) -> list[str]:
    """What the grammar lets pass, and Oracle or its driver refuses."""
    end, is_block = text.strip().removesuffix("/").rstrip(), _BLOCK.match(text) is not None
    found = []
    if is_block and not end.endswith(";"):
        found.append("a block ends with END and a semicolon")
    if not is_block and end.endswith(";"):
        found.append("a statement of SQL ends without a semicolon")
    if re.search(r"\bINTERVAL\s*'[^']*[A-Za-z]", text, re.IGNORECASE):
        found.append("the unit of an interval stands behind its literal")
    if re.search(r"=\s+>", re.sub(r"'(?:[^']|'')*'", "''", text)):
        found.append("an arrow is written without a blank in it")
    return found


def prepared(text: str, *, is_rewritten: bool = True) -> str:
    """As the grammar wants it: with an end, and without what it does not know."""
    for pattern, replacement in _UNKNOWN_TO_IT if is_rewritten else ():
        text = pattern.sub(replacement, text)
    text = text.strip()
    if _BLOCK.match(text):
        return text.removesuffix("/").rstrip() + "\n/"
    return text if text.endswith(";") else f"{text}\n;"


class Grammar:
    """Takes texts at once and answers in its own time; `faults` waits until all are answered."""

    def __init__(self) -> None:
        patience = ["nice", "-n", "10"] if shutil.which("nice") else []  # the tests go first
        self._process = subprocess.Popen(
            [*patience, "node", *_MEMORY, "grammar.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER,
            encoding="utf-8",
        )  # fmt: skip
        self._asked: list[str] = []
        self._answers: list[list[str]] = []
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._write, self._read)]
        for thread in self._threads:
            thread.start()

    def ask(self, text: str, *, is_rewritten: bool = True) -> None:
        self._asked.append(text)
        self._waiting.put(json.dumps(prepared(text, is_rewritten=is_rewritten)))

    def faults(self) -> dict[str, list[str]]:
        """Text → places where it cannot be read, for those of which there are some. The process ends with it."""
        self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self._process.wait()
        if len(self._answers) != len(self._asked):
            raise RuntimeError(f"The grammar answered {len(self._answers)} of {len(self._asked)} texts.")
        found = zip(self._asked, self._answers, strict=True)
        wrong = {text: [*answer, *_types_of_others(text)] for text, answer in found}
        return {text: faults for text, faults in wrong.items() if faults}

    def stop(self) -> None:
        """Without its answers."""
        self._process.kill()
        self._process.wait()

    def _write(self) -> None:
        """In a thread of its own: while the process is busy with one text, others would fill the pipe."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            while (line := self._waiting.get()) is not None:
                pipe.write(line + "\n")
                pipe.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._answers.extend(json.loads(line) for line in self._process.stdout)


_FREE = re.compile(
    "(?P<remark>--[^\n]*)|(?P<string>q'\uffff.*?\uffff'|'(?:[^']|'')*')|(?P<name>\"(?:[^\"\\n]|\"\")+\")"
    r"|(?P<bind>(?<![\w:]):[A-Za-z]\w*)|(?P<number>(?<![\w.$#])\d+(?![\w.]))",
    re.DOTALL,
)
_STANDS_FOR = {"string": "'s'", "name": '"N"', "bind": ":b", "number": "1"}
_NUMBERED = re.compile(r"\b([TUVW]|col_)\d+\b")  # Django's own names of tables and columns within a statement
_ALIKE = re.compile(
    r"""(?P<one>(?:"N"|T1)(?:\."N")*(?: AS)?(?: "N")?(?: = :b| ASC| DESC)?|(?::b|TO_TIMESTAMP\(:b\))(?: col_1)?|'s'|1|NULL)"""
    r"""(?:, (?P=one))+(?![\w."'(])"""
)


def shape(text: str) -> str:
    """What the grammar sees of a text: not which name, string, bind or number stands in a place, nor how many stand in a list.

    Statements on sessions are left as they are: `prepared` holds what stands in their strings to the manual.
    """
    if re.match(r"\s*ALTER\s+(SESSION|SYSTEM)\b", text, re.IGNORECASE):
        return text
    text = _FREE.sub(lambda found: _STANDS_FOR.get(found.lastgroup or "", found[0]), text)
    text = _NUMBERED.sub(lambda found: ("T" if len(found[1]) == 1 else "col_") + "1", text)
    return _ALIKE.sub(lambda found: f"{found['one']}, {found['one']}", text)


class Accepted:
    """Shapes of texts that the grammar has read before on this machine, so that a small run need not teach it again."""

    def __init__(self, folder: Path = FOLDER) -> None:
        made_of = b"".join((FOLDER / name).read_bytes() for name in _MADE_OF)
        self._file = folder / "node_modules" / f".accepted-{hashlib.sha256(made_of).hexdigest()[:12]}"
        for other in self._file.parent.glob(".accepted-*"):
            if other != self._file:
                other.unlink(missing_ok=True)
        self._known = set(self._file.read_text().split()) if self._file.exists() else set()

    def __contains__(self, text: str) -> bool:
        return _digest(text) in self._known

    def keep(self, texts: Iterable[str]) -> None:
        with self._file.open("a") as file:
            file.writelines(f"{_digest(text)}\n" for text in texts)


def _digest(text: str) -> str:
    return hashlib.sha256(shape(text).encode()).hexdigest()


def _types_of_others(text: str) -> list[str]:
    if not re.match(r"\s*(CREATE|ALTER)\s+TABLE", text, re.IGNORECASE):
        return []
    bare = re.sub(r"'(?:[^']|'')*'", "''", text)
    return [f"there is no type {found[1]}" for found in _OTHER_TYPES.finditer(bare)]
