"""While the portal's own database is away, what is to be written waits; other trouble is told at once."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections

from strategies import cut_off
from strategies.cut_off import is_cut_off, once_it_answers


class Database:
    """Gives each attempt what it has for it: a text, or trouble."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = list(answers)

    def write(self) -> str:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_off, "ASK_EVERY_SECONDS", 0)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection that was good is good for nothing."""
    monkeypatch.setattr(type(connections["default"]), "is_usable", lambda _: False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "trouble", [OperationalError, InterfaceError, DatabaseError]
)  # Oracle's driver: the last, DPY-4011
def test_it_is_written_once_the_database_answers(away: None, trouble: type[Exception]) -> None:
    database = Database(trouble("cut"), trouble("still away"), "written")
    assert once_it_answers(database.write) == "written"


@pytest.mark.django_db(transaction=True)
def test_what_may_be_kept_already_is_looked_for_first(away: None) -> None:
    assert once_it_answers(Database(OperationalError("cut")).write, lambda: "found") == "found"


@pytest.mark.django_db(transaction=True)
def test_what_the_database_refuses_is_told_at_once() -> None:
    connection.ensure_connection()
    with pytest.raises(OperationalError, match="locked"):
        once_it_answers(Database(OperationalError("locked"), "written").write)


@pytest.mark.django_db
def test_within_a_transaction_nobody_waits(away: None) -> None:
    with pytest.raises(OperationalError):
        once_it_answers(Database(OperationalError("cut"), "written").write)


@pytest.mark.django_db(transaction=True)
def test_patience_ends(away: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_off, "PATIENCE_SECONDS", -1)
    with pytest.raises(OperationalError):
        once_it_answers(Database(OperationalError("cut"), "written").write)


@pytest.mark.django_db(transaction=True)
def test_only_trouble_of_the_database_is_that(away: None) -> None:
    connection.ensure_connection()
    assert is_cut_off(OperationalError("cut"))
    assert not is_cut_off(ValueError("of something else"))
    assert not is_cut_off(None)
