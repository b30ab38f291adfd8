"""Lengths of time as SCORM and xAPI write them, in seconds. Pure."""

from __future__ import annotations

import re

# A year and a month have no fixed length; these are the calendar's averages as ADL's own sample runtime counts them.
_YEAR, _DAY = 365 * 86_400, 86_400
_MONTH = _YEAR / 12
_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
# Content often writes more digits behind the point than the two of the standard, as the tables let it (acceptLongFractions).
_TIMESPAN = re.compile(r"(\d{2,4}):(\d{2}):(\d{2}(?:\.\d+)?)", re.ASCII)
# Nobody learns for a century: more is a mistake of the content, and would outgrow what can be added up and written.
_LONGEST = 100 * _YEAR


def parse_interval(text: str) -> float | None:
    """Seconds of a 2004 timeinterval(second,10,2) (RTE 4.1.1.7), None when it is not one that can be meant."""
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    parts = (float(part or 0) for part in found.groups())
    seconds = sum(part * unit for part, unit in zip(parts, (_YEAR, _MONTH, _DAY, 3600, 60, 1), strict=True))
    return seconds if seconds <= _LONGEST else None


def parse_timespan(text: str) -> float | None:
    """Seconds of a 1.2 CMITimespan HHHH:MM:SS.SS, None when it is not one."""
    found = _TIMESPAN.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def format_interval(seconds: float) -> str:
    """``PT1H2M3.5S``: ISO 8601 down to hundredths, as both a 2004 timeinterval and an xAPI duration."""
    hundredths = round(max(seconds, 0.0) * 100)
    whole, rest = divmod(hundredths, 100)
    hours, minutes, left = whole // 3600, whole % 3600 // 60, whole % 60
    text = "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if rest:
        text += f"{left}.{rest:02d}".rstrip("0") + "S"
    elif left or text == "PT":
        text += f"{left}S"
    return text


def format_timespan(seconds: float) -> str:
    """``0001:02:03.50``: the 1.2 CMITimespan, at most 9999 hours."""
    hundredths = min(round(max(seconds, 0.0) * 100), 9999 * 360_000 + 359_999)
    whole, rest = divmod(hundredths, 100)
    return f"{whole // 3600:04d}:{whole % 3600 // 60:02d}:{whole % 60:02d}.{rest:02d}"
