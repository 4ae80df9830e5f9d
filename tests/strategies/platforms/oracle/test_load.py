from __future__ import annotations

from typing import Any

import pytest

from strategies.platforms.base import NotSupported, PlatformError
from strategies.platforms.oracle.platform import PLATFORM
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection, oracle_error


@pytest.mark.parametrize(
    ("active", "words"), [(0, "0 active sessions"), (1, "1 active session"), (7, "7 active sessions")]
)
def test_the_load_is_a_count_of_sessions(active: int, words: str) -> None:
    load = PLATFORM.load(a_session(Connection({"load": [{"ACTIVE": active}]})))
    assert (load.figure, load.words) == (active, words)


def test_an_account_that_does_not_see_sessions_says_which_right_it_lacks() -> None:
    hidden = oracle_error(942, "table or view does not exist")
    with pytest.raises(NotSupported, match=r"SELECT ON SYS.GV_\$SESSION"):
        PLATFORM.load(a_session(Connection({"load": hidden})))


def test_other_trouble_is_no_lack_of_a_right() -> None:
    answers: dict[str, Any] = {"load": oracle_error(1555, "snapshot too old")}
    with pytest.raises(PlatformError, match="ORA-01555"):
        PLATFORM.load(a_session(Connection(answers)))
