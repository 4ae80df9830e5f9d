"""The shape of an error's message: what stays when the names, numbers, dates and paths of one occurrence are taken out.

Two errors of one kind on two objects have one shape. Pure: the same message always has the same shape, and a shape is
its own shape.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

LONGEST = 500  # characters of a shape, as its column has them
READ = 2000  # characters of a message that are looked at, as the log's columns have them
GONE = "…"
_ROUNDS = 8  # messages settle after one or two

Rule = tuple[re.Pattern[str], str]


def _rule(pattern: str, by: str) -> Rule:
    return re.compile(pattern), by


# What an error is about: these stay, although they hold digits or underscores.
_CODE = r"(?:(?:ORA|PLS|TNS|DPY|DPI|RMAN|LRM|KUP|CRS)-\d{4,5}|SQLITE_[A-Z_]+)\b"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_KIND = (
    r"(?:materialized view|foreign table|tablespace|partition|relation|database|sequence|function|procedure|savepoint"
    r"|trigger|column|schema|package|module|object|table|index|view|role|user)"
)
# Words that follow such a kind without being a name.
_NO_NAME = (
    r"(?!(?:is|are|was|has|have|does|do|not|or|and|in|on|of|at|to|by|from|for|with|without|within|because|that|this|which"
    r"|already|could|cannot|can|must|may|will|should|name|names|named|space|data|block|changed|locked|referenced|request"
    rf"|values?|body|definition|constraints?|rows?|scan|file|key|owner|lock|partition|table|index)\b|{GONE})"
)
_ENDS = r"(?=$|[,;:)]|\.(?:\s|$)|\s(?:because|by|in|of|on|is|are|as|to|and|with|at|for|from|already|does|has)\b)"
_IN_WORDS = (
    r"(?<![\w.$#-])(?<!arguments: \[)"  # at the beginning of a word; the first argument of ORA-00600 tells its kind
)

_RULES: tuple[Rule, ...] = (
    _rule(r"[\x00-\x1f\x7f\s]+", " "),
    # PostgreSQL tells the kind of error in the primary message; what follows says of which object, and what to try.
    _rule(r"\s?\b(?:DETAIL|HINT|CONTEXT|QUERY|LOCATION|STATEMENT):.*", ""),
    _rule(r"\s?\bLINE \S+: .*", ""),
    # Oracle adds by which way it came there, where to read about it, and the arguments of internal errors.
    _rule(r'\s?\bORA-06512: at (?:"[^"]*", |[\w.$#]+, )?line \d+', ""),
    _rule(r"\s?\bHelp: https?://\S+", ""),
    _rule(r"(internal error code, arguments: \[[^\[\]]*\]).*", r"\1"),
    # What is quoted is a name or a value; an apostrophe within a word quotes nothing.
    _rule(r'"(?:[^"]|"")*(?:"|$)', GONE),
    _rule(r"(?<!\w)'(?:[^']|'')*'(?!\w)", GONE),
    _rule(r"[`«„“][^`»“”]*[`»”“]", GONE),
    # Key (id)=(5), and names and values in brackets after the word that says what they are.
    _rule(r"\([^()]*\)\s?=\s?\([^()]*\)", GONE),
    _rule(r"\b(constraint|schema|columns?|values?) \([^()]*\)(?: - .* error)?", rf"\1 ({GONE})"),
    _rule(r"(?<!arguments: )\[[^\[\]]*\d[^\[\]]*\]", f"[{GONE}]"),
    # Dates written with words, and zones.
    _rule(rf"\b(?:{_DAY},? )?(?:\d{{1,2}} {_MONTH}|{_MONTH} \d{{1,2}})\b(?:,? \d{{4}})?", GONE),
    _rule(rf"([\d{GONE}]) (?:UTC|GMT|CES?T|WES?T|EES?T|[ECMP][SD]T|AM|PM)\b", r"\1"),
    # Addresses and paths.
    _rule(r"\b\w[\w+.-]*://[^\s,;)]+", GONE),
    _rule(r"(?<![\w/])(?:[A-Za-z]:[\\/]|\\\\|\+(?=\w+/)|~?/|\.{1,2}/)[^\s,;:()]*[\w*]", GONE),
    _rule(r"\b[\w.$#-]+(?:/[\w.$#-]+){2,}", GONE),
    # Names without quotes: by what stands before them, between what they stand, or by their look.
    _rule(r"\b(no such [a-z ]+|constraint failed|(?:duplicate|ambiguous) column name|is locked): [^\s:;][^:;]*", rf"\1: {GONE}"),
    _rule(r"\bmalformed database schema \([^()]*\).*", f"malformed database schema ({GONE})"),
    _rule(rf"\b((?:denied|privileges|owner) (?:for|of|to|on) (?:{_KIND}|type)) (?!{GONE})\S*[^\s.,;:]", rf"\1 {GONE}"),
    _rule(rf"\b((?:from|in|into|of|on|to|for|lock|extend|drop|alter|create|rebuild) {_KIND}) {_NO_NAME}[\w.$#]*[\w$#]{_ENDS}",
          rf"\1 {GONE}"),
    _rule(rf"\b({_KIND}) {_NO_NAME}[\w.$#]*[\w$#] (already exists|does not exist|is locked|may not be|has)\b", rf"\1 {GONE} \2"),
    _rule(r"\bcolumn named \S*[^\s.,;:]", f"column named {GONE}"),
    _rule(r"\bfunction [\w.$#]+\([^()]*\)", f"function {GONE}"),
    _rule(rf"(?<![\w{GONE}-])[A-Za-z_][\w$#]*(?:\.[A-Za-z_][\w$#]*)+(?:\(\))?", GONE),
    # What has a digit, a dollar or an underscore in it is a number or a name.
    _rule(rf"{_IN_WORDS}(?!{_CODE})(?=[\w.$#:+%/=-]*[\d_$])[\w$#+-][\w.$#:+%/=-]*[\w$#%=]", GONE),
    _rule(rf"{_IN_WORDS}\d", GONE),
    _rule(r"\b[0-9a-fA-F]{12,}\b", GONE),
    # One after the other they say no more than one; a unit says no more than its number.
    _rule(rf"{GONE}(?:[\s,;:=/.@+-]{{0,2}}(?:{GONE}|\({GONE}\)))+", GONE),
    _rule(rf"{GONE}\s?(?:kB|KB|MB|GB|TB|bytes?|seconds?|ms|s|min|h)\b", GONE),
    _rule(r"\s+", " "),
    _rule(r"[\s.]+$", ""),
)  # fmt: skip


@lru_cache(maxsize=4096)  # a flood of errors says the same thing again and again
def shape(message: str) -> str:
    """What messages of the same kind have in common; at most LONGEST characters, never an error, and its own shape."""
    text = message[:READ]
    for _ in range(_ROUNDS):
        before, text = text, _once(text)
        if text == before:
            return text
    return GONE  # it did not settle: nothing that a database writes


def _once(text: str) -> str:
    for pattern, by in _RULES:
        text = pattern.sub(by, text)
    return text.strip()[:LONGEST]


def fingerprint(error_code: str, strategy_name: str, message_shape: str) -> str:
    """What tells a group of errors from all others: 64 characters, whatever the length of its parts."""
    parts = "\x1f".join((error_code, strategy_name, message_shape))
    return hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()
