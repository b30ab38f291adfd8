"""The Activity Profile and Agent Profile documents of the ADL SCORM profile: what a SCO asks of everybody, and who a learner is to it.

They are written when a SCO begins or ends, never with a plain commit, and only where they would change: the Activity Profile
is shared by all learners, who must not wait for each other. Members that others have added stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from lrs import documents
from lrs.documents import Place
from lrs.identity import ifi
from scorm_runtime.durations import parse_interval, parse_timespan
from scorm_runtime.facts import number
from scorm_runtime.state_documents import preferences
from scorm_runtime.statements import PROFILE, Scene

ACTIVITY_PROFILE = f"{PROFILE}/activity-profile"
AGENT_PROFILE = f"{PROFILE}/agent-profile"
_OF_ACTIVITY = ("completion_threshold", "launch_data", "max_time_allowed", "scaled_passing_score", "time_limit_action")


def attempt_begun(tenant_id: int, scene: Scene, cmi: Mapping[str, str]) -> None:
    """Tell what the SCO of ``scene`` asks of its learners, and the learner's id."""
    place = Place(tenant_id, "activity_profile", activity=scene.sco_iri)
    _keep(place, ACTIVITY_PROFILE, activity_profile(cmi), _OF_ACTIVITY)
    _keep(_learner(tenant_id, scene), AGENT_PROFILE, {"learner_id": scene.learner_id}, ("learner_id",))


def attempt_ended(tenant_id: int, scene: Scene, cmi: Mapping[str, str]) -> None:
    """Keep how the learner likes content shown; the newest word counts."""
    if liked := preferences(cmi):
        _keep(_learner(tenant_id, scene), AGENT_PROFILE, {"preferences": liked}, ("preferences",))


def _learner(tenant_id: int, scene: Scene) -> Place:
    return Place(tenant_id, "agent_profile", agent=ifi(scene.actor))


def activity_profile(cmi: Mapping[str, str]) -> dict[str, Any]:
    """The document of a SCO from the CMI of either data model: the same for all learners. Times are seconds."""
    passing = number(cmi.get("cmi.scaled_passing_score"))
    if (mastery := number(cmi.get("cmi.student_data.mastery_score"))) is not None:
        passing = mastery / 100
    limit = parse_interval(cmi.get("cmi.max_time_allowed", ""))
    if limit is None:
        limit = parse_timespan(cmi.get("cmi.student_data.max_time_allowed", ""))
    found = {
        "completion_threshold": number(cmi.get("cmi.completion_threshold")),
        "launch_data": cmi.get("cmi.launch_data") or None,
        "max_time_allowed": limit,
        "scaled_passing_score": passing if passing is not None and -1 <= passing <= 1 else None,
        "time_limit_action": cmi.get("cmi.time_limit_action") or cmi.get("cmi.student_data.time_limit_action") or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _keep(place: Place, id_: str, values: Mapping[str, Any], ours: Collection[str]) -> None:
    """Make the members ``ours`` of a document those of ``values``."""

    def changed(before: bytes | None) -> dict[str, Any]:
        return {name: value for name, value in _members(before).items() if name not in ours} | dict(values)

    stored = documents.get(place, id_)
    if stored is None and not values:
        return
    if stored is None or changed(stored.content) != _members(stored.content):
        documents.change(place, id_, lambda before: msgspec.json.encode(changed(before)))


def _members(content: bytes | None) -> dict[str, Any]:
    """A client may have written anything there."""
    try:
        found = msgspec.json.decode(content or b"{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
