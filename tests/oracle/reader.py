"""Reads statements of our own PL/SQL into functions that do what they say, and subprograms into what can be called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from tests.oracle.expressions import Eval, Expressions, Names


class Raised(Exception):
    """What the code has raised: a number and a text, or words."""


class _Return(Exception):
    pass


class _Leave(Exception):
    pass


class _Next(Exception):
    pass


class Subprogram:
    def __init__(
        self, parameters: list[tuple[str, Eval | None]], variables: list[tuple[str, Eval]], body: list[Eval]
    ) -> None:
        self.parameters, self.variables, self.body = parameters, variables, body

    def __call__(self, arguments: tuple[Any, ...]) -> Any:
        names: Names = {}
        for number, (name, default) in enumerate(self.parameters):
            names[name] = arguments[number] if number < len(arguments) else default({}) if default else None
        for name, initial in self.variables:
            names[name] = initial(names)
        try:
            _run(self.body, names)
        except _Return as answer:
            return names.get("piped", answer.args[0])
        return None


def _run(statements: list[Eval], names: Names) -> None:
    for statement in statements:
        statement(names)


def _repeat(turns: Iterator[Any], variable: str, statements: list[Eval], names: Names) -> None:
    for turn in turns:
        names[variable] = turn
        try:
            _run(statements, names)
        except _Next:
            continue
        except _Leave:
            break


class Reader(Expressions):
    """Of one text, from where it has come to."""

    def subprogram(self) -> Subprogram:
        self.at = 2  # PROCEDURE or FUNCTION, and its name
        parameters = []
        if self.takes("("):
            while not self.takes(")"):
                name = self.word()
                while not self.sees(",", ")", "DEFAULT"):
                    self.at += 1
                parameters.append((name, self.expression() if self.takes("DEFAULT") else None))
                self.takes(",")
        while not self.takes("IS"):
            self.at += 1
        variables = []
        while not self.takes("BEGIN"):
            variables.append(self.variable())
        return Subprogram(parameters, variables, [self.handled()])

    def variable(self) -> tuple[str, Eval]:
        name, kind = self.word(), self.word()
        while not self.sees(":=", ";"):
            self.at += 1
        fields = [field.lower() for field in self.body.records.get(kind, ())]
        initial: Eval = lambda names: SimpleNamespace(**dict.fromkeys(fields)) if fields else None  # noqa: E731
        if self.takes(":="):
            given = self.expression()
            initial = lambda names: list(value) if isinstance(value := given(names), list) else value  # noqa: E731
        self.expects(";")
        return name, initial

    def until(self, *ends: str) -> list[Eval]:
        found = []
        while not self.sees(*ends):
            found.append(self.statement())
        return found

    def statement(self) -> Eval:
        kinds = {
            "IF": self.decision, "WHILE": self.while_loop, "FOR": self.for_loop, "SELECT": self.select, "BEGIN": self.block,
            "PIPE": self.pipe, "RETURN": self.answer, "INSERT": self.insert,
        }  # fmt: skip
        if word := self.takes(*kinds):
            return kinds[word]()
        return self.leaving(word) if (word := self.takes("EXIT", "CONTINUE", "RAISE", "NULL")) else self.assignment()

    def leaving(self, word: str) -> Eval:
        self.expects(";")

        def leave(names: Names) -> None:
            if word != "NULL":
                raise {"EXIT": _Leave(), "CONTINUE": _Next(), "RAISE": names.get("raised")}[word]

        return leave

    def answer(self) -> Eval:
        value = (lambda names: None) if self.sees(";") else self.expression()
        self.expects(";")

        def answer(names: Names) -> None:
            raise _Return(value(names))

        return answer

    def assignment(self) -> Eval:
        name, way = self.way()
        value = self.expression() if self.takes(":=") else None
        self.expects(";")
        if value is None:
            return lambda names: self.body.value(name, way, names)
        return lambda names: self.body.assign(name, way, value(names), names)

    def decision(self) -> Eval:
        ways = []
        while not ways or self.takes("ELSIF"):
            holds = self.expression()
            self.expects("THEN")
            ways.append((holds, self.until("ELSIF", "ELSE", "END")))
        otherwise = self.until("END") if self.takes("ELSE") else []
        self.expects("END", "IF", ";")
        return lambda names: _run(next((done for holds, done in ways if holds(names) is True), otherwise), names)

    def loop(self) -> list[Eval]:
        self.expects("LOOP")
        statements = self.until("END")
        self.expects("END", "LOOP", ";")
        return statements

    def while_loop(self) -> Eval:
        holds = self.expression()
        statements = self.loop()
        return lambda names: _repeat(iter(lambda: holds(names) is True or None, None), "while", statements, names)

    def for_loop(self) -> Eval:
        variable = self.word()
        self.expects("IN")
        if self.tokens[self.at + 1][1] == "SELECT":
            start, depth = self.tokens[self.at][3], 0
            while depth or self.sees("("):
                depth += {"(": 1, ")": -1}.get(self.tokens[self.at][1], 0)
                self.at += 1
            sql = self.text[start : self.tokens[self.at - 1][2]]
            statements = self.loop()
            return lambda names: _repeat(iter(self.body.rows(sql, names)), variable, statements, names)
        first = self.joined()
        self.expects("..")
        last = self.joined()
        statements = self.loop()
        return lambda names: _repeat(iter(range(first(names), last(names) + 1)), variable, statements, names)

    def select(self) -> Eval:
        start = self.tokens[self.at - 1][2]
        while not self.takes(";"):
            self.at += 1
        sql = self.text[start : self.tokens[self.at - 1][2]]
        into = re.search(r"\bINTO\s+([\w.]+)\s+(?=FROM\b)", sql)
        assert into is not None, sql
        name, way = Reader(into[1], self.body).way()

        def select(names: Names) -> None:
            if not (rows := self.body.rows(sql.replace(into[0], ""), names)):
                raise Raised("NO_DATA_FOUND")
            (value,) = vars(rows[0]).values()
            self.body.assign(name, way, value, names)

        return select

    def block(self) -> Eval:
        block = self.handled()
        self.expects("END", ";")
        return block

    def handled(self) -> Eval:
        """Statements, and what is done where one of them fails."""
        statements, handler, wanted = self.until("EXCEPTION", "END"), list[Eval](), "nothing"
        if self.takes("EXCEPTION"):
            self.expects("WHEN")
            wanted = self.word()
            self.expects("THEN")
            handler = self.until("END")

        def run(names: Names) -> None:
            try:
                _run(statements, names)
            except Raised as error:
                if wanted not in ("OTHERS", error.args[0]):
                    raise
                names |= {"SQLERRM": str(error), "raised": error}
                _run(handler, names)

        return run

    def insert(self) -> Eval:
        start = self.tokens[self.at - 1][2]
        while not self.takes(";"):
            self.at += 1
        sql = self.text[start : self.tokens[self.at - 1][2]]
        return lambda names: self.body.rows(sql, names)

    def pipe(self) -> Eval:
        self.expects("ROW", "(")
        row = self.expression()
        self.expects(")", ";")
        return lambda names: names.setdefault("piped", []).append(row(names))
