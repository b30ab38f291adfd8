"""Formats of the data model: does a value have the form its element requires?

Every check answers "" (fine), "type" (wrong form) or "range" (right form, outside the permitted range). What the types
are is in the tables; here is what each ``format`` means. ``static/scorm_api.js`` has the same functions by the same names.
"""

from __future__ import annotations

import calendar
import math
import re
from typing import Any

from scorm_runtime.cmi_tables import Table

_REAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_LANG = re.compile(r"\{lang=([^}]*)\}")
# Characters no database or JSON reader keeps: NUL and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# RTE 4.1.1.7 time(second,10,0).
_TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})"
    r"(?:\.[0-9]{1,2}(?:Z|[+-]([0-9]{2})(?::([0-9]{2}))?)?)?)?)?)?)?)?"
)


class Checker:
    """Checks values against the types of a table, under some settings."""

    def __init__(self, table: Table, settings: dict[str, Any]) -> None:
        self.table = table
        self.types: dict[str, dict[str, Any]] = table.data["types"]
        self.settings = {name: table.setting(settings, name) for name in table.data["settings"]}

    def check(self, type_name: str, value: str) -> str:
        """ "" | "type" | "range" for any type but response and pattern, which need the interaction's type."""
        if _UNSTORABLE.search(value):
            return "type"
        kind = self.types[type_name]
        if kind.get("empty") and value == "":
            return ""
        return str(getattr(self, f"_{kind['format']}")(kind, value))

    def text(self, kind: dict[str, Any], value: str) -> str:
        """Characters at most: the limit a setting names, or the standard's maximum, or the general one."""
        if limit := kind.get("limit"):
            return "type" if len(value) > self.settings[limit] else ""
        strict = "max" in kind and self.settings["enforceStringLengths"]
        return "type" if len(value) > (kind["max"] if strict else self.settings["valueMaxLength"]) else ""

    # What follows the text of a response is checked in cmi_responses.
    _text = _response = _pattern = text

    def _localized(self, kind: dict[str, Any], value: str) -> str:
        if (lang := _LANG.match(value)) and not self._is_language(lang[1]):
            return "type"
        return self.text(kind, value)

    def _language(self, kind: dict[str, Any], value: str) -> str:
        return "" if self._is_language(value) else "type"

    def _is_language(self, tag: str) -> bool:
        """RTE 4.1.1.3: an ISO 639-1 or 639-2 code, or i or x, with subtags."""
        rules = self.table.data["language"]
        primary = tag.split("-")[0].lower()
        return re.fullmatch(rules["pattern"], tag) is not None and (
            primary in ("i", "x")
            or primary in rules["primary"].split(" ")
            or re.fullmatch(rules["reserved"], primary) is not None
        )

    def _identifier(self, kind: dict[str, Any], value: str) -> str:
        if len(value) > self.settings["valueMaxLength"] or not value.strip():
            return "type"
        rules = self.table.data["identifier"]
        if not self.settings["strictIdentifiers"]:
            return ""
        if not re.fullmatch(rules["pattern"], value):
            return "type"
        # RFC 2141: urn:namespace:name, nothing left out.
        is_urn = value[:4].lower() == "urn:"
        return "type" if is_urn and not re.fullmatch(rules["urn"], value) else ""

    def _vocabulary(self, kind: dict[str, Any], value: str) -> str:
        if value in kind["values"]:
            return ""
        if kind.get("orReal") and real(value) is not None:
            return ""
        return "" if "orPattern" in kind and re.fullmatch(kind["orPattern"], value) else "type"

    def _real(self, kind: dict[str, Any], value: str) -> str:
        number = real(value)
        if number is None:
            return "type"
        if "unless" in kind and not self.settings[kind["unless"]]:
            return ""
        return "range" if outside(kind, number) else ""

    def _integer(self, kind: dict[str, Any], value: str) -> str:
        if not _INTEGER.fullmatch(value):
            return "type"
        return "range" if outside(kind, int(value)) else ""

    def _regex(self, kind: dict[str, Any], value: str) -> str:
        if len(value) > self.settings["valueMaxLength"]:
            return "type"
        tolerant = kind.get("tolerant")
        use = tolerant if tolerant and self.settings[tolerant["setting"]] == tolerant.get("when", True) else kind
        return "" if re.fullmatch(use["pattern"], value) else "type"

    def _time(self, kind: dict[str, Any], value: str) -> str:
        match = _TIME.fullmatch(value)
        if not match:
            return "type"
        year, month, day, hour, minute, second, zone_hour, zone_minute = (
            int(group) if group else default
            for group, default in zip(match.groups(), (0, 1, 1, 0, 0, 0, 0, 0), strict=True)
        )
        fits = (
            1970 <= year <= 2038
            and 1 <= month <= 12
            and 1 <= day <= calendar.monthrange(year, month)[1]
            and max(hour, zone_hour) <= 23
            and max(minute, second, zone_minute) <= 59
        )
        return "" if fits else "type"


def real(value: str) -> float | None:
    """The number a decimal text stands for; None when it is none."""
    number = float(value) if _REAL.fullmatch(value) else math.inf
    return number if math.isfinite(number) else None


def outside(kind: dict[str, Any], number: float) -> bool:
    return bool(number < kind.get("min", -math.inf) or number > kind.get("max", math.inf))
