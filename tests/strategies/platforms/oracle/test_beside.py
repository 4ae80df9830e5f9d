from __future__ import annotations

from strategies.plans import ErrorClass, TargetError
from strategies.platforms.base import PlatformError, Row
from strategies.platforms.oracle.beside import Beside
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.sign_in import Signed
from tests.strategies.platforms.oracle.transport import Connection, oracle_error

_QUERY = oracle_query("progress")
_ROW = {"STATE": "WAITING", "SOFAR": 3}


class Ways:
    """Opens connections that a test lays out, and keeps count and time."""

    def __init__(self, *answers: Connection | ErrorClass) -> None:
        self._answers = list(answers)
        self.opened = 0
        self.now = 0.0
        self.beside = Beside(self._open, lambda: self.now)

    def _open(self) -> Signed:
        self.opened += 1
        answer = self._answers.pop(0)
        if isinstance(answer, ErrorClass):
            raise PlatformError(TargetError(answer, "ORA-01017", "no"))
        return Signed(answer, 1)  # type: ignore[arg-type]

    def look(self) -> Row | None:
        return self.beside.look(_QUERY, {"instance": 1, "sid": 2, "serial": 3})


def test_it_connects_when_first_asked_and_gives_each_answer_a_limit() -> None:
    connection = Connection({"progress": [_ROW]})
    ways = Ways(connection)
    assert ways.opened == 0
    assert ways.look() == {"state": "WAITING", "sofar": 3}
    assert ways.look() == {"state": "WAITING", "sofar": 3}
    assert (ways.opened, connection.call_timeout) == (1, 5000)


def test_after_a_refused_sign_in_it_never_connects_again() -> None:
    ways = Ways(ErrorClass.AUTHENTICATION)
    assert ways.look() is None
    ways.now = 1e9
    assert ways.look() is None
    assert ways.opened == 1


def test_after_other_trouble_it_pauses_twice_as_long_each_time() -> None:
    ways = Ways(ErrorClass.TRANSIENT, ErrorClass.TRANSIENT, Connection({"progress": [_ROW]}))
    for now, opened in ((0, 1), (4.9, 1), (5, 2), (14.9, 2), (15, 3)):
        ways.now = now
        ways.look()
        assert ways.opened == opened


def test_an_account_that_may_not_look_sees_nothing_and_lets_its_connection_go() -> None:
    connection = Connection({"progress": oracle_error(942, "table or view does not exist")})
    ways = Ways(connection)
    assert ways.look() is None
    assert connection.is_closed


def test_nothing_to_see_is_no_trouble() -> None:
    connection = Connection({"progress": []})
    assert Ways(connection).look() is None
    assert not connection.is_closed


def test_once_closed_it_stays_closed() -> None:
    connection = Connection({"progress": [_ROW]})
    ways = Ways(connection)
    ways.look()
    ways.beside.close()
    assert connection.is_closed
    assert ways.look() is None
