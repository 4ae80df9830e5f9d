"""`python3 run.py benchmark`: takes the figures, prints each with what it is to reach, and says what was not measured.

Everything is made in a folder of its own and is gone afterwards; the portal's own data is not touched. The exit state is always 0:
a figure is something to read, not a test.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.measuring import ENOUGH_PAIRS, Figure, machine, not_measured

# What may be asked for, in the order of the figures: each is a module of this package with a function `measure`.
NAMES = (
    "trend_page", "history_pages", "percentiles", "rollup_upkeep", "operation_log", "gate", "punctuality", "clock", "charts",
    "native_tools", "few_needs", "notifications", "log_partitions",
)  # fmt: skip
FULL = (100_000, 1_000_000, 5_000_000)


def main(arguments: Sequence[str]) -> int:
    asked = read_options(arguments)
    with tempfile.TemporaryDirectory(prefix="portal-benchmarks-") as folder:
        _set_up(Path(folder))
        told = [*run(asked, Path(folder))]
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    return 0


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py benchmark", description=__doc__, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)} (default: all)")
    parser.add_argument(
        "--rows", type=_rows, default=FULL, metavar="N,N,…",
        help="rows of the operation log; the figures are meant for the default, %(default)s",
    )  # fmt: skip
    parser.add_argument("--pairs", type=_pairs, default=ENOUGH_PAIRS, help="how often two ways are timed in turns (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.names if name not in NAMES]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(NAMES)}")
    return asked


def _rows(text: str) -> tuple[int, ...]:
    try:
        rows = sorted({int(part) for part in text.replace("_", "").split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} are no numbers with commas between them") from None
    if rows[0] < 1000:
        raise argparse.ArgumentTypeError("fewer than 1000 rows tell nothing")
    return tuple(rows)


def _pairs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError("takes a whole number from 1 to 1000")
    return int(text)


def _set_up(folder: Path) -> None:
    """Django, with a data folder and a database of its own: whatever the environment or `.env` say, the user's stays untouched."""
    for name in [name for name in os.environ if name.startswith(("PORTAL_", "DJANGO_", "Q_", "DATABASE_URL"))]:
        del os.environ[name]
    own = {"PORTAL_DATA": str(folder / "data"), "DATABASE_URL": f"sqlite:///{folder / 'unused.sqlite3'}"}
    os.environ |= {**own, "DJANGO_SETTINGS_MODULE": "maintenance_portal.settings", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    import django

    django.setup()
    from django.conf import settings

    database = Path(settings.DATABASES["default"]["NAME"])
    if database.parent != folder or settings.PORTAL_DATA.parent != folder:
        raise SystemExit("run.py benchmark: the settings lead to another database than its own; nothing was done.")


def run(asked: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Take the figures one after the other, and print each as it comes; as JSON: first the machine, then each of them."""
    from django.utils import timezone

    from benchmarks.bench import Bench
    from benchmarks.portals import Portals

    with Portals(folder) as portals:
        bench = Bench(portals, timezone.now(), asked.rows, asked.pairs)
        place = machine(portals.postgresql_version)
        _say(_in_words(place, asked))
        yield {**place, "rows": asked.rows, "pairs": asked.pairs}
        for name in [name for name in NAMES if name in (asked.names or NAMES)]:
            began, module = perf_counter(), import_module(f"benchmarks.{name}")
            _say(f"\n{name}. {(module.__doc__ or '').splitlines()[0]}")
            for figure in _taken(name, module.measure, bench):
                _say(f"  {line(figure)}")
                yield {"benchmark": name, **figure.as_json()}
            _say(f"  ({perf_counter() - began:.0f} s)")


def _taken(name: str, measure: Callable[[Any], Iterator[Figure]], bench: Any) -> Iterator[Figure]:
    """One that breaks down says so, and the others are taken all the same."""
    try:
        yield from measure(bench)
    except Exception as trouble:
        yield not_measured(name, f"it broke down: {type(trouble).__name__}: {trouble}")


def _in_words(place: dict[str, Any], asked: argparse.Namespace) -> str:
    rows = ", ".join(f"{count:,}" for count in asked.rows)
    lines = [
        f"{place['cores']} cores, {place['system']}, Python {place['python']}, SQLite {place['sqlite']}, "
        f"PostgreSQL {place['postgresql'] or 'not on this machine'}; Oracle is not measured.",
        f"Rows: {rows}. Each ratio is the median of {asked.pairs} pairs taken in turns (the lowest and the highest in brackets).",
    ]
    if asked.pairs < ENOUGH_PAIRS or asked.rows[-1] < FULL[-1]:
        lines.append(
            f"This is for trying out: figures are meant for {FULL[-1]:,} rows and at least {ENOUGH_PAIRS} pairs."
        )
    if place["load"] > 0.5:
        lines.append(f"Other work was going on: a load of {place['load']} for each core.")
    return "\n".join(lines)


def line(figure: Figure) -> str:
    """One figure in one line: what came out, what is to be reached, and whether it is."""
    judged = {None: "", True: "met", False: "NOT MET"}[figure.is_met]
    goal = "" if figure.goal is None else f"{figure.goal.sign} {figure.goal.bound:g}{figure.unit}"
    value = "not measured" if figure.value is None else f"{figure.value:.3g}{figure.unit}"
    spread = "" if figure.spread is None else f" [{figure.spread[0]:.3g}–{figure.spread[1]:.3g}]"
    size = "" if figure.size is None else f"n = {figure.size:,}"
    note = "; ".join(filter(None, (size, figure.note)))
    return f"{f'{value}{spread}':<26} {goal:<8} {judged:<8} {figure.what} ({note})"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
