"""Definitions as text, JSON or YAML: the same words mean the same in both, and nothing but plain values comes out. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from strategies.generator.definition import DefinitionRefused, Fault

LONGEST = 200_000  # characters
DEEPEST = 20
MOST = 2**63  # no number of a definition is as large


class _Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2, so that 12:30 and no are words. No tags, which make other things than plain values;
    no aliases, since a few lines of them can mean gigabytes.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        start: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not taken", problem_mark=start)
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="tags (!) are not taken", problem_mark=start)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is a word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value[:60]} stands there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


for _tag, _form, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_form})$"), list(_first))


class _Dumper(yaml.SafeDumper):
    """Quotes text that `_Loader` would take for a number."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+.0-9][-+.0-9eE]*$"), list("-+.0123456789"))


def read_text(text: str) -> object:
    """The values of a definition that was typed as JSON or YAML. Raises DefinitionRefused where it is neither."""
    if not text.strip():
        raise _refused("is missing.")
    if len(text) > LONGEST:
        raise _refused(f"has {len(text):,} characters; {LONGEST:,} is the most.")
    try:
        found = _read_json(text) if text.lstrip().startswith(("{", "[")) else _read_yaml(text)
    except RecursionError:
        raise _refused("is nested too deeply.") from None
    _refuse_odd(found)
    return found


def values_as_yaml(values: Mapping[str, Any]) -> str:
    """What was typed so far, right or wrong; empty where that is nothing. `read_text` gives the same values."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110) if values else ""


def values_as_json(values: Mapping[str, Any]) -> str:
    """As `values_as_yaml`."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n" if values else ""


def _read_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole)
    except json.JSONDecodeError as fault:
        raise _refused(f"cannot be read as JSON, line {fault.lineno}, column {fault.colno}: {fault.msg}.") from None


def _read_yaml(text: str) -> object:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise _refused(f"cannot be read as YAML{where}: {fault.problem or fault.context}.") from None
    except (yaml.YAMLError, ValueError) as fault:
        raise _refused(f"cannot be read as YAML: {' '.join(str(fault).split())}.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _refused(f"names {name[:60]} twice.")
        found[name] = value
    return found


def _no_number(word: str) -> float:
    raise _refused(f"holds {word}, which is no number.")


def _whole(digits: str) -> int:
    if len(digits) > 20:
        raise _refused("holds a number that is too large.")
    return int(digits)


def _refuse_odd(value: object, depth: int = 0) -> None:
    """What no file could hold, and what would be too deep for whoever reads it next."""
    if depth > DEEPEST:
        raise _refused("is nested too deeply.")
    if isinstance(value, Mapping):
        for name, one in value.items():
            _refuse_odd(name, depth + 1)
            _refuse_odd(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _refuse_odd(one, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise _refused("holds a number that is too large.")
    elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise _refused("holds half a character.")
    elif isinstance(value, int) and abs(value) > MOST:
        raise _refused("holds a number that is too large.")
    elif not isinstance(value, str | int | float | bool | None):
        raise _refused(f"holds {type(value).__name__}, which is no plain value.")


def _refused(reason: str) -> DefinitionRefused:
    return DefinitionRefused([Fault("definition", reason)])
