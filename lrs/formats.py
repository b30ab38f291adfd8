"""The string formats of xAPI data, as predicates: the one truth behind the ``format`` keyword of the statement schemas."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
# RFC 3987 with the characters excluded that no IRI may contain.
_IRI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>"{}|\\^`\x00-\x20\x7f-\x9f\ufeff]+')
_MAILTO = re.compile(r"mailto:[^\s@<>\x00-\x20\x7f-\x9f\ufeff]+@[^\s@<>\x00-\x20\x7f-\x9f\ufeff]+")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SHA2 = re.compile(r"[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}")
# RFC 5646 §2.1, private use and grandfathered tags included.
_LANGUAGE = re.compile(
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4}|[A-Za-z]{5,8})"
    r"(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    r"(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"
    r"|[xX](?:-[A-Za-z0-9]{1,8})+|[iI](?:-[A-Za-z0-9]{2,8})+"
    r"|[eE][nN]-[gG][bB]-[oO][eE][dD]|[sS][gG][nN]-(?:[bB][eE]-(?:[fF][rR]|[nN][lL])|[cC][hH]-[dD][eE])"
)
# ISO 8601 §4.4: weeks stand alone, a T needs a part after it, only the last part may have a fraction.
_DURATION = re.compile(
    r"P(?=.)(?!.*[.,][0-9]+[A-Z].)(?:[0-9]+(?:[.,][0-9]+)?W|(?:[0-9]+(?:[.,][0-9]+)?Y)?(?:[0-9]+(?:[.,][0-9]+)?M)?(?:[0-9]+(?:[.,][0-9]+)?D)?"
    r"(?:T(?=[0-9])(?:[0-9]+(?:[.,][0-9]+)?H)?(?:[0-9]+(?:[.,][0-9]+)?M)?(?:[0-9]+(?:[.,][0-9]+)?S)?)?)"
)
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*;[^\r\n\u2028\u2029]*)?")
_VERSION = re.compile(r"1\.0(?:\.[0-9]+)?|2\.0(?:\.[0-9]+)?")
# 1.0.3 Data 2.4.10: whatever does not start with "1.0." is rejected, but the official suite wants 1.0 to be taken.
_VERSION_1 = re.compile(r"1\.0(?:\.[0-9]+)?")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[Tt ]([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]+))?)?)?"
    r"([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def parse_timestamp(text: str) -> datetime | None:
    """An aware UTC datetime (cut to microseconds; without an offset it counts as UTC), or None if ``text`` is no timestamp.

    RFC 3339 and the ISO 8601 forms 1.0.x permits. ``-00``, ``-0000`` and ``-00:00`` are not offsets (1.0.3 Data 4.5).
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        # A leap second is the last moment of its minute to us.
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
        ) + timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
        if int(second or 0) > 60:
            return None
        if zone and zone not in "Zz":
            digits = zone[1:].replace(":", "").ljust(4, "0")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            if int(digits[2:]) > 59 or offset > timedelta(hours=23, minutes=59) or (zone[0] == "-" and not offset):
                return None
            moment = moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return moment


# Formats that a regular expression alone decides. Written for Python's `re` and for Rust's engine alike, so that a compiled schema can
# use them without calling back.
PATTERNS: dict[str, str] = {
    "uuid": _UUID.pattern,
    "iri": _IRI.pattern,
    "mailto": _MAILTO.pattern,
    "sha1": _SHA1.pattern,
    "sha2": _SHA2.pattern,
    "language": _LANGUAGE.pattern,
    "duration": _DURATION.pattern,
    "media-type": _MEDIA_TYPE.pattern,
    "version": _VERSION.pattern,
    "version 1.0.x": _VERSION_1.pattern,
}


# What nearly all timestamps look like; whether one like this is a moment needs no calendar.
USUAL_TIMESTAMP = (
    r"[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?Z"
)


def _matches(pattern: str) -> Callable[[object], bool]:
    match = re.compile(pattern).fullmatch
    # Other types are the business of the `type` keyword.
    return lambda value: not isinstance(value, str) or match(value) is not None


FORMATS: dict[str, Callable[[object], bool]] = {
    **{name: _matches(pattern) for name, pattern in PATTERNS.items()},
    "timestamp": lambda value: not isinstance(value, str) or parse_timestamp(value) is not None,
}


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def is_iri(text: str) -> bool:
    return _IRI.fullmatch(text) is not None


def is_field_value(text: str) -> bool:
    """Whether HTTP can carry ``text`` as a header's value (RFC 9110 §5.5; WSGI has its bytes as Latin-1)."""
    return _FIELD_VALUE.fullmatch(text) is not None
