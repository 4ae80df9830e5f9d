"""How figures are written: lengths of time, bytes and numbers, in one way on every page."""

from __future__ import annotations


def span(seconds: float) -> str:
    """A length of time to two figures that matter: 4 s, 3 min 20 s, 2 h 05 min, 3 d 4 h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60:02d} s" if whole < 600 else "")
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def duration(milliseconds: int) -> str:
    """A measured length of time."""
    if milliseconds < 10_000:
        return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
    return span(milliseconds / 1000)


def size(count: float) -> str:
    """Bytes, in powers of 1024."""
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TB"


def number(value: float, unit: str = "") -> str:
    """Thousands by commas, as in the sentences that platforms write; the unit stays on the line of its number."""
    figure = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return f"{figure}\N{NO-BREAK SPACE}{unit}" if unit else figure
