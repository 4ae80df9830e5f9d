"""What run.py does before anything is installed: makes the environment once, then hands over. Standard library only."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from maintenance_portal import installation, node_packages, ports
from maintenance_portal.environment import Environment, EnvironmentRefused

ROOT = Path(__file__).resolve().parent.parent
_HELP = """\
python3 run.py                 start the portal with its demo
python3 run.py test [--all]    run the tests (--all: those that take long, too); pytest's options follow
python3 run.py benchmark ...   take the performance figures, on data of their own (benchmark --help says which)
python3 run.py manage ...      any command of manage.py (on another data folder: run.py --data DIR manage ...)

The first start makes .venv beside run.py (PORTAL_VENV: elsewhere) and installs the locked packages into it.
Without the internet: fill the folder wheels on another machine, python3 -m pip download -r requirements.txt -d wheels
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of the usage."""
        _refuse(f"{message[:1].upper()}{message[1:]}; python3 run.py --help shows what there is.", 2)


def _refuse(sentence: str, code: int = 1) -> NoReturn:
    sys.stderr.write(f"run.py: {sentence}\n")
    sys.exit(code)


def main(arguments: list[str]) -> int:
    """Start the portal, its tests, its benchmarks, or a command of manage.py; returns only where nothing could be started."""
    if os.name != "posix":
        _refuse("The portal runs on Linux and macOS; on Windows start it inside WSL.")
    try:
        if arguments[:1] == ["test"]:
            _test(arguments[1:])
        if arguments[:1] == ["benchmark"]:
            _benchmark(arguments[1:])
        if (command := _managed(arguments)) is not None:
            _hand_over(_prepared(demo=False), [str(ROOT / "manage.py"), *command])
        _start(arguments)
    except (EnvironmentRefused, installation.DataFolderRefused, ports.PortRefused) as refusal:
        _refuse(str(refusal))
    except installation.AlreadyRuns as refusal:
        _refuse(str(refusal), 2)
    except KeyboardInterrupt:
        _refuse("Stopped before anything was started.", 130)


def _managed(arguments: list[str]) -> list[str] | None:
    """What follows `manage`, before which the data folder may stand; None = it is no command of manage.py."""
    if "manage" not in arguments[:3]:
        return None
    place = arguments.index("manage")
    if place:
        data = read_options(arguments[:place]).data
        if data is None:
            return None
        os.environ["PORTAL_DATA"] = str(data.absolute())
    return arguments[place + 1 :]


def _start(arguments: list[str]) -> NoReturn:
    options = read_options(arguments)
    if options.data is not None:
        os.environ["PORTAL_DATA"] = str(options.data.absolute())
    # Learned before the packages are installed, not a minute later; the folder first, since another port does not help there.
    _check_data_folder()
    if options.only != "work":
        ports.listen(options.host, options.port).close()
    passed_on = ["--host", options.host, "--port", str(options.port), *(["--no-demo"] if options.no_demo else [])]
    passed_on += ["--only", options.only] if options.only else []
    has_demo = not options.no_demo and options.only is None
    _hand_over(_prepared(demo=has_demo), [str(ROOT / "manage.py"), "portal", *passed_on])


def read_options(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="run.py", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--port", type=int, default=8000, help="where the pages are served (default 8000)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--no-demo", action="store_true", help="start without demo databases, jobs and sign-ins")
    parser.add_argument(
        "--only", choices=("pages", "work"),
        help="one half, where several portals share a database: the pages, or beat and workers",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="the folder that holds the embedded database and the keys (default: data beside run.py); "
        "the demo's databases are made beside it, in DIR-demo",
    )  # fmt: skip
    return parser.parse_args(arguments)


def _check_data_folder() -> None:
    """Raises DataFolderRefused and AlreadyRuns."""
    if (folder := _known_data_folder()) is not None:
        installation.check_data_folder(folder)
        installation.refuse_occupied(folder)


def _known_data_folder() -> Path | None:
    """None where only the settings know it (.env, or a file named by PORTAL_DATA_FILE): then the portal itself checks it."""
    if "PORTAL_DATA_FILE" in os.environ:
        return None
    if folder := os.environ.get("PORTAL_DATA"):
        return Path(folder).absolute()
    return None if (ROOT / ".env").exists() else ROOT / "data"


# Four files at a time, since many tests wait for real processes, and the long ones first (tests/conftest.py); what is asked
# for by itself runs by itself.
_WHOLE_SUITE = ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder"]


def _test(arguments: list[str]) -> NoReturn:
    if "--all" in arguments:
        arguments = [argument for argument in arguments if argument != "--all"]
        os.environ["PORTAL_TEST_ALL"] = "1"
    python = _prepared(demo=True, development=True)
    node_packages.install(ROOT / "tests" / "oracle", say=lambda sentence: print(sentence, flush=True))  # noqa: T201
    os.chdir(ROOT)
    if not arguments:  # compiled once, the tests are there for all the processes of which each would compile them
        command = [str(python), "-m", "pytest", "--collect-only", "-qq"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 (our own command)
    _hand_over(python, ["-m", "pytest", *(arguments or _WHOLE_SUITE)])


def _benchmark(arguments: list[str]) -> NoReturn:
    python = _prepared(demo=True, development=True)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    _hand_over(python, ["-m", "benchmarks", *arguments])


def _prepared(*, demo: bool, development: bool = False) -> Path:
    """The Python of the environment, with everything in it that is asked for."""
    folder = Path(os.environ.get("PORTAL_VENV") or ROOT / ".venv").absolute()
    environment = Environment(folder, ROOT, say=lambda sentence: print(sentence, flush=True))  # noqa: T201
    environment.make()
    environment.install("requirements-dev" if development else "requirements")
    if demo:
        environment.try_to_install("requirements-demo")
    return environment.python


def _hand_over(python: Path, command: list[str]) -> NoReturn:
    sys.stdout.flush()
    try:
        os.execv(python, [str(python), *command])  # noqa: S606 (no shell is wanted)
    except OSError as refusal:
        raise EnvironmentRefused(f"{python} cannot be started: {refusal.strerror}.") from None
