"""Recognises passwords in what people paste as an address, so that they are refused and never shown or kept."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SETTING = re.compile(r"(?i)((?:pass|pwd|secret)[\w-]*)\s*=\s*('[^']*'?|\"[^\"]*\"?|[^&\s;]*)")
_SCHEME = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.:-]*://)?")


def has_password(url: str) -> bool:
    """Whether an address carries a password, by any of the ways in which products write one; rather once too often."""
    return without_password(url) != url


def without_password(url: str) -> str:
    """The address without what may be a password: `user:secret@`, `user/secret@`, `?password=secret`."""
    text = _SETTING.sub(lambda found: "", url)
    start = _SCHEME.match(text)
    scheme = start.group() if start else ""
    rest = text[len(scheme) :]
    place, at, host = rest.rpartition("@")
    user = re.split(r"[:/]", place, maxsplit=1)[0]
    if not at or rest.startswith("/") or user == place or _ends_before_the_sign(text):
        return text
    return f"{scheme}{user}@{host}"


def _ends_before_the_sign(url: str) -> bool:
    """Whether the @ stands in the path or query of a readable address, as in `postgresql://host:5432/a@b`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and "@" not in parts.netloc and (port is not None)
