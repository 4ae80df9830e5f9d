"""install_plsql: what it will do is said first, what does not compile fails, and a target's rows are collected before they go."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from strategies import collecting, definitions
from strategies.models import AuditEntry, LogCollection, Target
from strategies.platforms.oracle import sign_in
from strategies.plsql.scripts import GENERATOR, Place, generator, script, units
from tests.maintenance_portal.commands.conftest import command
from tests.strategies.platforms.oracle.conftest import sales
from tests.strategies.platforms.oracle.test_facts import seen
from tests.strategies.platforms.oracle.test_own_units import RIGHTS, there
from tests.strategies.platforms.oracle.transport import Connection

__all__ = ["sales"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """Each connection is a new one; they are kept."""
    found: list[Connection] = []

    def connect(**_: Any) -> Connection:
        found.append(Connection(seen(**{"system_privileges": RIGHTS, **answers})))
        return found[-1]

    answers: dict[str, Any] = {}
    monkeypatch.setattr(sign_in.oracledb, "connect", connect)
    monkeypatch.setattr(sys, "stdin", StringIO())
    found.append(answers)  # type: ignore[arg-type]
    return found


def sent(made: list[Connection]) -> list[str]:
    found = [statement for connection in made[1:] for statement in connection.sent]
    return [statement for statement in found if statement.startswith(("CREATE", "COMMENT", "DROP"))]


def test_it_says_what_it_will_do_and_does_nothing_before_a_yes(sales: Target, made: list[Connection]) -> None:
    asked = command("install_plsql", "--target", "sales")
    assert asked.code == 2
    assert "say --yes to begin" in asked.err
    for unit in units(Place.TARGET):
        assert f"  {unit.kind} {unit.name}\n" in asked.out
    assert "with tables of its own" in asked.out
    assert sent(made) == []


def test_it_installs_on_a_target_audited_and_has_it_looked_at_again(sales: Target, made: list[Connection]) -> None:
    done = command("install_plsql", "--target", "sales", "--yes")
    assert (done.code, "all of it compiles" in done.out) == (0, True), done
    assert sent(made) == [unit.statement for unit in units(Place.TARGET)]
    entry = AuditEntry.objects.get(action="packages.installed")
    assert entry.after is not None
    assert (entry.target, len(entry.after["units"])) == (sales, len(units(Place.TARGET)))
    sales.refresh_from_db()
    assert sales.is_being_checked


def test_what_does_not_compile_is_a_failure_with_its_lines(sales: Target, made: list[Connection]) -> None:
    made[0]["own_compile_errors"] = [  # type: ignore[index]
        {
            "KIND": "PACKAGE BODY",
            "NAME": "GENERIC_LOG_STORE_PKG",
            "LINE": 3,
            "POSITION": 1,
            "TEXT": "PLS-00103: unexpected",
        }
    ]
    failed = command("install_plsql", "--target", "sales", "--yes")
    assert failed.code == 1
    assert "PACKAGE BODY GENERIC_LOG_STORE_PKG, line 3: PLS-00103: unexpected" in failed.err


def test_what_is_not_ours_stands_in_the_way(sales: Target, made: list[Connection]) -> None:
    made[0]["own_units"] = there(*units(Place.TARGET)[:1], is_ours=0)  # type: ignore[index]
    refused = command("install_plsql", "--target", "sales", "--yes")
    assert (refused.code, "is there and not ours" in refused.err, "Nothing was done." in refused.err) == (1, True, True)
    assert sent(made) == []


def test_before_a_targets_tables_go_their_rows_are_collected(
    sales: Target,
    made: list[Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made[0]["own_units"] = there(*units(Place.TARGET))  # type: ignore[index]
    LogCollection.objects.create(target=sales, next_at="2026-11-24T10:30Z")
    collected: list[list[str]] = []
    monkeypatch.setattr(
        collecting, "collect", lambda target, moment: collected.append(sent(made)) or len(collected) < 3
    )
    gone = command("install_plsql", "--target", "sales", "--uninstall", "--yes")
    assert gone.code == 0, gone
    assert "TABLE GENERIC_OPERATION_LOG and all its rows, once the portal has collected them" in gone.out
    packages = ['DROP PACKAGE "GENERIC_LOG_STORE_PKG"', 'DROP PACKAGE "GENERIC_MAINTENANCE_LOGGER_PKG"']
    assert collected == [packages] * 3  # nobody logs any more, and no table is gone yet
    assert sent(made)[-1] == 'DROP TABLE "GENERIC_STRATEGY_TYPES" PURGE'
    assert not LogCollection.objects.exists()
    assert AuditEntry.objects.filter(action="packages.removed", target=sales).exists()


def test_rows_that_cannot_be_collected_keep_the_tables(
    sales: Target,
    made: list[Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made[0]["own_units"] = there(*units(Place.TARGET))  # type: ignore[index]
    LogCollection.objects.create(
        target=sales, next_at="2026-11-24T10:30Z", error="ORA-00942: table or view does not exist"
    )
    monkeypatch.setattr(collecting, "collect", lambda target, moment: 0)
    kept = command("install_plsql", "--target", "sales", "--uninstall", "--yes")
    assert (kept.code, "its rows would be lost: ORA-00942" in kept.err) == (1, True)
    assert not any("TABLE" in statement for statement in sent(made))


def test_the_generator_comes_along_where_it_is_asked_for(sales: Target, made: list[Connection]) -> None:
    more = definitions.units_in_oracle(Place.TARGET)
    done = command("install_plsql", "--target", "sales", "--generator", "--yes")
    assert (done.code, "  ROWS GENERIC_GENERATOR_MASTERS\n" in done.out) == (0, True), done
    every = [statement for connection in made[1:] for statement in connection.sent]
    wanted = [unit.statement for unit in (*units(Place.TARGET), *more)]
    assert [statement for statement in every if statement in set(wanted)] == wanted


def test_a_library_that_cannot_be_used_keeps_the_generator_out_and_nothing_else(
    sales: Target, made: list[Connection], settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations" / "broken.toml").write_text("operation_type =", encoding="utf-8")
    settings.PORTAL_GENERATOR = tmp_path
    refused = command("install_plsql", "--target", "sales", "--generator", "--yes")
    assert (refused.code, "The generator cannot be installed: " in refused.err, "broken.toml" in refused.err) == (
        1,
        True,
        True,
    )
    assert sent(made) == []
    assert command("install_plsql", "--target", "sales", "--yes").code == 0


def test_what_the_generator_holds_goes_without_being_collected(
    sales: Target, made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    made[0]["own_units"] = there(*units(Place.TARGET), *generator(Place.TARGET))  # type: ignore[index]
    collected: list[list[str]] = []
    monkeypatch.setattr(collecting, "collect", lambda target, moment: collected.append(sent(made)))
    gone = command("install_plsql", "--target", "sales", "--uninstall", "--yes")
    assert "  TABLE GENERIC_GENERATOR_WORDS and all its rows\n" in gone.out, gone
    assert f'DROP PACKAGE "{GENERATOR}"' in collected[0]
    assert 'DROP TABLE "GENERIC_JOB_TYPES" PURGE' in collected[0]
    assert not any("OPERATION_LOG" in statement for statement in collected[0])
    assert sent(made)[-1] == 'DROP TABLE "GENERIC_STRATEGY_TYPES" PURGE'
    assert command("install_plsql", "--target", "sales", "--uninstall", "--generator").code == 2


def test_nothing_of_ours_is_no_failure(sales: Target, made: list[Connection]) -> None:
    assert "Nothing of ours is on sales." in command("install_plsql", "--target", "sales", "--uninstall", "--yes").out


def test_a_database_without_packages_is_refused() -> None:
    refused = command("install_plsql", "--yes")
    assert refused.code == 2
    assert "strategies written in Python log by themselves" in refused.err


@pytest.mark.parametrize(
    ("words", "place"), [((), Place.TARGET), (("target",), Place.TARGET), (("portal",), Place.PORTAL)]
)
def test_the_script_is_printed_for_who_installs_by_hand(words: tuple[str, ...], place: Place) -> None:
    printed = command("install_plsql", "--print", *words)
    assert (printed.code, printed.out.strip()) == (0, script(place).strip())
    whole = command("install_plsql", "--print", *words, "--generator")
    assert (whole.code, whole.out.strip()) == (0, script(place, definitions.units_in_oracle(place)).strip())
    assert command("install_plsql", "--print", "--uninstall").code == 2
    assert command("install_plsql", "--print", "--target", "sales").code == 2
