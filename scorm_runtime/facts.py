"""What a SCO has said about itself, read out of its CMI data in either data model. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from scorm_runtime import durations


@dataclass(frozen=True, kw_only=True)
class Score:
    """``scaled`` −1 to 1; the others in the content's own unit."""

    scaled: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None

    @property
    def known(self) -> bool:
        return not (self.scaled is None and self.raw is None)


@dataclass(frozen=True, kw_only=True)
class ObjectiveFacts:
    """An entry of cmi.objectives; completion and success are unknown unless they were set.

    ``said``: which of "completion" and "success" are there at all, be it as unknown.
    """

    index: int
    id: str
    completion: str = "unknown"
    success: str = "unknown"
    score: Score = Score()
    progress_measure: float | None = None
    description: str = ""
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class InteractionFacts:
    """An entry of cmi.interactions in the words of SCORM 2004; ``latency`` is seconds."""

    index: int
    id: str
    type: str = "other"
    timestamp: str = ""
    correct: tuple[str, ...] = ()
    response: str | None = None
    result: str | None = None
    latency: float | None = None
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the content said of one activity attempt.

    ``completion`` unknown, not attempted, incomplete or completed; ``success`` unknown, passed or failed; ``exit`` is
    suspend, time-out, logout, normal or empty; ``session_seconds`` is None when the content reported no time.
    """

    completion: str = "unknown"
    success: str = "unknown"
    score: Score = Score()
    progress_measure: float | None = None
    exit: str = ""
    session_seconds: float | None = None
    navigation: str = "_none_"
    objectives: tuple[ObjectiveFacts, ...] = ()
    interactions: tuple[InteractionFacts, ...] = ()
    comments: tuple[str, ...] = ()
    # Which of "completion" and "success" the content has set, be it to unknown (SN 4.2.1, UP.4 step 1.1.1).
    said: frozenset[str] = frozenset()


def _said(entry: Mapping[str, str], prefix: str = "") -> frozenset[str]:
    return frozenset(word for word in ("completion", "success") if f"{prefix}{word}_status" in entry)


def read(scorm_12: bool, cmi: Mapping[str, str]) -> Facts:
    """The facts in a flat CMI ``{element: value}`` of SCORM 1.2 or 2004."""
    return _read_12(cmi) if scorm_12 else _read_2004(cmi)


def session_seconds(scorm_12: bool, cmi: Mapping[str, str]) -> float | None:
    """The time that a session has reported; None when it reported none."""
    if scorm_12:
        return durations.parse_timespan(cmi.get("cmi.core.session_time", ""))
    return durations.parse_interval(cmi.get("cmi.session_time", ""))


def number(text: str | None) -> float | None:
    """The finite number a CMI value holds, else None."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _collection(cmi: Mapping[str, str], prefix: str) -> dict[int, dict[str, str]]:
    """``{index: {rest of the element name: value}}`` of the entries below ``prefix``."""
    begin = prefix + "."
    found: dict[int, dict[str, str]] = {}
    for element, value in cmi.items():
        if element.startswith(begin):
            index, _, rest = element[len(begin) :].partition(".")
            if rest and index.isascii() and index.isdigit():
                found.setdefault(int(index), {})[rest] = value
    return dict(sorted(found.items()))


def _patterns(entry: Mapping[str, str]) -> tuple[str, ...]:
    found = _collection({f"x.{name}": value for name, value in entry.items()}, "x.correct_responses")
    return tuple(each["pattern"] for each in found.values() if "pattern" in each)


# --- SCORM 2004 ---------------------------------------------------------------------------------------------------


def _read_2004(cmi: Mapping[str, str]) -> Facts:
    objectives = tuple(
        ObjectiveFacts(
            index=index,
            id=entry["id"],
            completion=entry.get("completion_status", "unknown"),
            success=entry.get("success_status", "unknown"),
            score=_score(entry, "score."),
            progress_measure=number(entry.get("progress_measure")),
            description=_text(entry.get("description", "")),
            said=_said(entry),
        )
        for index, entry in _collection(cmi, "cmi.objectives").items()
        if entry.get("id")
    )
    comments = _collection(cmi, "cmi.comments_from_learner").values()
    return Facts(
        completion=cmi.get("cmi.completion_status", "unknown"),
        success=cmi.get("cmi.success_status", "unknown"),
        score=_score(cmi, "cmi.score."),
        progress_measure=number(cmi.get("cmi.progress_measure")),
        exit=cmi.get("cmi.exit", ""),
        session_seconds=session_seconds(False, cmi),
        navigation=cmi.get("adl.nav.request", "_none_"),
        objectives=objectives,
        interactions=tuple(_interaction_2004(i, entry) for i, entry in _interactions(cmi)),
        comments=tuple(_text(entry["comment"]) for entry in comments if entry.get("comment")),
        said=_said(cmi, "cmi."),
    )


def _interactions(cmi: Mapping[str, str]) -> list[tuple[int, dict[str, str]]]:
    return [(i, entry) for i, entry in _collection(cmi, "cmi.interactions").items() if entry.get("id")]


def _interaction_2004(index: int, entry: Mapping[str, str]) -> InteractionFacts:
    return InteractionFacts(
        index=index,
        id=entry["id"],
        type=entry.get("type", "other"),
        timestamp=entry.get("timestamp", ""),
        correct=_patterns(entry),
        response=entry.get("learner_response"),
        result=entry.get("result"),
        latency=durations.parse_interval(entry.get("latency", "")),
        description=_text(entry.get("description", "")),
    )


def _score(values: Mapping[str, str], prefix: str) -> Score:
    return Score(
        scaled=number(values.get(prefix + "scaled")),
        raw=number(values.get(prefix + "raw")),
        min=number(values.get(prefix + "min")),
        max=number(values.get(prefix + "max")),
    )


def _text(value: str) -> str:
    """A localized_string_type without its ``{lang=…}`` (RTE 4.1.1.6)."""
    return re.sub(r"^\{lang=[A-Za-z0-9-]*\}", "", value)


# --- SCORM 1.2 ----------------------------------------------------------------------------------------------------

# lesson_status → (completion, success). failed says nothing about completion (RTE 1.2 §3.4.4); browsed is not an attempt.
STATUS_12 = {
    "passed": ("completed", "passed"),
    "completed": ("completed", "unknown"),
    "failed": ("incomplete", "failed"),
    "incomplete": ("incomplete", "unknown"),
    "browsed": ("incomplete", "unknown"),
    "not attempted": ("unknown", "unknown"),
}
_TYPES_12 = {"true-false", "choice", "fill-in", "matching", "performance", "likert", "sequencing", "numeric"}


def _read_12(cmi: Mapping[str, str]) -> Facts:
    completion, success = STATUS_12.get(cmi.get("cmi.core.lesson_status", ""), ("unknown", "unknown"))
    return Facts(
        completion=completion,
        success=success,
        score=scaled_12(_score(cmi, "cmi.core.score.")),
        exit=cmi.get("cmi.core.exit", ""),
        session_seconds=session_seconds(True, cmi),
        objectives=tuple(
            _objective_12(index, entry)
            for index, entry in _collection(cmi, "cmi.objectives").items()
            if entry.get("id")
        ),
        interactions=tuple(_interaction_12(i, entry) for i, entry in _interactions(cmi)),
        comments=(cmi["cmi.comments"],) if cmi.get("cmi.comments") else (),
    )


def scaled_12(score: Score) -> Score:
    """1.2 raw scores are 0 to 100 (RTE 1.2 §3.4.4): scaled is a hundredth of that."""
    if score.raw is None or not 0 <= score.raw <= 100:
        return score
    return Score(scaled=round(score.raw / 100, 7), raw=score.raw, min=score.min, max=score.max)


def _objective_12(index: int, entry: Mapping[str, str]) -> ObjectiveFacts:
    completion, success = STATUS_12.get(entry.get("status", ""), ("unknown", "unknown"))
    return ObjectiveFacts(
        index=index, id=entry["id"], completion=completion, success=success, score=scaled_12(_score(entry, "score."))
    )


def _interaction_12(index: int, entry: Mapping[str, str]) -> InteractionFacts:
    kind = entry.get("type", "other")
    kind = kind if kind in _TYPES_12 else "other"
    response = entry.get("student_response")
    return InteractionFacts(
        index=index,
        id=entry["id"],
        type=kind,
        correct=tuple(_response_12(kind, pattern) for pattern in _patterns(entry)),
        response=None if response is None else _response_12(kind, response),
        result="incorrect" if entry.get("result") == "wrong" else entry.get("result"),
        latency=durations.parse_timespan(entry.get("latency", "")),
    )


def _response_12(kind: str, text: str) -> str:
    """A 1.2 response in the notation of 2004, which is that of xAPI too: ``a,b`` → ``a[,]b``, ``1.a`` → ``1[.]a``."""
    if kind == "true-false":
        return {"t": "true", "1": "true", "f": "false", "0": "false"}.get(text[:1].lower(), text)
    if kind not in ("choice", "sequencing", "matching"):
        return text
    parts = [part.strip() for part in text.strip("{}").split(",")]
    if kind == "matching":
        parts = [part.replace(".", "[.]", 1) for part in parts]
    return "[,]".join(parts)
