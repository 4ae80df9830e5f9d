"""Makes the Python environment of the portal and installs the locked packages into it, once. Standard library only."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_TRY_AGAIN_AFTER = 24 * 3600  # seconds: what could not be installed is not tried again at every start


class EnvironmentRefused(Exception):
    """The sentence to show."""


class Environment:
    """One virtual environment. A stamp per lock file tells what is installed, so that later starts need not ask pip."""

    def __init__(self, folder: Path, root: Path, *, say: Callable[[str], None]) -> None:
        self._folder, self._root, self._say = folder, root, say
        self.python = folder / "bin" / "python"

    def make(self) -> None:
        """Make the environment, or make it anew where it belongs to another Python or is only half there."""
        if self._is_usable():
            return
        if self._folder.exists() and any(self._folder.iterdir()) and not (self._folder / "pyvenv.cfg").exists():
            raise EnvironmentRefused(
                f"{self._folder} holds something else than a Python environment; name another folder."
            )
        _check_modules()
        self._may_write()
        self._say(f"Making the Python environment {self._folder} ...")
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", "venv", "--clear", str(self._folder)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip().splitlines()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EnvironmentRefused(
                f"The Python environment could not be made: {said[-1] if said else 'no reason given'}"
            )

    def _is_usable(self) -> bool:
        """Of this Python's series, and with pip: a start that was broken off may have left it without."""
        if not self.python.exists():
            return False
        settings = dict(
            line.split(" = ", 1) for line in (self._folder / "pyvenv.cfg").read_text().splitlines() if " = " in line
        )
        series = settings.get("version", "").split(".")[:2]
        if series != [str(part) for part in sys.version_info[:2]]:
            return False
        return any((self._folder / "lib").glob("python3*/site-packages/pip/__main__.py"))

    def _may_write(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe = self._folder / ".probe"
            probe.touch()
            probe.unlink()
        except OSError as refusal:
            raise EnvironmentRefused(
                f"The folder {self._folder} cannot be written ({refusal.strerror}); PORTAL_VENV names another."
            ) from None

    def install(self, name: str) -> None:
        """Install the lock file `<name>.txt`, unless that is done. Raises EnvironmentRefused."""
        wanted = self._stamp_of(name)
        if self._stamp(name) == wanted:
            return
        self._may_write()
        self._say("Installing the packages (only this once) ...")
        done = self._pip(name, capture=False)
        if done.returncode != 0:
            raise EnvironmentRefused("The packages could not be installed; what pip said stands above.")
        self._keep_stamp(name, wanted)

    def try_to_install(self, name: str) -> None:
        """The same for packages that the portal can do without: where it fails, a note, and not again for a day."""
        wanted = self._stamp_of(name)
        failed = f"failed {wanted}"
        if self._stamp(name) == wanted or (self._stamp(name) == failed and not self._is_old(name)):
            return
        if self._pip(name, "--only-binary", ":all:", capture=True).returncode == 0:
            self._keep_stamp(name, wanted)
            return
        self._say("Note: the PostgreSQL server of the demo cannot be installed here; the demo goes on with SQLite.")
        self._keep_stamp(name, failed)

    def _pip(self, name: str, *options: str, capture: bool) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wheels = self._root / "wheels"
        if wheels.is_dir():
            command += ["--no-index", "--find-links", str(wheels)]
        return subprocess.run(  # noqa: S603 (our own command)
            [*command, *options, "-r", str(self._root / f"{name}.txt")], capture_output=capture, text=True, check=False
        )

    def _stamp_of(self, name: str) -> str:
        content = (self._root / f"{name}.txt").read_bytes()
        return hashlib.sha256(content + sys.version.encode()).hexdigest()

    def _stamp_file(self, name: str) -> Path:
        return self._folder / f"portal-{name}.stamp"

    def _stamp(self, name: str) -> str | None:
        try:
            return self._stamp_file(name).read_text()
        except FileNotFoundError:
            return None

    def _keep_stamp(self, name: str, text: str) -> None:
        draft = self._folder / f"portal-{name}.{os.getpid()}"
        draft.write_text(text)
        draft.replace(self._stamp_file(name))

    def _is_old(self, name: str) -> bool:
        return time.time() - self._stamp_file(name).stat().st_mtime > _TRY_AGAIN_AFTER


def _check_modules() -> None:
    """Some systems ship Python without them; a module that is found need not be whole either. Raises EnvironmentRefused."""
    try:
        for name in ("venv", "ensurepip"):
            importlib.import_module(name)
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise EnvironmentRefused(
            f"This Python lacks its module venv; on Debian and Ubuntu it comes with: sudo apt install {package}"
        ) from None
