"""How the CMI data of a session begins: what the LMS sets, and what the content stored before. Pure.

Sources: SCORM 2004 4th Edition RTE 4.2, SCORM 1.2 RTE 3.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from course_packages.model import Item
from scorm_runtime import durations
from scorm_runtime.sequencing import ObjectiveSeed

# What the LMS says afresh in each session, or what belongs to one session only. Never taken from what was stored.
_OWN_2004 = re.compile(
    r"cmi\.(learner_id|learner_name|credit|mode|entry|total_time|session_time|exit|launch_data|completion_threshold"
    r"|scaled_passing_score|max_time_allowed|time_limit_action|comments_from_lms\..*)|ssp\..*|adl\..*"
)
_OWN_12 = re.compile(
    r"cmi\.(core\.(student_id|student_name|credit|lesson_mode|entry|total_time|session_time|exit)|launch_data"
    r"|comments_from_lms|student_data\..*)"
)
_OBJECTIVE_ID = re.compile(r"cmi\.objectives\.\d+\.id", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a session begins with. ``stored`` is the CMI of the activity attempt so far, ``seconds`` its total time.

    ``resumed``: the activity attempt goes on (2004). ``data`` are the shared data stores that have a value.
    """

    item: Item
    learner_id: str
    learner_name: str
    mode: str
    credit: bool
    stored: Mapping[str, str]
    seconds: float
    resumed: bool
    objectives: Sequence[ObjectiveSeed] = ()
    scaled_passing_score: float | None = None
    completion_threshold: float | None = None
    data: Mapping[str, str] | None = None
    # What other parts of the course have set: element → value, over what this part stored before.
    preferences: dict[str, str] = field(default_factory=dict)
    # Comments of instructors, and buckets of shared state, as elements.
    comments: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, str] = field(default_factory=dict)


def kept(scorm_12: bool, cmi: Mapping[str, str]) -> dict[str, str]:
    """The elements of a session's end that the next session of the activity attempt finds again."""
    own = _OWN_12 if scorm_12 else _OWN_2004
    return {element: value for element, value in cmi.items() if not own.fullmatch(element)}


def full_name(first: str, last: str) -> str:
    """ "Last, First", as both standards show it."""
    return ", ".join(part for part in (last, first) if part)


def seed_2004(start: Start) -> dict[str, str]:
    """The flat seed of a 2004 session."""
    item = start.item
    seed = {
        "cmi.learner_id": start.learner_id,
        "cmi.learner_name": start.learner_name,
        "cmi.credit": "credit" if start.credit else "no-credit",
        "cmi.mode": start.mode,
        # RTE 4.2.7: resume only where the attempt was suspended.
        "cmi.entry": "resume" if start.resumed else "ab-initio",
        "cmi.total_time": durations.format_interval(start.seconds),
    }
    if item.data_from_lms is not None:
        seed["cmi.launch_data"] = item.data_from_lms
    if start.completion_threshold is not None:
        seed["cmi.completion_threshold"] = _number(start.completion_threshold)
    if start.scaled_passing_score is not None:
        seed["cmi.scaled_passing_score"] = _number(start.scaled_passing_score)
    if item.sequencing.attempt_absolute_duration_limit is not None:
        seed["cmi.max_time_allowed"] = durations.format_interval(item.sequencing.attempt_absolute_duration_limit)
    if item.time_limit_action:
        seed["cmi.time_limit_action"] = item.time_limit_action
    if not start.resumed:
        seed |= _objectives(start.objectives)
    seed |= start.comments | kept(False, start.stored) | start.preferences
    if start.resumed:
        seed |= _renewed(start.objectives, start.stored)
    return seed | start.buckets | _shared_data(item, start.data or {})


def _objectives(objectives: Sequence[ObjectiveSeed]) -> dict[str, str]:
    """RTE 4.2.17.1: the activity's objectives that have an ID, with what is known of them."""
    seed = {}
    for index, objective in enumerate(o for o in objectives if o.id):
        prefix = f"cmi.objectives.{index}."
        seed[prefix + "id"] = objective.id or ""
        seed |= _facts_of(objective, prefix)
    return seed


def _renewed(objectives: Sequence[ObjectiveSeed], stored: Mapping[str, str]) -> dict[str, str]:
    """What a resumed attempt reads anew: shared objectives may have changed while it was suspended (RTE 4.2.17.1)."""
    places = {value: element[:-2] for element, value in stored.items() if _OBJECTIVE_ID.fullmatch(element)}
    seed: dict[str, str] = {}
    for objective in objectives:
        if objective.id in places:
            seed |= _facts_of(objective, places[objective.id])
    return seed


def _facts_of(objective: ObjectiveSeed, prefix: str) -> dict[str, str]:
    seed = {}
    if objective.success_status is not None:
        seed[prefix + "success_status"] = objective.success_status
    if objective.completion_status is not None:
        seed[prefix + "completion_status"] = objective.completion_status
    for name, value in (
        ("score.scaled", objective.scaled),
        ("score.raw", objective.raw),
        ("score.min", objective.min),
        ("score.max", objective.max),
        ("progress_measure", objective.progress_measure),
    ):
        if value is not None:
            seed[prefix + name] = _number(value)
    return seed


def _shared_data(item: Item, values: Mapping[str, str]) -> dict[str, str]:
    """adl.data (RTE 4.3.1): one record for each adlcp:map, in the order of the manifest."""
    seed = {}
    for index, data_map in enumerate(item.data_maps):
        seed[f"adl.data.{index}.id"] = data_map.target_id
        if data_map.target_id in values:
            seed[f"adl.data.{index}.store"] = values[data_map.target_id]
    return seed


def access(item: Item) -> dict[str, str]:
    """Access to the data stores where it differs from reading and writing."""
    words = {(True, False): "ro", (False, True): "wo", (False, False): "none"}
    return {
        f"adl.data.{index}.store": words[data_map.read_shared_data, data_map.write_shared_data]
        for index, data_map in enumerate(item.data_maps)
        if not (data_map.read_shared_data and data_map.write_shared_data)
    }


def seed_12(start: Start, *, first: bool, resume_without_suspend: bool) -> dict[str, str]:
    """The flat seed of a 1.2 session; ``first``: the content was never opened before."""
    item, stored = start.item, start.stored
    seed = {
        "cmi.core.student_id": start.learner_id,
        "cmi.core.student_name": start.learner_name,
        "cmi.core.credit": "credit" if start.credit else "no-credit",
        "cmi.core.lesson_mode": start.mode,
        "cmi.core.entry": "ab-initio" if first else _entry_12(stored, resume_without_suspend),
        "cmi.core.total_time": durations.format_timespan(start.seconds),
        "cmi.launch_data": item.data_from_lms or "",
    }
    if item.mastery_score is not None:
        seed["cmi.student_data.mastery_score"] = _number(item.mastery_score)
    if item.max_time_allowed is not None:
        seed["cmi.student_data.max_time_allowed"] = durations.format_timespan(item.max_time_allowed)
    if item.time_limit_action:
        seed["cmi.student_data.time_limit_action"] = item.time_limit_action
    return seed | start.comments | kept(True, stored) | start.preferences


def _entry_12(stored: Mapping[str, str], resume_without_suspend: bool) -> str:
    """RTE 1.2 §3.4.4: resume after suspend. Much content leaves exit empty and still keeps a place to go on from."""
    if stored.get("cmi.core.exit") == "suspend":
        return "resume"
    if stored.get("cmi.core.exit") == "time-out":
        # The time of that try is used up; the next one has its own.
        return ""
    placed = stored.get("cmi.core.lesson_location") or stored.get("cmi.suspend_data")
    return "resume" if resume_without_suspend and placed else ""


def _number(value: float) -> str:
    """A number as content expects it: no exponent, no trailing ``.0``."""
    return format(value, ".7f").rstrip("0").rstrip(".")
