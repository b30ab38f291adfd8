"""Are two values of a data model element equal? Compared by their type, as the suite's own evaluator does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

# (expected, got) → equal
Same = Callable[[str, str], bool]


def plain(expected: str, got: str, shortest: int | None = None) -> bool:
    """The same characters; what is longer than the smallest permitted maximum may come back cut to it."""
    return expected == got or (shortest is not None and len(expected) > shortest and got == expected[:shortest])


def text(shortest: int) -> Same:
    return lambda expected, got: plain(expected, got, shortest)


def language(expected: str, got: str) -> bool:
    return expected.lower() == got.lower()


def delimited(value: str, *names: str) -> tuple[dict[str, str], str]:
    """``{lang=en}{case_matters=true}x`` → the delimiters of these names that it begins with, and the rest."""
    found: dict[str, str] = {}
    while match := re.match(r"\{(\w+)=([^}]*)\}", value):
        if match[1] not in names or match[1] in found:
            break
        found[match[1]], value = match[2], value[match.end() :]
    return found, value


def localized(shortest: int) -> Same:
    """Localized string: ``{lang=…}`` may be left out where it is English."""

    def same(expected: str, got: str) -> bool:
        (a, x), (b, y) = delimited(expected, "lang"), delimited(got, "lang")
        return language(a.get("lang", "en"), b.get("lang", "en")) and plain(x, y, shortest)

    return same


def number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", value) else None


def real(expected: str, got: str) -> bool:
    """real(10,7): equal when cut or rounded to six digits after the point."""
    a, b = number(expected), number(got)
    if a is None or b is None:
        return False
    a, b = a * 1e6, b * 1e6
    return a // 1 == b // 1 or round(a) == round(b)


_INTERVAL = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,2}))?S)?)?",
)


def hundredths(value: str) -> int | None:
    """timeinterval(second,10,2) in hundredths of a second; a year has 365 days, a month a twelfth of them."""
    match = _INTERVAL.fullmatch(value)
    if not match or value[-1] in "PT":
        return None
    years, months, days, _, hours, minutes, seconds, fraction = (group or "0" for group in match.groups())
    whole = int(years) * 31536000 + int(months) * 2628000 + int(days) * 86400
    whole += int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 100 + (int(fraction.ljust(2, "0")[:2]) if match[8] else 0)


def interval(expected: str, got: str) -> bool:
    """The same length of time: PT1H is PT60M is P0DT1H0M0S."""
    length = hundredths(expected)
    return length is not None and length == hundredths(got)


_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)"
    r"(?:\.\d{1,2}(Z|[+-]\d\d(?::\d\d)?)?)?)?)?)?)?)?"
)


def moment(value: str) -> datetime | None:
    """time(second,10,0) to the second, UTC where no zone is given. A zone needs a fraction before it."""
    match = _MOMENT.fullmatch(value)
    if not match:
        return None
    rest = ((2, 1), (3, 1), (4, 0), (5, 0), (6, 0))
    try:
        found = datetime(int(match[1]), *(int(match[i] or default) for i, default in rest), tzinfo=UTC)  # type: ignore[arg-type]
    except ValueError:
        return None
    zone = match[7]
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].strip(":") or 0))
        found += offset if zone[0] == "-" else -offset
    return found


def timestamp(expected: str, got: str) -> bool:
    at = moment(expected)
    return at is not None and at == moment(got)


def uri(expected: str, got: str) -> bool:
    """Identifiers: the same URI; scheme, host and the digits of %xx in any case. Never empty, no blanks inside."""
    if not expected.strip() or not got or re.search(r"\s", got):
        return False
    return expected == got or _normal(expected) == _normal(got)


def _normal(identifier: str) -> tuple[str, str, str]:
    identifier = re.sub(r"%[0-9a-fA-F]{2}", lambda match: match[0].upper(), identifier)
    parts = urlsplit(identifier)
    rest = identifier[len(parts.scheme) :]
    rest = rest.split(f"//{parts.netloc}", 1)[-1] if parts.netloc else rest
    return parts.scheme.lower(), parts.netloc.lower(), rest


def result(expected: str, got: str) -> bool:
    return expected == got or real(expected, got)


# --- responses and patterns: (expected, got, it is a pattern) → equal -----------------------------------------------


def _fill_in(expected: str, got: str, pattern: bool) -> bool:
    names = ("case_matters", "order_matters") if pattern else ()
    (a, x), (b, y) = delimited(expected, *names), delimited(got, *names)
    if any(a.get(k, d) != b.get(k, d) for k, d in (("case_matters", "false"), ("order_matters", "true"))):
        return False

    def normal(item: str) -> tuple[str, str]:
        found, words = delimited(item, "lang")
        return found.get("lang", "en").lower(), words if a.get("case_matters") == "true" else words.lower()

    one, other = ([normal(item) for item in value.split("[,]")] for value in (x, y))
    return Counter(one) == Counter(other) if a.get("order_matters") == "false" else one == other


def _long_fill_in(expected: str, got: str, pattern: bool) -> bool:
    names = ("lang", "case_matters") if pattern else ("lang",)
    (a, x), (b, y) = delimited(expected, *names), delimited(got, *names)
    if a.get("case_matters", "false") != b.get("case_matters", "false"):
        return False
    if not language(a.get("lang", "en"), b.get("lang", "en")):
        return False
    return plain(x, y, 4000) if a.get("case_matters") == "true" else plain(x.lower(), y.lower(), 4000)


def _performance(expected: str, got: str, pattern: bool) -> bool:
    names = ("order_matters",) if pattern else ()
    (a, x), (b, y) = delimited(expected, *names), delimited(got, *names)
    if a.get("order_matters", "true") != b.get("order_matters", "true"):
        return False
    one, other = x.split("[,]"), y.split("[,]")
    return Counter(one) == Counter(other) if a.get("order_matters") == "false" else one == other


def _numeric(expected: str, got: str, pattern: bool) -> bool:
    if not pattern:
        return real(expected, got)
    if expected.count("[:]") != 1 or got.count("[:]") != 1:
        return False
    ends = zip(expected.split("[:]"), got.split("[:]"), strict=True)
    return all((not x.strip() and not y.strip()) or real(x, y) for x, y in ends)


def _choice(expected: str, got: str, pattern: bool) -> bool:
    return set(expected.split("[,]")) == set(got.split("[,]"))


def _likert(expected: str, got: str, pattern: bool) -> bool:
    return uri(expected, got)


def _identifiers(expected: str, got: str, pattern: bool) -> bool:
    """Lists (sequencing) and lists of pairs (matching), in the order given."""
    a, b = (re.split(r"(\[[.,]\])", value) for value in (expected, got))
    return len(a) == len(b) and all(x == y or uri(x, y) for x, y in zip(a, b, strict=True))


RESPONSES: dict[str, Callable[[str, str, bool], bool]] = {
    "choice": _choice,
    "fill-in": _fill_in,
    "long-fill-in": _long_fill_in,
    "likert": _likert,
    "matching": _identifiers,
    "performance": _performance,
    "sequencing": _identifiers,
    "numeric": _numeric,
}
TYPES: dict[str, Same] = {
    "cmi.comments_from_learner.n.comment": localized(4000),
    "cmi.comments_from_learner.n.location": text(250),
    "cmi.comments_from_learner.n.timestamp": timestamp,
    "cmi.completion_threshold": real,
    "cmi.launch_data": text(4000),
    "cmi.learner_id": uri,
    "cmi.location": text(1000),
    "cmi.interactions.n.id": uri,
    "cmi.interactions.n.timestamp": timestamp,
    "cmi.interactions.n.weighting": real,
    "cmi.interactions.n.result": result,
    "cmi.interactions.n.latency": interval,
    "cmi.interactions.n.description": localized(250),
    "cmi.interactions.n.objectives.n.id": uri,
    "cmi.learner_preference.audio_level": real,
    "cmi.learner_preference.language": language,
    "cmi.learner_preference.delivery_speed": real,
    "cmi.max_time_allowed": interval,
    "cmi.session_time": interval,
    "cmi.total_time": interval,
    "cmi.objectives.n.id": uri,
    "cmi.objectives.n.progress_measure": real,
    "cmi.objectives.n.description": localized(250),
    "cmi.objectives.n.score.scaled": real,
    "cmi.objectives.n.score.raw": real,
    "cmi.objectives.n.score.min": real,
    "cmi.objectives.n.score.max": real,
    "cmi.progress_measure": real,
    "cmi.scaled_passing_score": real,
    "cmi.score.scaled": real,
    "cmi.score.raw": real,
    "cmi.score.min": real,
    "cmi.score.max": real,
    "cmi.suspend_data": text(64000),
    "adl.data.n.id": uri,
    "adl.data.n.store": text(64000),
}
TWO_FACED = ("cmi.interactions.n.learner_response", "cmi.interactions.n.correct_responses.n.pattern")


def same(element: str, expected: str, got: str, kind: str = "") -> bool:
    """``element``: with its indexes. ``kind``: interaction type where the plan names it; without it a response and a

    pattern have to come back character for character.
    """
    general = re.sub(r"\.(\d+|&[^&]*&)(?=\.|$)", ".n", element)
    if general.endswith("._children"):
        # Names in any order.
        return sorted(n.strip() for n in expected.split(",")) == sorted(n.strip() for n in got.split(","))
    if general in TWO_FACED:
        return expected == got or (kind in RESPONSES and RESPONSES[kind](expected, got, general.endswith("pattern")))
    return TYPES.get(general, plain)(expected, got)
