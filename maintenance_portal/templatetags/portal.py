"""What templates show again and again: states, instants, figures, evidence, and words for the reader at hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from maintenance_portal import plain_words, quantities
from maintenance_portal.evidence import Evidence
from maintenance_portal.evidence import evidence as read_evidence
from maintenance_portal.quantities import span
from strategies import registry
from strategies.assessments import Severity
from strategies.capabilities import in_short
from strategies.models import SIGNS, JobRun, Target, may
from strategies.models.access import OPERATES, READS_AUDIT, READS_SQL
from strategies.plans import LeftBehind
from strategies.sentences import sentences

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


_ESCAPES = ((b"<", b"\\u003C"), (b">", b"\\u003E"), (b"&", b"\\u0026"))


@register.filter
def breakable(name: str) -> SafeString:
    """A name that may be broken after each of its underscores, and is not broken elsewhere while that is enough."""
    return format_html_join(SafeString("_<wbr>"), "{}", ((part,) for part in name.split("_")))


@register.filter
def figure_script(figure: Mapping[str, Any], element_id: str) -> SafeString:
    """What Django's json_script makes of a figure, whose thousands of points orjson writes many times faster."""
    text = orjson.dumps(figure)
    for character, escaped in _ESCAPES:
        text = text.replace(character, escaped)
    return format_html('<script id="{}" type="application/json">{}</script>', element_id, SafeString(text.decode()))


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
def to_the_minute(moment: datetime | None, none: str = "–") -> SafeString | str:
    """An instant for people who do not work with clocks: the day of the week, no seconds, and the zone by its name."""
    if moment is None:
        return none
    local = timezone.localtime(moment)
    return format_html(
        '<time class="num" datetime="{}">{}</time>', moment.astimezone(UTC).isoformat(timespec="seconds"),
        f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}",
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


@register.filter
def seconds(value: float | None) -> str:
    """A length of time in seconds."""
    return "–" if value is None else span(value)


@register.filter
def duration(milliseconds: int | None) -> str:
    """A measured length of time in milliseconds."""
    return "–" if milliseconds is None else quantities.duration(milliseconds)


@register.filter
def size(count: int | None) -> SafeString | str:
    """Bytes, in powers of 1024."""
    return NOT_MEASURED if count is None else quantities.size(count)


@register.filter
def measured(value: float | None, unit: str = "") -> SafeString | str:
    """A figure of a meter, or that it was not measured, which is not nought."""
    return NOT_MEASURED if value is None else quantities.number(value, unit)


@register.filter
def percent(fraction: float | None) -> int | None:
    return None if fraction is None else round(fraction * 100)


@register.filter
def plain(value: Any) -> str:
    """A parameter's value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)


@register.filter
def platform(name: str) -> str:
    """The product's name; the stored one where this version of the portal does not know it."""
    known = registry.platforms().get(name)
    return known.label if known else name


@register.filter
def evidence(values: Any) -> Evidence:
    """The evidence of a finding or a step as rows; components/evidence.html shows them."""
    return read_evidence(values)


@register.filter
def besides(values: Any, names: str) -> Any:
    """A mapping without the keys that are named, separated by commas; whatever is no mapping stays as it is."""
    if not isinstance(values, Mapping):
        return values
    return {key: value for key, value in values.items() if key not in names.split(",")}


register.filter("in_short", in_short)


@register.filter
def sentence(text: object) -> str:
    """With a full stop where it has no end of its own, so that what follows begins anew."""
    return sentences(text)


@register.filter
def outcome_for(run: JobRun, reader: Any) -> str:
    """How an ended run ended: its message, or plain words for who reads no SQL."""
    return run.message if reads_sql(reader) else plain_words.of_run(run)


@register.filter
def trouble_for(target: Target, reader: Any) -> str:
    """What keeps the portal from this database, empty where nothing does; plain words for who reads no SQL."""
    if not reads_sql(reader):
        return plain_words.of_target(target)
    return target.stopped_why if target.stopped_at is not None else target.check_error


@register.filter
def reason_for(reason: Mapping[str, Any], reader: Any) -> str:
    """Why a run waits, as a sentence; plain words for who reads no SQL."""
    return sentences(reason["sentence"] if reads_sql(reader) else plain_words.of_reason(reason))


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
def signs(user: Any) -> bool:
    """Whether this person's word of approval may be asked for."""
    return may(user, *SIGNS)


@register.filter
def reads_sql(user: Any) -> bool:
    return may(user, *READS_SQL)


@register.filter
def reads_audit(user: Any) -> bool:
    return may(user, *READS_AUDIT)
