"""A registration in the words of the dialect: its progress, and where asked for its activities with their runtime data.

Scores and completion amounts of the dialect are 0 to 100, ours −1 to 1 and 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.db import session
from course_packages.model import Item
from registrations.models import Instance, Learner, Registration
from scorm_runtime import facts
from scorm_runtime.models import ActivityState, CourseState
from scorm_runtime.outline import Outline, outline
from scorm_runtime.sequencing import Sequencer
from server.api import tags
from server.api.answers import compact, moment
from server.api.runtime_details import runtime

COMPLETION = {"completed": "COMPLETED", "incomplete": "INCOMPLETE"}
SUCCESS = {"passed": "PASSED", "failed": "FAILED"}


@dataclass(frozen=True)
class Wanted:
    """How much of a registration is asked for (includeChildResults, includeInteractionsAndObjectives, includeRuntime)."""

    children: bool = False
    details: bool = False
    runtime: bool = False

    @property
    def activities(self) -> bool:
        return self.children or self.details or self.runtime


def completion(word: str) -> str:
    return COMPLETION.get(word, "UNKNOWN")


def success(word: str) -> str:
    return SUCCESS.get(word, "UNKNOWN")


def score(scaled: float | None) -> dict[str, float] | None:
    return None if scaled is None else {"scaled": round(scaled * 100, 4)}


def duration(seconds: float) -> str:
    """``HHHH:MM:SS.cc``, as the dialect writes time that was tracked."""
    hundredths = round(seconds * 100)
    whole, rest = divmod(hundredths, 100)
    return f"{whole // 3600:04d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{rest:02d}"


def learner_json(learner: Learner) -> dict[str, Any]:
    return compact(
        id=learner.id, email=learner.email, firstName=learner.first_name or None, lastName=learner.last_name or None
    )


def registration_json(registration: Registration, instance: Instance, wanted: Wanted | None = None) -> dict[str, Any]:
    """The Registration object of one instance."""
    learner = session().get_one(Learner, (registration.tenant_id, registration.learner_id))
    found = compact(
        id=registration.id,
        instance=instance.number,
        xapiRegistrationId=instance.xapi_registration,
        updated=moment(max(registration.updated, instance.updated)),
        registrationCompletion=completion(instance.completion),
        registrationCompletionAmount=instance.progress_measure,
        registrationSuccess=success(instance.success),
        score=score(instance.score_scaled),
        totalSecondsTracked=instance.total_seconds,
        firstAccessDate=moment(instance.first_access),
        lastAccessDate=moment(instance.last_access),
        completedDate=moment(instance.completed),
        createdDate=moment(registration.created),
        course={
            "id": registration.course_id,
            "title": registration.course_title,
            "version": registration.course_version,
        },
        learner=learner_json(learner),
        tags=tags.of(registration.tenant_id, "registration", registration.id),
        cause=instance.cause,
    )
    if wanted is not None and wanted.activities:
        found.update(_activities(registration, instance, wanted))
    return found


def _activities(registration: Registration, instance: Instance, wanted: Wanted) -> dict[str, Any]:
    """What the sequencer and the content said of each activity; nothing before the first launch."""
    query = select(CourseState).where(
        CourseState.tenant_id == registration.tenant_id,
        CourseState.registration_id == registration.id,
        CourseState.instance == instance.number,
        CourseState.mode == "normal",
    )
    state = session().scalars(query.order_by(CourseState.started.desc()).limit(1)).first()
    known = outline(registration.tenant_id, registration.version_id)
    if state is None:
        sequencer = Sequencer.new(known.organization, edition=known.standard, seed=0)
        stored: dict[str, ActivityState] = {}
    else:
        sequencer = Sequencer.restore(known.organization, state.snapshot, edition=known.standard)
        sequencer.global_objectives = state.scoped.get("objectives", {})
        stored = _stored(state)
    view = _View(registration.tenant_id, known, sequencer, stored, wanted)
    found: dict[str, Any] = compact(activityDetails=view.root(), suspendedActivityId=sequencer.suspended)
    if wanted.details and state is not None:
        found["globalObjectives"] = [
            _global_objective(name, values) for name, values in sorted(sequencer.global_objectives.items())
        ]
    if wanted.runtime and state is not None:
        data: Mapping[str, str] = state.scoped.get("data", {})
        found["sharedData"] = [{"id": name, "value": value} for name, value in sorted(data.items())]
    return found


def _stored(state: CourseState) -> dict[str, ActivityState]:
    """The latest attempt of each activity."""
    query = select(ActivityState).where(
        ActivityState.tenant_id == state.tenant_id, ActivityState.course_state_id == state.id
    )
    return {row.activity: row for row in session().scalars(query.order_by(ActivityState.number))}


def _global_objective(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    satisfied, completed = values.get("satisfied"), values.get("completed")
    return compact(
        id=name,
        primary=False,
        score=score(values.get("measure")),
        scoreRaw=values.get("raw"),
        scoreMin=values.get("min"),
        scoreMax=values.get("max"),
        progressMeasure=values.get("progress"),
        objectiveSuccess="UNKNOWN" if satisfied is None else "PASSED" if satisfied else "FAILED",
        objectiveCompletion="UNKNOWN" if completed is None else "COMPLETED" if completed else "INCOMPLETE",
    )


@dataclass(frozen=True)
class _View:
    """The activity tree of one instance while it is written."""

    tenant_id: int
    outline: Outline
    sequencer: Sequencer
    stored: dict[str, ActivityState]
    wanted: Wanted

    def root(self) -> dict[str, Any]:
        organization = self.outline.organization
        return self._activity(organization.identifier, organization.title, None, organization.items)

    def _activity(self, identifier: str, title: str, item: Item | None, children: tuple[Item, ...]) -> dict[str, Any]:
        status = self.sequencer.status(identifier if item is not None else None)
        state = self.stored.get(identifier)
        said = facts.read(self.outline.scorm_12, state.cmi) if state is not None else None
        found = compact(
            id=identifier,
            title=title,
            attempts=status.attempts,
            activityCompletion=completion(status.completion),
            activitySuccess=success(status.success),
            score=score(status.scaled),
            timeTracked=duration(self._seconds(identifier, children)),
            completionAmount=score(status.progress_measure),
            suspended=status.suspended,
        )
        if self.wanted.children or self.wanted.runtime or self.wanted.details:
            found["children"] = [self._activity(c.identifier, c.title, c, c.children) for c in children]
        if item is not None:
            found["staticProperties"] = self._static(item)
        if self.wanted.details and said is not None:
            found["objectives"] = [_objective(objective) for objective in said.objectives]
        if (self.wanted.runtime or self.wanted.details) and state is not None and said is not None:
            found["runtime"] = runtime(
                self.outline.scorm_12, state.cmi, said, duration(state.seconds), details=self.wanted.details
            )
        return found

    def _seconds(self, identifier: str, children: tuple[Item, ...]) -> float:
        mine = self.stored[identifier].seconds if identifier in self.stored else 0.0
        return mine + sum(self._seconds(child.identifier, child.children) for child in children)

    def _static(self, item: Item) -> dict[str, Any]:
        passing = self.sequencer.scaled_passing_score(item.identifier)
        if passing is None and item.mastery_score is not None:
            passing = item.mastery_score / 100
        threshold = self.sequencer.completion_threshold(item.identifier)
        return compact(
            completionThreshold=None if threshold is None else str(threshold),
            launchData=item.data_from_lms,
            maxTimeAllowed=None if item.max_time_allowed is None else duration(item.max_time_allowed),
            scaledPassingScore=passing,
            scaledPassingScoreUsed=passing is not None,
            timeLimitAction=item.time_limit_action,
        )


def _objective(said: facts.ObjectiveFacts) -> dict[str, Any]:
    return compact(
        id=said.id,
        primary=False,
        score=score(said.score.scaled),
        scoreRaw=said.score.raw,
        scoreMin=said.score.min,
        scoreMax=said.score.max,
        progressMeasure=said.progress_measure,
        objectiveCompletion=completion(said.completion),
        objectiveSuccess=success(said.success),
    )


def preload(rows: list[Registration]) -> dict[tuple[str, int], Instance]:
    """Current instances and learners of many registrations in two queries; (registration id, number) → instance."""
    if not rows:
        return {}
    tenant_id = rows[0].tenant_id
    current = {(row.id, row.instance) for row in rows}
    learners = {row.learner_id for row in rows}
    # Kept in the session, where registration_json finds them.
    session().scalars(select(Learner).where(Learner.tenant_id == tenant_id, Learner.id.in_(learners))).all()
    query = select(Instance).where(Instance.tenant_id == tenant_id, Instance.registration_id.in_([r.id for r in rows]))
    found = session().scalars(query)
    return {(i.registration_id, i.number): i for i in found if (i.registration_id, i.number) in current}
