from __future__ import annotations

import os

import pytest

from strategies.platforms.base import NotSupported
from strategies.platforms.sqlite.platform import PLATFORM
from tests.strategies.platforms.sqlite.conftest import Connect, TargetFile


def test_the_load_is_that_of_the_machine(connect: Connect, target: TargetFile, monkeypatch: pytest.MonkeyPatch) -> None:
    session = connect(target.run("CREATE TABLE t(a)").path)
    monkeypatch.setattr(os, "getloadavg", lambda: (3.26, 0.0, 0.0))
    load = PLATFORM.load(session)
    assert (load.figure, load.words) == (3.26, "a load of 3.3 on this machine")
    monkeypatch.delattr(os, "getloadavg")
    with pytest.raises(NotSupported, match="does not tell"):
        PLATFORM.load(session)
