"""Portals that share a database: one serves the pages, the other has the beat and the workers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.maintenance_portal.started import StartedPortal, install, start, wait_for


def health(portal: StartedPortal) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(portal.url + "health/", timeout=30) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as refusal:
        return dict(json.load(refusal))


def test_pages_here_and_work_there_are_one_portal(tmp_path: Path) -> None:
    data = install(tmp_path / "pages")
    keys = {"PORTAL_SECRET_KEY": "k" * 50, "DATABASE_URL": f"sqlite:///{data / 'portal.sqlite3'}"}
    with start(data, "--only", "pages", **keys) as pages:
        wait_for(lambda: pages.page() == 200, "the first page")
        assert pages.children() == {}
        assert health(pages) == {"ok": False, "problem": "The portal's clock does not tick: nothing new starts."}
        with start(tmp_path / "work", "--only", "work", PORTAL_GRACE_SECONDS="2", **keys) as work:
            wait_for(lambda: work.said("beat and workers, without pages"), "the sentence")
            wait_for(lambda: set(work.children()) == {"beat", "worker default", "worker maintenance"}, "all children")
            wait_for(lambda: health(pages)["ok"], "health")
            assert not work.said("http://")
            assert work.end() == 0
            assert work.said("^Stopped")
            assert not work.left()
        assert pages.end() == 0
