"""How values are shown: times, durations, sizes, scores, percentages and the words for states, in the page's language."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import msgspec
from flask_babel import format_date, format_datetime, format_decimal, format_timedelta, gettext, lazy_gettext
from markupsafe import Markup, escape

from core import clock
from course_packages.model import Standard

_ = lazy_gettext

# Every word of a state that is stored, with what people read.
WORDS = {
    "unknown": _("Not started"),
    "not_started": _("Not started"),
    "incomplete": _("In progress"),
    "completed": _("Completed"),
    "passed": _("Passed"),
    "failed": _("Failed"),
    "importing": _("Importing"),
    "ready": _("Ready"),
    "rejected": _("Rejected"),
    "due": _("Waiting"),
    "running": _("Running"),
    "done": _("Done"),
    "dead": _("Given up"),
    "pending": _("Waiting"),
    "waiting": _("Waiting"),
    "cancelled": _("Cancelled"),
    "delivered": _("Delivered"),
    "active": _("Active"),
    "disabled": _("Disabled"),
    "revoked": _("Revoked"),
    "paused": _("Paused"),
    "failing": _("Failing"),
    "replayed": _("Stored later"),
    "expired": _("Expired"),
    "ok": _("In order"),
    "broken": _("Broken"),
    "error": _("Error"),
    "warning": _("Warning"),
    "repair": _("Repaired"),
    "learner": _("Learner"),
    "instructor": _("Instructor"),
    "tenant_administrator": _("Administrator"),
    "system_administrator": _("System administrator"),
    "normal": _("Normal"),
    "review": _("Review"),
    "browse": _("Browse"),
    "satisfied": _("Satisfied"),
    "disabled by its owner": _("It was switched off here."),
    "its address answered 410 Gone": _("Its address answered 410 Gone."),
    "correct": _("Correct"),
    "incorrect": _("Wrong"),
    "unanticipated": _("Unexpected"),
    "neutral": _("Neutral"),
    "choice": _("Choice"),
    "true-false": _("True or false"),
    "fill-in": _("Short text"),
    "long-fill-in": _("Long text"),
    "likert": _("Scale"),
    "matching": _("Matching"),
    "performance": _("Performance"),
    "sequencing": _("Sequence"),
    "numeric": _("Number"),
    "other": _("Other"),
    "sco": _("Interactive lesson"),
    "asset": _("Page or file"),
}
TONES = {
    "completed": "good",
    "passed": "good",
    "ready": "good",
    "done": "good",
    "delivered": "good",
    "active": "good",
    "ok": "good",
    "broken": "bad",
    "correct": "good",
    "incorrect": "bad",
    "failed": "bad",
    "rejected": "bad",
    "dead": "bad",
    "error": "bad",
    "warning": "warn",
    "expired": "warn",
    "paused": "warn",
    "failing": "bad",
    "replayed": "good",
    "incomplete": "busy",
    "importing": "busy",
    "running": "busy",
    "due": "busy",
    "pending": "busy",
    "waiting": "busy",
    "cancelled": "warn",
    "repair": "info",
}
STANDARDS = {
    "scorm_1_2": "SCORM 1.2",
    "scorm_2004_2": "SCORM 2004 2nd Ed.",
    "scorm_2004_3": "SCORM 2004 3rd Ed.",
    "scorm_2004_4": "SCORM 2004 4th Ed.",
    "cmi5": "cmi5",
    "xapi": "xAPI",
    "aicc": "AICC",
    "media": "Media",
}


def word(value: str | None) -> str:
    """What people read for a stored state; a word nobody listed is shown as it is."""
    return str(WORDS.get(value or "", value or "–"))


def tone(value: str | None) -> str:
    """The colour class of a state."""
    return TONES.get(value or "", "calm")


def standard(value: str | None) -> str:
    return STANDARDS.get(value or "", value or "–")


def playable(value: str | None) -> bool:
    """Whether courses of this standard can be launched."""
    return value is not None and Standard(value).playable


def when(moment: datetime | None) -> Markup:
    """A ``<time>``: how long ago, with the exact time as its title (turned to the reader's time zone by the script)."""
    if moment is None:
        return Markup('<span class="muted">–</span>')
    age = clock.now() - moment
    if abs(age.total_seconds()) < 45:
        text = gettext("just now")
    elif age.days < 7:
        text = format_timedelta(-age, granularity="minute", add_direction=True)
    else:
        text = format_datetime(moment, "d MMM y")
    full = format_datetime(moment, "d MMMM y, HH:mm:ss") + " UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), full, text)


def exactly(moment: datetime | None) -> Markup:
    """A ``<time>`` that shows date and time."""
    if moment is None:
        return Markup('<span class="muted">–</span>')
    text = format_datetime(moment, "d MMM y, HH:mm:ss")
    return Markup('<time datetime="{}" data-exact>{} UTC</time>').format(moment.isoformat(), text)


def short_day(day: date) -> str:
    """Day and month, as short as the language has them."""
    return str(format_date(day, "d MMM"))


def seconds(value: float | None) -> str:
    """A duration as people say it: ``1 h 5 min``, ``42 s``."""
    if not value:
        return "–"
    hours, rest = divmod(round(value), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return str(gettext("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes))
    if minutes:
        return str(gettext("%(minutes)d min %(seconds)d s", minutes=minutes, seconds=left))
    return str(gettext("%(seconds)d s", seconds=left))


def size(value: int | None) -> str:
    """Bytes in the largest unit that keeps a digit before the point."""
    if value is None:
        return "–"
    number = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{format_decimal(number, '0' if unit == 'B' or number >= 100 else '0.#')} {unit}"
        number /= 1000
    raise AssertionError


def percent(value: float | None) -> str:
    """0 to 1 as a percentage."""
    return "–" if value is None else f"{format_decimal(value * 100, '0.#')} %"


def number(value: float | None) -> str:
    return "–" if value is None else str(format_decimal(value, "#,##0.##"))


def response(text: str | None) -> str:
    """A response or pattern of an interaction in signs that people read instead of those of SCORM 2004 (RTE 4.2.9.1)."""
    if not text:
        return "–"
    text = re.sub(r"^(\{[a-z_]+=[^}]*\})+", "", text)
    for sign, shown in (("[,]", ", "), ("[.]", " → "), ("[:]", " – ")):
        text = text.replace(sign, shown)
    return text


def pretty_json(value: Any) -> str:
    """Indented JSON for reading."""
    return msgspec.json.format(value if isinstance(value, bytes) else msgspec.json.encode(value), indent=2).decode()


def in_words(value: Any) -> str:
    """A value of JSON in a line, without the signs that say nothing: ``known 3, stored 5``."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_words(one)}" for name, one in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def person_name(first: str | None, last: str | None, fallback: str) -> Markup:
    """A name in isolation, so that writing of either direction cannot disturb what stands around it."""
    name = f"{first or ''} {last or ''}".strip() or fallback
    return Markup("<bdi>{}</bdi>").format(escape(name))


FILTERS = {
    "word": word,
    "tone": tone,
    "standard": standard,
    "playable": playable,
    "when": when,
    "exactly": exactly,
    "short_day": short_day,
    "seconds": seconds,
    "filesize": size,
    "percent": percent,
    "number": number,
    "response": response,
    "pretty_json": pretty_json,
    "in_words": in_words,
}
