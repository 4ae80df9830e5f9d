"""Recognises passwords in what people paste as an address, so that they are refused and never shown or kept."""

from __future__ import annotations

import re

_SETTING = re.compile(r"(?i)((?:pass|pwd|secret)[\w-]*)\s*=\s*('[^']*'?|\"[^\"]*\"?|[^&\s;]*)")
_SCHEME = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.:-]*://)?")


def has_password(url: str) -> bool:
    """Whether an address carries a password, by any of the ways in which products write one; rather once too often."""
    return without_password(url) != url


def without_password(url: str) -> str:
    """The address without what may be a password: `user:secret@`, `user/secret@`, `?password=secret`.

    Whatever stands between a user and the last @ may be one, also in `user:123/x@host/db`, which reads as a host with its port:
    an @ that belongs to a name is written %40.
    """
    text = _SETTING.sub(lambda found: "", url)
    start = _SCHEME.match(text)
    scheme = start.group() if start else ""
    rest = text[len(scheme) :]
    place, at, host = rest.rpartition("@")
    user = re.split(r"[:/]", place, maxsplit=1)[0]
    if not at or rest.startswith("/") or user == place:
        return text
    return f"{scheme}{user}@{host}"
