"""Progress: the only place where a registration becomes complete, passed or failed, and where it is written why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core import clock, events, tenants
from core.db import hold, session
from core.errors import Invalid, NotFound
from registrations.models import Instance, Learner, Registration

Completion = Literal["unknown", "incomplete", "completed"]
Success = Literal["unknown", "passed", "failed"]

# Why completion and success are what they are.
CAUSES = ("content", "mastery_score", "threshold", "rollup", "administrator")
_COMPLETION_RANK = {"unknown": 0, "incomplete": 1, "completed": 2}
_SUCCESS_RANK = {"unknown": 0, "failed": 1, "passed": 2}


@dataclass(frozen=True, kw_only=True)
class Score:
    """``scaled`` −1 to 1; ``raw`` with its bounds as the content gave them."""

    scaled: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a runtime found out about the course as a whole.

    ``total_seconds`` is the sum over the instance; None leaves the stored time. ``cause`` is one of :data:`CAUSES`.
    ``keep_best``: completion and success never fall back, and the score stays where success would. ``earlier`` is what earlier
    attempts ended with (a success and its score): the better score of the same success counts.
    """

    completion: Completion
    success: Success
    cause: str
    score: Score | None = None
    total_seconds: float | None = None
    progress_measure: float | None = None
    keep_best: bool = True
    earlier: tuple[str, Score] | None = None


@dataclass(frozen=True)
class Change:
    """What :func:`record` changed: names of fields, and the completion and success that became true just now."""

    fields: frozenset[str]
    completed: bool = False
    passed: bool = False
    failed: bool = False


def record(registration: Registration, report: Report, *, instance: Instance | None = None) -> Change:
    """Write what ``report`` says to the current instance and emit the events of what changed."""
    if report.cause not in CAUSES:
        raise ValueError(f"cause {report.cause!r}")
    instance = instance or _current(registration)
    before = {name: getattr(instance, name) for name in _FIELDS}
    _merge(instance, report)
    changed = frozenset(name for name in _FIELDS if getattr(instance, name) != before[name])
    if not changed:
        return Change(changed)
    now = clock.now()
    if changed & {"completion", "success"}:
        instance.cause = report.cause
    if instance.completion == "completed" and "completion" in changed:
        instance.completed = now
    elif instance.completion != "completed":
        instance.completed = None
    instance.updated = registration.updated = now
    change = Change(
        changed,
        completed="completion" in changed and instance.completion == "completed",
        passed="success" in changed and instance.success == "passed",
        failed="success" in changed and instance.success == "failed",
    )
    _emit(registration, instance, change)
    return change


_FIELDS = (
    "completion", "success", "score_scaled", "score_raw", "score_min", "score_max", "total_seconds", "progress_measure",
)  # fmt: skip


def _merge(instance: Instance, report: Report) -> None:
    completion, success, score = report.completion, report.success, report.score
    worse = _SUCCESS_RANK[success] < _SUCCESS_RANK[instance.success]
    if report.keep_best:
        if _COMPLETION_RANK[completion] < _COMPLETION_RANK[instance.completion]:
            completion = instance.completion  # type: ignore[assignment]
        if worse:
            success = instance.success  # type: ignore[assignment]
        score = _better(report)
    instance.completion, instance.success = completion, success
    if not report.keep_best or (score is not None and not worse):
        for name in ("scaled", "raw", "min", "max"):
            setattr(instance, f"score_{name}", getattr(score, name, None))
    if report.total_seconds is not None:
        instance.total_seconds = report.total_seconds
    if report.progress_measure is not None or not report.keep_best:
        instance.progress_measure = report.progress_measure


def _better(report: Report) -> Score | None:
    """The score of the present attempt, or of the earlier ones where they came to the same success with more."""
    score, (success, best) = report.score, report.earlier or ("", None)
    if score is None or best is None or success != report.success:
        return score
    values = (score.scaled, best.scaled) if score.scaled is not None else (score.raw, best.raw)
    return best if None not in values and values[0] < values[1] else score  # type: ignore[operator]


def _emit(registration: Registration, instance: Instance, change: Change) -> None:
    found = payload(registration, instance)
    events.emit(registration.tenant_id, "registration.progressed", found)
    for happened, type_ in (
        (change.completed, "registration.completed"),
        (change.passed, "registration.passed"),
        (change.failed, "registration.failed"),
    ):
        if happened:
            events.emit(registration.tenant_id, type_, found)


def set_by_administrator(registration: Registration, completion: str, success: str) -> Change:
    """An administrator's word on completion and success; score, time and measure stay."""
    if completion not in _COMPLETION_RANK:
        raise Invalid(f"completion must be one of {', '.join(_COMPLETION_RANK)}, not {completion!r}")
    if success not in _SUCCESS_RANK:
        raise Invalid(f"success must be one of {', '.join(_SUCCESS_RANK)}, not {success!r}")
    instance = _current(registration)
    report = Report(
        completion=completion,  # type: ignore[arg-type]
        success=success,  # type: ignore[arg-type]
        cause="administrator",
        score=_score(instance),
        progress_measure=instance.progress_measure,
        keep_best=False,
    )
    return record(registration, report, instance=instance)


def touch(instance: Instance) -> None:
    """The learner was here."""
    now = clock.now()
    instance.first_access = instance.first_access or now
    instance.last_access = now


def _score(instance: Instance) -> Score | None:
    values = (instance.score_scaled, instance.score_raw, instance.score_min, instance.score_max)
    if all(value is None for value in values):
        return None
    return Score(scaled=values[0], raw=values[1], min=values[2], max=values[3])


def _current(registration: Registration) -> Instance:
    instance = session().get(Instance, (registration.tenant_id, registration.id, registration.instance))
    if instance is None:
        raise NotFound(f"registration {registration.id!r} has no instance {registration.instance}")
    return instance


def reached(instance: Instance) -> tuple[str, Score] | None:
    """What ``Report.earlier`` is for the attempts after this one; None without a score."""
    score = _score(instance)
    return None if score is None else (instance.success, score)


def summary(registration: Registration, instance: Instance | None = None) -> dict[str, Any]:
    """Where the learner is in this instance, as plain JSON values.

    ``{instance, xapiRegistration, completion, success, score: null | {scaled, raw, min, max}, totalSeconds,
    progressMeasure, cause, created, updated, firstAccess, lastAccess, completed}``; times are RFC 3339 texts or null.
    """
    instance = instance or _current(registration)
    score = _score(instance)
    return {
        "instance": instance.number,
        "xapiRegistration": instance.xapi_registration,
        "completion": instance.completion,
        "success": instance.success,
        "score": score and {"scaled": score.scaled, "raw": score.raw, "min": score.min, "max": score.max},
        "totalSeconds": instance.total_seconds,
        "progressMeasure": instance.progress_measure,
        "cause": instance.cause,
        "created": _time(registration.created),
        "updated": _time(instance.updated),
        "firstAccess": _time(instance.first_access),
        "lastAccess": _time(instance.last_access),
        "completed": _time(instance.completed),
    }


def payload(registration: Registration, instance: Instance, *, cause: str | None = None) -> dict[str, Any]:
    """The body of a ``registration.*`` event: answers without a second call.

    ``{application, registration, learner: {id, firstName, lastName, email}, course: {id, version, title}, …summary}``
    """
    learner = hold(session().get_one(Learner, (registration.tenant_id, registration.learner_id)))
    found = {
        "application": tenants.get(registration.tenant_id).app_id,
        "registration": registration.id,
        "learner": {
            "id": learner.id,
            "firstName": learner.first_name,
            "lastName": learner.last_name,
            "email": learner.email,
        },
        "course": {
            "id": registration.course_id,
            "version": registration.course_version,
            "title": registration.course_title,
        },
        **summary(registration, instance),
    }
    if cause is not None:
        found["cause"] = cause
    return found


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
