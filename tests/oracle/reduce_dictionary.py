"""Keeps of a whole dictionary of Oracle what the project's files name: `python -m tests.oracle.reduce_dictionary WHOLE FILE ...`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "dictionary.json"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]+")
_OF_A_VIEW = ("footnoted", "also", "since", "unverified")
_OF_A_CALL = ("parameters", "optional", "kind", "returns", "doubtful")


def named_in(texts: Iterable[str]) -> set[str]:
    """Every word in capitals, as in the dictionary: V_$SESSION is V$SESSION, a V$ view stands for its GV$ twin, too."""
    words = {re.sub(r"^(G?V)_\$", r"\1$", word.upper()) for text in texts for word in _NAME.findall(text)}
    return words | {f"G{word}" for word in words if word.startswith("V$")}


def reduced(whole: dict[str, Any], names: set[str]) -> dict[str, Any]:
    views = {name: _view(view) for name, view in sorted(whole["views"].items()) if name in names}
    packages = {
        package: {call: _call(found) for call, found in sorted(calls.items())}
        for package, calls in sorted(whole["packages"].items())
        if package in names
    }
    return {
        "source": whole["source"], "made": whole["made"], "views": views, "packages": packages,
        "no_gv_twin": sorted(set(whole["no_gv_twin"])), "grant_on": whole["grant_on"],
        "undocumented": sorted(names.intersection(whole["undocumented"])),
        "synonyms": {name: of for name, of in whole["synonyms"].items() if name in names},
    }  # fmt: skip


def _view(view: dict[str, Any]) -> dict[str, Any]:
    return {"columns": sorted(view["columns"]), **{key: view[key] for key in _OF_A_VIEW if view.get(key)}}


def _call(call: dict[str, Any]) -> dict[str, Any]:
    found = {key: call[key] for key in _OF_A_CALL if call.get(key)}
    found |= {"undocumented": True} if call.get("documented") is False else {}
    others = [*(one["parameters"] for one in call.get("overloads", [])), *call.get("spec18", [])]
    names = dict.fromkeys([*call["parameters"], *(name for one in others for name in one)])
    return {**found, "parameters": list(names), **({"varies": True} if others else {})}


def written(found: dict[str, Any]) -> str:
    """One line for each view and package, so that a change shows what it is."""
    lines = []
    for key, value in found.items():
        if key in ("views", "packages"):
            rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{rows}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    source, *files = sys.argv[1:]
    texts = [Path(file).read_text(encoding="utf-8") for file in files]
    KEPT.write_text(written(reduced(json.loads(Path(source).read_text(encoding="utf-8")), named_in(texts))))
