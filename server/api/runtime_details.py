"""The Runtime object of the dialect: what one SCO has said in its CMI data, both data models in the words of 2004."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scorm_runtime import durations
from scorm_runtime.facts import Facts, InteractionFacts, ObjectiveFacts, number
from server.api.answers import compact

_INTERACTION_TYPES = {
    "true-false": "TrueFalse", "choice": "Choice", "fill-in": "FillIn", "long-fill-in": "LongFillIn", "likert": "Likert",
    "matching": "Matching", "performance": "Performance", "sequencing": "Sequencing", "numeric": "Numeric", "other": "Other",
}  # fmt: skip
_SUCCESS = {"passed": "PASSED", "failed": "FAILED"}
_OBJECTIVE_COMPLETION = {
    "completed": "COMPLETED", "incomplete": "INCOMPLETE", "not attempted": "NOT_ATTEMPTED", "browsed": "BROWSED",
}  # fmt: skip

# Where the two data models keep what the dialect has one word for: (SCORM 1.2, SCORM 2004).
_ELEMENTS = {
    "credit": ("cmi.core.credit", "cmi.credit"),
    "entry": ("cmi.core.entry", "cmi.entry"),
    "exit": ("cmi.core.exit", "cmi.exit"),
    "location": ("cmi.core.lesson_location", "cmi.location"),
    "mode": ("cmi.core.lesson_mode", "cmi.mode"),
    "progressMeasure": ("", "cmi.progress_measure"),
    "scoreScaled": ("", "cmi.score.scaled"),
    "scoreRaw": ("cmi.core.score.raw", "cmi.score.raw"),
    "scoreMin": ("cmi.core.score.min", "cmi.score.min"),
    "scoreMax": ("cmi.core.score.max", "cmi.score.max"),
    "totalTime": ("cmi.core.total_time", "cmi.total_time"),
    "suspendData": ("cmi.suspend_data", "cmi.suspend_data"),
}
_PREFERENCES = {
    "audioLevel": ("cmi.student_preference.audio", "cmi.learner_preference.audio_level"),
    "language": ("cmi.student_preference.language", "cmi.learner_preference.language"),
    "deliverySpeed": ("cmi.student_preference.speed", "cmi.learner_preference.delivery_speed"),
    "audioCaptioning": ("cmi.student_preference.text", "cmi.learner_preference.audio_captioning"),
}


def runtime(scorm_12: bool, cmi: Mapping[str, str], said: Facts, tracked: str, *, details: bool) -> dict[str, Any]:
    """``details``: interactions and objectives too. ``tracked`` is the time of the attempt in the dialect's form."""
    column = 0 if scorm_12 else 1
    status = cmi.get("cmi.core.lesson_status", "not attempted") if scorm_12 else said.completion
    found: dict[str, Any] = {"completionStatus": status}
    found.update({name: cmi[places[column]] for name, places in _ELEMENTS.items() if cmi.get(places[column])})
    found["timeTracked"] = tracked
    found["runtimeSuccessStatus"] = _SUCCESS.get(said.success, "UNKNOWN")
    found["learnerPreference"] = _preference(cmi, column)
    found["learnerComments"] = list(_comments(cmi, "cmi.comments" if scorm_12 else "cmi.comments_from_learner"))
    found["lmsComments"] = list(_comments(cmi, "cmi.comments_from_lms"))
    if details:
        found["runtimeInteractions"] = [_interaction(each, cmi) for each in said.interactions]
        found["runtimeObjectives"] = [_objective(each) for each in said.objectives]
    return found


def _preference(cmi: Mapping[str, str], column: int) -> dict[str, Any]:
    given = {name: cmi[places[column]] for name, places in _PREFERENCES.items() if cmi.get(places[column])}
    return compact(
        audioLevel=number(given.get("audioLevel")),
        language=given.get("language"),
        deliverySpeed=number(given.get("deliverySpeed")),
        audioCaptioning=_whole(given.get("audioCaptioning")),
    )


def _whole(text: str | None) -> int | None:
    value = number(text)
    return None if value is None else int(value)


def _comments(cmi: Mapping[str, str], prefix: str) -> Iterator[dict[str, Any]]:
    """SCORM 1.2 has one text, 2004 a list with place and time."""
    if cmi.get(prefix):
        yield {"value": cmi[prefix]}
    pattern = re.compile(re.escape(prefix) + r"\.(\d+)\.comment", re.ASCII)
    indices = sorted(int(match[1]) for name in cmi if (match := pattern.fullmatch(name)))
    for index in indices:
        start = f"{prefix}.{index}."
        yield compact(
            value=cmi[start + "comment"], location=cmi.get(start + "location"), dateTime=cmi.get(start + "timestamp")
        )


def _interaction(said: InteractionFacts, cmi: Mapping[str, str]) -> dict[str, Any]:
    start = f"cmi.interactions.{said.index}."
    pattern = re.compile(re.escape(start) + r"objectives\.(\d+)\.id", re.ASCII)
    objectives = sorted((int(match[1]), name) for name in cmi if (match := pattern.fullmatch(name)))
    return compact(
        id=said.id,
        type=_INTERACTION_TYPES.get(said.type, "Other"),
        objectives=[cmi[name] for _, name in objectives],
        timestamp=said.timestamp or None,
        correctResponses=list(said.correct),
        weighting=cmi.get(start + "weighting"),
        learnerResponse=said.response,
        result=said.result,
        latency=None if said.latency is None else durations.format_interval(said.latency),
        description=said.description or None,
    )


def _objective(said: ObjectiveFacts) -> dict[str, Any]:
    return compact(
        id=said.id,
        scoreScaled=_number_text(said.score.scaled),
        scoreMin=_number_text(said.score.min),
        scoreMax=_number_text(said.score.max),
        scoreRaw=_number_text(said.score.raw),
        runtimeObjectiveSuccessStatus=_SUCCESS.get(said.success, "UNKNOWN"),
        runtimeObjectiveCompletionStatus=_OBJECTIVE_COMPLETION.get(said.completion, "UNKNOWN"),
        progressMeasure=_number_text(said.progress_measure),
        description=said.description or None,
    )


def _number_text(value: float | None) -> str | None:
    return None if value is None else f"{value:.10g}"
