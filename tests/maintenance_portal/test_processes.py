"""What processes are asked to do, and in which thread sockets close."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from maintenance_portal.processes import Flag
from maintenance_portal.supervisor import Web
from tests.installed import ROOT
from tests.maintenance_portal.started import wait_for

ENOUGH = 5_000  # threading.Event in its place waits for ever within some hundreds
INTERRUPTED = f"""
import faulthandler, signal
from maintenance_portal.processes import Flag
faulthandler.dump_traceback_later(50, exit=True)
for number in range({ENOUGH}):
    flag = Flag()
    signal.signal(signal.SIGALRM, lambda *_: flag.set())
    signal.setitimer(signal.ITIMER_REAL, 0.00005 + number % 7 * 0.00001)
    while not flag.wait(0.00001):
        pass
"""


def test_a_signal_may_come_at_any_point_of_waiting() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr


def test_everybody_who_waits_for_a_flag_is_woken() -> None:
    flag, woken = Flag(), []
    waiting = [threading.Thread(target=lambda: woken.append(flag.wait())) for _ in range(3)]
    for thread in waiting:
        thread.start()
    assert not flag.wait(0.01)
    flag.set()
    for thread in waiting:
        thread.join(10)
    assert woken == [True, True, True]
    assert flag.wait(0)


class Slow:
    """Requests that wait until they may go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.begun.set()
        self.go_on.wait(30)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
        return [b"done"]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    pages = Slow()
    monkeypatch.setattr("maintenance_portal.supervisor.WSGIHandler", lambda: pages)
    yield pages
    pages.go_on.set()


def test_the_pages_end_in_order(slow: Slow, caplog: pytest.LogCaptureFixture) -> None:
    broken: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", broken.append)
        port = listener.getsockname()[1]
        web = Web(socket.socket(fileno=listener.detach()))
        web.start()
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        kept.request("GET", "/")
        assert slow.begun.wait(30)
        ending = threading.Thread(target=web.end)
        ending.start()
        wait_for(lambda: refuses(port), "a refusal")
        slow.go_on.set()
        assert kept.getresponse().read() == b"done"
        ending.join(30)
        assert web.is_alive
    assert not broken
    assert not [record for record in caplog.records if record.name != "waitress.queue"]  # that one tells of load only


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # closed just while this one was taken
        pass
    time.sleep(0.01)
    return False


def test_signals_that_ask_for_the_end_wait_while_they_are_held() -> None:
    code = (
        "import os, signal\nfrom maintenance_portal import processes\nflag = processes.Flag()\n"
        "with processes.signals_held():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    processes.stop_on_signals(flag)\n"
        "    assert not flag.is_set()\n"
        "assert flag.wait(10)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (done.stderr, signal.Signals(-done.returncode) if done.returncode < 0 else "")
