"""Reads expressions of our own PL/SQL into functions that give their value.

Each takes the names of the subprogram that is at work; what they stand for, and tables, are the interpreter's.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.oracle.interpreter import Body

Names = dict[str, Any]
Eval = Callable[[Names], Any]
Way = list[
    tuple[str, Any]
]  # from a name to a value: ("field", its name), or ("in", arguments of a call, the number of an element)
_TOKEN = re.compile(
    r"\s+|--[^\n]*|(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<word>[A-Za-z_]\w*)|(?P<sign>:=|=>|\|\||!=|<=|>=|\.\.|[-+*/().,;=<>])"
)
_COMPARED = {
    "=": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def text_of(value: Any) -> str:
    return "" if value is None else str(value)


def null_if_empty(value: Any) -> Any:
    return None if value == "" else value


def _or(one: Any, other: Eval, names: Names) -> bool | None:
    if one is True:
        return True
    second = other(names)
    return True if second is True else None if one is None or second is None else False


def _and(one: Any, other: Eval, names: Names) -> bool | None:
    if one is False:
        return False
    second = other(names)
    return False if second is False else None if one is None or second is None else True


def _null_or(of: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    return None if one is None or other is None else of(one, other)


def _applied(of: Callable[[Any, Any], Any], one: Eval, other: Eval) -> Eval:
    return lambda names: _null_or(of, one(names), other(names))


class Expressions:
    """Of one text, from where it has come to."""

    def __init__(self, text: str, body: Body) -> None:
        self.text, self.body, self.at = text, body, 0
        self.tokens = []
        for found in re.finditer(_TOKEN, text):
            if found.lastgroup is not None:
                self.tokens.append(
                    (found.lastgroup, found[0].upper() if found.lastgroup == "word" else found[0], *found.span())
                )

    def sees(self, *words: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] != "text" and self.tokens[self.at][1] in words

    def takes(self, *words: str) -> str:
        """The word, where it is one of these."""
        if not self.sees(*words):
            return ""
        self.at += 1
        return self.tokens[self.at - 1][1]

    def expects(self, *words: str) -> None:
        for word in words:
            if not self.takes(word):
                raise SyntaxError(f"{word} is expected before {self.text[self.tokens[self.at][2] :][:80]!r}")

    def word(self) -> str:
        self.at += 1
        return str(self.tokens[self.at - 1][1])

    # Expressions, from what binds least.

    def expression(self) -> Eval:
        left = self.both()
        while self.takes("OR"):
            left = (lambda one, other: lambda names: _or(one(names), other, names))(left, self.both())
        return left

    def both(self) -> Eval:
        left = self.denied()
        while self.takes("AND"):
            left = (lambda one, other: lambda names: _and(one(names), other, names))(left, self.denied())
        return left

    def denied(self) -> Eval:
        if self.takes("NOT"):
            of = self.denied()
            return lambda names: None if (value := of(names)) is None else not value
        return self.compared()

    def compared(self) -> Eval:
        left = self.joined()
        if self.takes("IS"):
            is_denied = bool(self.takes("NOT"))
            self.expects("NULL")
            return lambda names: (left(names) is None) != is_denied
        if self.takes("BETWEEN"):
            least = self.joined()
            self.expects("AND")
            most = self.joined()
            return lambda names: None if (value := left(names)) is None else least(names) <= value <= most(names)
        is_denied = bool(self.takes("NOT"))
        if self.takes("IN"):
            listed = self.arguments()
            return lambda names: _null_or(
                lambda value, _: (value in [one(names) for one in listed]) != is_denied, left(names), 0
            )
        if is_denied:
            self.expects("IN")  # of what may stand behind NOT it is all that is used
        if self.takes("LIKE"):
            pattern, escape = self.joined(), self.joined() if self.takes("ESCAPE") else lambda names: None
            return lambda names: _null_or(
                lambda value, like: _is_like(value, like, escape(names)), left(names), pattern(names)
            )
        if sign := self.takes(*_COMPARED):
            right = self.joined()
            return lambda names: _null_or(_COMPARED[sign], left(names), right(names))
        return left

    def joined(self) -> Eval:
        left = self.summed()
        while self.takes("||"):
            left = (lambda one, other: lambda names: null_if_empty(text_of(one(names)) + text_of(other(names))))(
                left, self.summed()
            )
        return left

    def summed(self) -> Eval:
        left = self.multiplied()
        while sign := self.takes("+", "-"):
            left = _applied(operator.add if sign == "+" else operator.sub, left, self.multiplied())
        return left

    def multiplied(self) -> Eval:
        left = self.single()
        while self.takes("*"):
            left = _applied(operator.mul, left, self.single())
        return left

    def single(self) -> Eval:
        kind, word, *_ = self.tokens[self.at]
        if kind in ("text", "number"):
            self.at += 1
            value = int(word) if kind == "number" else null_if_empty(word[1:-1].replace("''", "'"))
            return lambda names: value
        if self.takes("("):
            inner = self.expression()
            self.expects(")")
            return inner
        if self.takes("-"):
            positive = self.single()
            return lambda names: -positive(names)
        if known := self.takes("NULL", "TRUE", "FALSE"):
            return lambda names: {"NULL": None, "TRUE": True, "FALSE": False}[known]
        return self.case() if self.takes("CASE") else self.name()

    def case(self) -> Eval:
        ways = []
        while self.takes("WHEN"):
            holds = self.expression()
            self.expects("THEN")
            ways.append((holds, self.expression()))
        otherwise = self.expression() if self.takes("ELSE") else lambda names: None
        self.expects("END")
        return lambda names: next((value for holds, value in ways if holds(names) is True), otherwise)(names)

    def arguments(self) -> list[Eval]:
        self.expects("(")
        found = []
        while not self.takes(")"):
            if self.tokens[self.at + 1][1] == "=>":
                self.at += 2  # named ones are given in their order
            found.append(self.expression())
            if self.takes("AS"):  # TREAT
                self.word()
            self.takes(",")
        return found

    def name(self) -> Eval:
        name, way = self.way()
        return lambda names: self.body.value(name, way, names)

    def way(self) -> tuple[str, Way]:
        """A name, and what is taken of what it stands for: fields, elements, the result for arguments."""
        name, way = self.word(), Way()
        while self.sees(".", "("):
            way.append(("field", self.word()) if self.takes(".") else ("in", self.arguments()))
        return name, way


def _is_like(value: str, pattern: str, escape: str | None) -> bool:
    mark = re.escape(escape) if escape else "(?!)"
    form = re.sub(
        rf"{mark}(.)|([%_])|(.)",
        lambda found: {"%": ".*", "_": "."}[found[2]] if found[2] else re.escape(found[1] or found[3]),
        pattern,
    )
    return re.fullmatch(form, value, re.S) is not None
