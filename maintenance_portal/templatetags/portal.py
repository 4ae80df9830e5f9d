"""What templates show again and again: states, instants, durations, sizes, and figures that were not measured."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from strategies import registry
from strategies.models import Role, may
from strategies.models.access import OPERATES, READS_SQL
from strategies.plans import LeftBehind, Severity

register = template.Library()

NOT_MEASURED = format_html('<span class="mut">{}</span>', "not measured")
_SEVERITIES = {
    Severity.CRITICAL: ("x-octagon", "fail", "Critical"),
    Severity.WARNING: ("exclamation-triangle", "warn", "Warning"),
    Severity.INFO: ("info-circle", "plan", "Info"),
}
_LEFT = {
    LeftBehind.CLEAN: ("check-lg", "ok", "Clean"),
    LeftBehind.NEEDS_CLEANUP: ("exclamation-triangle", "warn", "Needs clean-up"),
    LeftBehind.UNKNOWN: ("question-circle", "fail", "Unknown"),
}


@register.simple_tag
def icon(name: str, more: str = "") -> SafeString:
    """One of the Bootstrap icons, for the eye only; `more` is another class."""
    return format_html('<i class="bi bi-{}" aria-hidden="true"></i>', f"{name.removeprefix('bi-')} {more}".strip())


def _badge(sign: str, colour: str, word: str, size: str = "") -> SafeString:
    return format_html('<span class="st {} {}">{}{}</span>', colour, size, icon(sign), word)


@register.simple_tag
def badge(state: Any, size: str = "") -> SafeString:
    """A state (RunStatus, OperationStatus, TargetState) as icon, word and colour."""
    if not hasattr(state, "icon"):
        return _badge("question-circle", "plan", str(state), size)
    return _badge(state.icon, state.colour, state.label, size)


@register.simple_tag
def severity(value: str) -> SafeString:
    return _badge(*_SEVERITIES[Severity(value)])


@register.simple_tag
def left_behind(value: str) -> SafeString:
    """What a run left on its target."""
    return _badge(*_LEFT[LeftBehind(value)]) if value in list(LeftBehind) else SafeString("")


@register.simple_tag
def when(moment: datetime | None, none: str = "–") -> SafeString | str:
    """An instant in the reader's zone; pointing at it shows UTC."""
    if moment is None:
        return none
    local, utc = timezone.localtime(moment), moment.astimezone(UTC)
    return format_html(
        '<time class="num nw" datetime="{}" title="{} UTC">{}</time>',
        utc.isoformat(timespec="seconds"), f"{utc:%Y-%m-%d %H:%M:%S}", f"{local.day} {local:%b %Y, %H:%M:%S}",
    )  # fmt: skip


@register.simple_tag
def ago(moment: datetime | None, none: str = "never") -> SafeString | str:
    """How long ago, with the instant behind it."""
    if moment is None:
        return none
    local = timezone.localtime(moment)
    return format_html(
        '<time class="num nw" datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"), f"{local.day} {local:%b %Y, %H:%M:%S %Z}",
        span_ago((timezone.now() - moment).total_seconds()),
    )  # fmt: skip


def span_ago(seconds: float) -> str:
    return "just now" if seconds < 5 else f"{span(seconds)} ago"


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


@register.filter
def seconds(value: float | None) -> str:
    """A length of time in seconds."""
    return "–" if value is None else span(value)


@register.filter
def duration(milliseconds: int | None) -> str:
    """A measured length of time in milliseconds."""
    if milliseconds is None:
        return "–"
    if milliseconds < 10_000:
        return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
    return span(milliseconds / 1000)


@register.filter
def size(count: int | None) -> SafeString | str:
    """Bytes, in powers of 1024."""
    if count is None:
        return NOT_MEASURED
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TB"


@register.filter
def measured(value: float | None, unit: str = "") -> SafeString | str:
    """A figure of a meter, or that it was not measured, which is not nought."""
    if value is None:
        return NOT_MEASURED
    figure = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return f"{figure} {unit}".strip().replace(",", "\N{NARROW NO-BREAK SPACE}")


@register.filter
def percent(fraction: float | None) -> int | None:
    return None if fraction is None else round(fraction * 100)


@register.filter
def plain(value: Any) -> str:
    """A parameter's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


@register.filter
def platform(name: str) -> str:
    """The product's name; the stored one where this version of the portal does not know it."""
    known = registry.platforms().get(name)
    return known.label if known else name


@register.simple_tag
def evidence(name: str, value: Any) -> SafeString | str:
    """A figure that a finding rests on, by what its name says it is."""
    if isinstance(value, int) and not isinstance(value, bool) and name.endswith("bytes"):
        return size(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value) or "none"
    return "none" if value is None else plain(value)


@register.filter
def title_of(strategy: str) -> str:
    """A strategy's name as people read it: INDEX_MAINTENANCE → Index maintenance."""
    return strategy.replace("_", " ").capitalize()


@register.filter
def one_line(text: str) -> str:
    """Without line breaks, so that a comment of a script stays a comment."""
    return " ".join(str(text).split())


@register.filter
def words(name: str) -> str:
    """A key of ours as people read it: invalid_index → invalid index, run.started → run started."""
    return str(name).replace("_", " ").replace(".", " ")


@register.filter
def operates(user: Any) -> bool:
    """Whether this person may start, stop and change things."""
    return may(user, *OPERATES)


@register.filter
def reads_sql(user: Any) -> bool:
    return may(user, *READS_SQL)


@register.filter
def reads_audit(user: Any) -> bool:
    return may(user, Role.DBA, Role.AUDITOR)
