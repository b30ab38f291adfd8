"""SCORM → xAPI: statements by the ADL SCORM profile (https://w3id.org/xapi/scorm). Pure.

Where the profile's prose and its JSON-LD disagree we take the prose's ``cmi.interaction`` type and all verbs under
``http://adlnet.gov/expapi/verbs/``. Values that xAPI forbids (scaled outside −1..1, raw outside min..max) are left out.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scorm_runtime.durations import format_interval
from scorm_runtime.facts import Facts, InteractionFacts, ObjectiveFacts, Score

PROFILE = "https://w3id.org/xapi/scorm"
VERBS = "http://adlnet.gov/expapi/verbs/"
TYPES = "http://adlnet.gov/expapi/activities/"

# Verb → Indonesian; the English word is the verb itself.
_DISPLAY = {
    "initialized": "memulai",
    "resumed": "melanjutkan",
    "suspended": "menangguhkan",
    "terminated": "mengakhiri",
    "completed": "menyelesaikan",
    "passed": "lulus",
    "failed": "tidak lulus",
    "scored": "mendapat nilai",
    "progressed": "mengalami kemajuan",
    "responded": "menjawab",
    "commented": "berkomentar",
}
# xAPI wants a zone; a SCORM timestamp has one only behind a fraction or seconds.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

Statement = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who, where, when: what all statements of one request share.

    ``home`` is the base origin, the homePage of the learner's account and the root of our activity ids;
    ``registration`` a UUID; ``attempt`` the UUID of the attempt the statements are about; ``time`` RFC 3339.
    ``activity`` and its title are those of the SCO; empty for statements about the course alone.
    """

    home: str
    learner_id: str
    registration: str
    course_id: str
    course_title: str
    attempt: str
    time: str
    activity: str = ""
    title: str = ""
    language: str = "und"

    @property
    def course_iri(self) -> str:
        return f"{self.home}/courses/{quote(self.course_id, safe='')}"

    @property
    def sco_iri(self) -> str:
        return f"{self.course_iri}/activities/{quote(self.activity, safe='')}"

    @property
    def attempt_iri(self) -> str:
        return f"{self.sco_iri if self.activity else self.course_iri}?attemptId={self.attempt}"

    @property
    def actor(self) -> dict[str, Any]:
        """The learner as an account without personal data."""
        return {"objectType": "Agent", "account": {"homePage": self.home, "name": self.learner_id}}


# --- the frame of a statement -------------------------------------------------------------------------------------


def _activity(iri: str, kind: str, name: str, language: str, **more: Any) -> dict[str, Any]:
    definition: dict[str, Any] = {"type": TYPES + kind, **more}
    if name:
        definition["name"] = {language: name}
    return {"objectType": "Activity", "id": iri, "definition": definition}


def course(scene: Scene) -> dict[str, Any]:
    return _activity(scene.course_iri, "course", scene.course_title, scene.language)


def sco(scene: Scene) -> dict[str, Any]:
    return _activity(scene.sco_iri, "lesson", scene.title, scene.language)


def _attempt(scene: Scene) -> dict[str, Any]:
    return _activity(scene.attempt_iri, "attempt", "", scene.language)


def _statement(
    scene: Scene, verb: str, target: dict[str, Any], result: dict[str, Any] | None = None,
    *, parent: dict[str, Any] | None = None, time: str = "",
) -> Statement:  # fmt: skip
    activities: dict[str, Any] = {
        "grouping": [course(scene), _attempt(scene)],
        "category": [{"objectType": "Activity", "id": PROFILE}],
    }
    if parent is not None:
        activities["parent"] = [parent]
    made: Statement = {
        "id": str(uuid.uuid4()),
        "actor": scene.actor,
        "verb": {"id": VERBS + verb, "display": {"en": verb, "id": _DISPLAY[verb]}},
        "object": target,
        "timestamp": time or scene.time,
        "context": {"registration": scene.registration, "contextActivities": activities},
    }
    if result:
        made["result"] = result
    return made


def score_object(score: Score) -> dict[str, float]:
    """The xAPI score of what the content said, without the values xAPI forbids (xAPI 1.0.3 Data 2.4.5.1)."""
    found: dict[str, float] = {}
    if score.scaled is not None and -1 <= score.scaled <= 1:
        found["scaled"] = score.scaled
    low, high = score.min, score.max
    if low is not None and high is not None and low >= high:
        low = high = None
    if score.raw is not None and (low is None or low <= score.raw) and (high is None or score.raw <= high):
        found["raw"] = score.raw
    if low is not None:
        found["min"] = low
    if high is not None:
        found["max"] = high
    return found


def _result(facts: Facts) -> dict[str, Any]:
    """Completion, success and score as far as they are known."""
    found: dict[str, Any] = {}
    if facts.completion != "unknown":
        found["completion"] = facts.completion == "completed"
    if facts.success != "unknown":
        found["success"] = facts.success == "passed"
    if score := score_object(facts.score):
        found["score"] = score
    return found


# --- a SCO session ------------------------------------------------------------------------------------------------


def initialized(scene: Scene, *, resumed: bool) -> Statement:
    """Initialize: ``resumed`` when entry was resume, else ``initialized``."""
    return _statement(scene, "resumed" if resumed else "initialized", sco(scene))


def ended(scene: Scene, facts: Facts, seconds: float, *, suspended: bool) -> Statement:
    """The end of a session after ``seconds``: ``suspended`` or ``terminated``."""
    result = _result(facts) | {"duration": format_interval(seconds)}
    return _statement(scene, "suspended" if suspended else "terminated", sco(scene), result)


def status_changes(scene: Scene, facts: Facts, told: dict[str, Any]) -> Iterator[Statement]:
    """``completed``, ``passed``, ``failed`` as far as ``told`` does not have them yet; updates ``told``."""
    yield from _status(scene, sco(scene), facts.completion, facts.success, facts.score, told, None)


def measures(scene: Scene, facts: Facts, told: dict[str, Any]) -> Iterator[Statement]:
    """``scored`` and ``progressed`` where they differ from what ``told`` has; updates ``told``."""
    yield from _measures(scene, sco(scene), facts.score, facts.progress_measure, told, None)


def details(scene: Scene, facts: Facts, told: dict[str, Any]) -> Iterator[Statement]:
    """``responded`` for interactions, statements on objectives, ``commented``: what is new since ``told``; updates it."""
    for interaction in facts.interactions:
        mark = f"interaction.{interaction.index}"
        state = [interaction.id, interaction.type, interaction.response, interaction.result, interaction.latency]
        if told.get(mark) != state and (interaction.response is not None or interaction.result is not None):
            told[mark] = state
            yield responded(scene, interaction)
    for objective in facts.objectives:
        known = dict(told.get(f"objective.{objective.id}", {}))
        yield from _objective(scene, objective, known)
        told[f"objective.{objective.id}"] = known
    for index, comment in enumerate(facts.comments):
        before = str(told.get(f"comment.{index}", ""))
        if comment != before:
            told[f"comment.{index}"] = comment
            # SCORM 1.2 adds to one text: what was told is not told again (RTE 1.2 3.4.4, cmi.comments).
            yield _statement(scene, "commented", sco(scene), {"response": comment.removeprefix(before)})


def course_changes(
    scene: Scene, completion: str, success: str, score: Score, seconds: float, told: dict[str, Any]
) -> Iterator[Statement]:
    """``completed``, ``passed``, ``failed`` on the course, once each; updates ``told``."""
    for made in _status(scene, course(scene), completion, success, score, told, None):
        made["result"]["duration"] = format_interval(seconds)
        yield made


def _status(
    scene: Scene, target: dict[str, Any], completion: str, success: str, score: Score, told: dict[str, Any],
    parent: dict[str, Any] | None,
) -> Iterator[Statement]:  # fmt: skip
    points = score_object(score)
    if completion == "completed" and told.get("completion") != "completed":
        yield _statement(scene, "completed", target, {"completion": True}, parent=parent)
    if success in ("passed", "failed") and told.get("success") != success:
        result: dict[str, Any] = {"success": success == "passed"}
        if points:
            result["score"] = points
        yield _statement(scene, success, target, result, parent=parent)
    told["completion"], told["success"] = completion, success


def _measures(
    scene: Scene, target: dict[str, Any], score: Score, progress: float | None, told: dict[str, Any],
    parent: dict[str, Any] | None,
) -> Iterator[Statement]:  # fmt: skip
    points = score_object(score)
    if score.known and points and told.get("score") != points:
        told["score"] = points
        yield _statement(scene, "scored", target, {"score": points}, parent=parent)
    if progress is not None and told.get("progress") != progress:
        told["progress"] = progress
        yield _statement(scene, "progressed", target, {"score": {"scaled": progress}}, parent=parent)


# --- parts of a SCO -----------------------------------------------------------------------------------------------


def responded(scene: Scene, interaction: InteractionFacts) -> Statement:
    """An answered interaction; its response notation is the same in SCORM 2004 and xAPI."""
    definition: dict[str, Any] = {"interactionType": interaction.type}
    if interaction.correct:
        definition["correctResponsesPattern"] = list(interaction.correct)
    iri = f"{scene.sco_iri}/interactions/{quote(interaction.id, safe='')}"
    target = _activity(iri, "cmi.interaction", "", scene.language, **definition)
    if interaction.description:
        target["definition"]["description"] = {scene.language: interaction.description}
    result: dict[str, Any] = {}
    if interaction.response is not None:
        result["response"] = interaction.response
    if interaction.result in ("correct", "incorrect"):
        result["success"] = interaction.result == "correct"
    elif (raw := _real(interaction.result)) is not None:
        result["score"] = {"raw": raw}
    if interaction.latency is not None:
        result["duration"] = format_interval(interaction.latency)
    time = interaction.timestamp if _TIMESTAMP.fullmatch(interaction.timestamp) else ""
    return _statement(scene, "responded", target, result, parent=sco(scene), time=time)


def _real(text: str | None) -> float | None:
    if text in (None, "", "unanticipated", "neutral"):
        return None
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < 1e300 else None


def _objective(scene: Scene, objective: ObjectiveFacts, told: dict[str, Any]) -> Iterator[Statement]:
    iri = f"{scene.sco_iri}/objectives/{quote(objective.id, safe='')}"
    target, parent = _activity(iri, "objective", objective.description, scene.language), sco(scene)
    yield from _status(scene, target, objective.completion, objective.success, objective.score, told, parent)
    yield from _measures(scene, target, objective.score, objective.progress_measure, told, parent)
