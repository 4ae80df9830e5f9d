"""Strategies of installed packages: found by their entry points; one that cannot be used is named and stops nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from maintenance_portal import checks
from strategies import capabilities, plug_ins, registry

Install = Callable[..., None]
_GOOD = '''
    """A strategy."""
    from strategies.composed import Composed, Part
    from strategies.routines.base import Parameters

    class Own(Composed[Parameters]):
        """Own

        What it does
            This.

        When to use
            Then.

        Risk
            Some.

        Undo
            None.
        """

        name = "OWN_CARE"
        title = "Own care"
        version = "1"
        parameters = Parameters
        parts = (Part("ANALYZE", "STATISTICS_MAINTENANCE"), Part("REBUILD", "INDEX_MAINTENANCE"))

    ROUTINE = Own()
'''


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A package as an installer leaves it; the registry looks anew before and after."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def package(module: str, source: str, *, entry: str = "OWN_CARE", value: str = "") -> None:
        (tmp_path / f"{module}.py").write_text(dedent(source).lstrip(), encoding="utf-8")
        told = tmp_path / f"{module}-2.5.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 2.5\n", encoding="utf-8")
        line = f"[{plug_ins.GROUP}]\n{entry} = {value or module + ':ROUTINE'}\n"
        (told / "entry_points.txt").write_text(line, encoding="utf-8")
        _forget()

    _forget()
    yield package
    _forget()
    for name in set(sys.modules) - known:
        del sys.modules[name]


def _forget() -> None:
    for cached in (registry.installed, registry.routines, registry.concern):
        cached.cache_clear()


def test_an_installed_strategy_is_one_beside_the_portals_own(install: Install) -> None:
    before = set(registry.routines())
    install("own_care", _GOOD)
    assert set(registry.routines()) == before | {"OWN_CARE"}
    assert list(registry.routines()) == sorted(registry.routines())
    assert registry.installed().faults == ()
    assert "OWN_CARE" not in registry.own_routines()
    for platform in registry.platforms():
        assert registry.supports(platform, "OWN_CARE")
        (capability,) = [one for one in capabilities.capabilities(platform) if one.strategy == "OWN_CARE"]
        own = {
            name
            for part in ("STATISTICS_MAINTENANCE", "INDEX_MAINTENANCE")
            for name in registry.concern(platform, part).queries
        }
        assert {query.name for query in capability.queries} == own
        assert set(registry.changes(platform, "indexes")) <= set(capability.changes)


REBUILD = '"INDEX_MAINTENANCE")'


def with_rebuild(more: str) -> str:
    return _GOOD.replace(REBUILD, f'"INDEX_MAINTENANCE", {more})')


WRONG = {
    "raises when it is imported": (_GOOD + "\n    raise RuntimeError('no library')\n", "RuntimeError: no library"),
    "stumbles when it is imported": (_GOOD + "\n    import os\n    os.no_such_thing\n", "AttributeError: "),
    "is no strategy": ("ROUTINE = 5\n", "it is not put together from parts"),
    "calls itself otherwise": (_GOOD.replace('"OWN_CARE"', '"OTHER"'), "it calls itself OTHER."),
    "takes a routine that there is not": (_GOOD.replace("INDEX_MAINTENANCE", "SELF_REPAIR"), "made of SELF_REPAIR, and"),
    "ends the process when it is imported": (_GOOD + "\n    import sys\n    sys.exit('bye')\n", "SystemExit: bye"),
    "has no title": (_GOOD.replace('title = "Own care"', ""), "it does not say its title."),
    "has no name": (_GOOD.replace('name = "OWN_CARE"', ""), "it calls itself nothing."),
    "has two parts of one operation": (_GOOD.replace('Part("REBUILD"', 'Part("ANALYZE"'), "have the same operation."),
    "takes what is filled in elsewhere": (
        _GOOD.replace("INDEX_MAINTENANCE", "STRATEGY_DEPLOYMENT"), "STRATEGY_DEPLOYMENT cannot be a part of another strategy.",
    ),
    "has no parts": (_GOOD.replace("parts = (", "parts = () and ("), "it has no parts."),
    "has no manual": (_GOOD.replace("Risk", "Danger"), "its docstring is no manual page: expected the sections"),
    "hands on what no routine takes": (
        with_rebuild('fixed={"speed": 3}'), "speed is no parameter of INDEX_MAINTENANCE."
    ),
    "hands on what it has not": (
        with_rebuild('settings=("rebuild_bloated",)'),
        "rebuild_bloated is no parameter of its own, and REBUILD is to get it.",
    ),
    "fixes a wrong value": (with_rebuild('fixed={"retries": 99}'), "ParametersRefused: retries: "),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_cannot_be_used_is_named_and_stops_nothing(install: Install, wrong: str) -> None:
    source, reason = WRONG[wrong]
    before = set(registry.routines())
    install("own_care", source)
    assert set(registry.routines()) == before
    (fault,) = registry.installed().faults
    assert fault.startswith("Strategy OWN_CARE of the package own_care 2.5 cannot be used: ")
    assert reason in fault
    (message,) = checks.installed_strategies()
    assert (message.id, message.msg) == ("portal.W005", fault)


def test_a_broken_one_leaves_the_good_one(install: Install) -> None:
    install("broken_care", "import no_such_module\n", entry="BROKEN")
    install("own_care", _GOOD)
    assert "OWN_CARE" in registry.routines()
    (fault,) = registry.installed().faults
    assert "BROKEN of the package broken_care 2.5" in fault
    assert "no_such_module" in fault


def test_no_package_takes_the_place_of_another_strategy(install: Install) -> None:
    own = registry.routines()["INDEX_MAINTENANCE"]
    install("false_care", _GOOD.replace("OWN_CARE", "INDEX_MAINTENANCE"), entry="INDEX_MAINTENANCE")
    install("own_care", _GOOD)
    install("second_care", _GOOD)
    assert registry.routines()["INDEX_MAINTENANCE"] is own
    faults = registry.installed().faults
    assert [reason for fault in faults for reason in ("the portal itself", "another package") if reason in fault] == [
        "the portal itself",
        "another package",
    ]


def test_a_name_is_one_of_capitals(install: Install) -> None:
    install("own_care", _GOOD.replace("OWN_CARE", "own-care"), entry="own-care")
    assert "its name is not one of capitals" in registry.installed().faults[0]
