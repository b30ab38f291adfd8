"""The course as a whole after a request: from the sequencer's root to the registration's progress."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core import clock
from core.db import session
from registrations import progress
from scorm_runtime import facts, statements
from scorm_runtime.models import ActivityState
from scorm_runtime.run import Run
from scorm_runtime.sequencing import Status

# `last_access` to the minute is enough; it would be a write for each commit otherwise.
ACCESS_SLACK = timedelta(seconds=60)


def roll_up(run: Run) -> None:
    """Record the progress of the registration and tell of its completion."""
    if not run.normal:
        return
    last = run.instance.last_access
    if last is None or clock.now() - last >= ACCESS_SLACK:
        progress.touch(run.instance)
    status = course_status(run)
    score = facts.Score(scaled=status.scaled, raw=status.raw, min=status.min, max=status.max)
    report = progress.Report(
        # The sequencer may not know before every part was opened; the learner has begun all the same.
        completion="incomplete" if status.completion == "unknown" and run.state.attempt else status.completion,  # type: ignore[arg-type]
        success=status.success,  # type: ignore[arg-type]
        cause=_cause(run),
        score=progress.Score(scaled=score.scaled, raw=score.raw, min=score.min, max=score.max) if score.known else None,
        total_seconds=run.state.seconds,
        progress_measure=status.progress_measure,
        keep_best=not run.setting("allowCompleteStatusChange"),
        earlier=_earlier(run),
    )
    progress.record(run.registration, report, instance=run.instance)
    _tell(run, status, score)


def _earlier(run: Run) -> tuple[str, progress.Score] | None:
    """What the attempts on the course before this one came to."""
    reached = run.state.scoped.get("reached")
    return (reached[0], progress.Score(**reached[1])) if reached else None


def course_status(run: Run) -> Status:
    """The root's status, unless the settings scoreRollupMode and statusRollupMode judge the course by its parts."""
    parts = [run.sequencer.status(item.identifier) for item in run.outline.launchable]
    status = _scored(run.sequencer.status(), parts, str(run.setting("scoreRollupMode")))
    share = float(run.setting("thresholdScoreForCompletion")) / 100
    return _completed(status, parts, str(run.setting("statusRollupMode")), share)


def _scored(status: Status, parts: list[Status], mode: str) -> Status:
    """Only the scaled score rolls up; where the course is one part, its raw score is the course's."""
    if len(parts) == 1:
        part = parts[0]
        scaled = part.scaled if status.scaled is None else status.scaled
        return replace(status, scaled=scaled, raw=part.raw, min=part.min, max=part.max)
    if mode == "course" or not parts:
        return status
    scores = [part.scaled for part in parts if part.scaled is not None]
    if mode == "last":
        return replace(status, scaled=parts[-1].scaled)
    count = len(scores) if mode == "average_scored" else len(parts)
    return replace(status, scaled=round(sum(scores) / count, 7) if scores else None)


def _completed(status: Status, parts: list[Status], mode: str, threshold: float) -> Status:
    if mode == "course" or not parts:
        return status
    done = all(part.completion == "completed" for part in parts)
    reached = status.scaled is not None and status.scaled >= threshold
    success = [part.success for part in parts]
    completed = {
        "all_completed": done,
        "all_completed_not_failed": done and "failed" not in success,
        "all_passed": all(word == "passed" for word in success),
        "threshold": reached,
        "all_completed_and_threshold": done and reached,
    }[mode]
    return replace(status, completion="completed" if completed else "incomplete")


def _cause(run: Run) -> str:
    """One part: its own cause. Several: what made the whole complete or passed is the rollup."""
    parts = run.outline.launchable
    mode = str(run.setting("statusRollupMode"))
    if mode != "course":
        return "threshold" if mode.endswith("threshold") else "rollup"
    if len(parts) > 1:
        return "rollup"
    touched = run.touched
    if touched is None and parts:
        number = max(run.sequencer.status(parts[0].identifier).attempts, 1)
        touched = session().get(ActivityState, (run.tenant_id, run.state.id, parts[0].identifier, number))
    return touched.cause if touched is not None else "content"


def _tell(run: Run, status: Status, score: facts.Score) -> None:
    if not run.makes("rollup") or run.state.told == {"completion": status.completion, "success": status.success}:
        return
    told = dict(run.state.told)
    run.statements.extend(
        statements.course_changes(run.scene(), status.completion, status.success, score, run.state.seconds, told)
    )
    run.state.told = told
