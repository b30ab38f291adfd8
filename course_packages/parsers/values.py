"""Reading the data types of manifests: booleans, numbers, durations, tokens. Wrong values are noted and take the default."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from course_packages.problems import Findings
from course_packages.xml import Element, attribute, line_of, name

_ISO_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_CLOCK_DURATION = re.compile(r"(\d{1,5}):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?")
# Calendar parts by the averages of the Gregorian calendar: nothing in a manifest says which month is meant.
_SECONDS = {
    "years": 31_536_000,
    "months": 2_628_000,
    "weeks": 604_800,
    "days": 86_400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}


class Values:
    """Typed access to the attributes of one document."""

    def __init__(self, findings: Findings, file: str) -> None:
        self.findings, self.file = findings, file

    def boolean(self, element: Element, attr: str, default: bool) -> bool:
        """xs:boolean (true, false, 1, 0) in any case."""
        value = attribute(element, attr)
        if not value:
            return default
        if value.lower() in ("true", "1", "yes"):
            return True
        if value.lower() in ("false", "0", "no"):
            return False
        self.wrong(element, attr, value, "true or false", default)
        return default

    def number(self, element: Element, attr: str, default: float, low: float, high: float) -> float:
        value = attribute(element, attr)
        return default if not value else self.to_number(element, attr, value, default, low, high)

    def to_number(self, element: Element, what: str, value: str, default: float, low: float, high: float) -> float:
        # Some tools write the decimal comma of the author's language.
        try:
            number = float(value.replace(",", "."))
        except ValueError:
            number = math.nan
        if low <= number <= high:
            return number
        self.wrong(element, what, value, f"a number from {low:g} to {high:g}", default)
        return default

    def count(self, element: Element, attr: str) -> int | None:
        """xs:nonNegativeInteger; None when absent."""
        value = attribute(element, attr)
        if not value:
            return None
        if value.isascii() and value.isdigit() and len(value) <= 9:
            return int(value)
        self.wrong(element, attr, value, "a whole number, not negative", "none")
        return None

    def token(self, element: Element, attr: str, allowed: Iterable[str], default: str) -> str:
        value = attribute(element, attr)
        return default if not value else self.to_token(element, attr, value, allowed, default) or default

    def to_token(self, element: Element, what: str, value: str, allowed: Iterable[str], default: str) -> str | None:
        """The vocabulary token ``value`` means, in the spelling of the schema; None when it is none."""
        tokens = tuple(allowed)
        for token in tokens:
            if token.lower() == value.lower():
                if token != value:
                    self.findings.repair("token_case", file=self.file, line=line_of(element), value=value, token=token)
                return token
        self.wrong(element, what, value, ", ".join(tokens), default)
        return None

    def duration(self, element: Element, what: str, value: str) -> float | None:
        """Seconds of an ISO 8601 duration or of HHHH:MM:SS.SS; None when it is neither."""
        seconds = seconds_of(value)
        if seconds is None:
            self.wrong(element, what, value, "a duration", "none")
        return seconds

    def wrong(self, element: Element, what: str, value: str, expected: str, default: object) -> None:
        self.findings.add(
            "value_invalid",
            file=self.file,
            line=line_of(element),
            element=name(element),
            what=what,
            value=value,
            expected=expected,
            default=str(default).lower() if isinstance(default, bool) else str(default),
        )


def seconds_of(value: str) -> float | None:
    """Seconds of an ISO 8601 duration or a clock duration (SCORM 1.2 CMITimespan); None for anything else."""
    value = value.strip()
    iso = _ISO_DURATION.fullmatch(value.upper())
    if iso and any(iso.groups()):
        return sum(float(amount) * _SECONDS[unit] for unit, amount in iso.groupdict().items() if amount)
    clock = _CLOCK_DURATION.fullmatch(value)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3] or 0)
    return None
