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
        progress.touch(run.registration, run.instance)
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
    )
    progress.record(run.registration, report, instance=run.instance)
    _tell(run, status, score)


def course_status(run: Run) -> Status:
    """The root's status. Only the scaled score rolls up; where the course is one part, its raw score is the course's."""
    status = run.sequencer.status()
    parts = run.outline.launchable
    if len(parts) != 1:
        return status
    part = run.sequencer.status(parts[0].identifier)
    scaled = part.scaled if status.scaled is None else status.scaled
    return replace(status, scaled=scaled, raw=part.raw, min=part.min, max=part.max)


def _cause(run: Run) -> str:
    """One part: its own cause. Several: what made the whole complete or passed is the rollup."""
    parts = run.outline.launchable
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
