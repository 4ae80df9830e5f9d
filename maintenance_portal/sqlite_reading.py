"""How the portal reads its own SQLite database, which takes any bytes for text: what is no UTF-8 costs its letters, not the page."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any


class Connection(sqlite3.Connection):
    """A row typed with a tool that writes another encoding would otherwise break whatever reads it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.text_factory = partial(str, encoding="utf-8", errors="replace")
