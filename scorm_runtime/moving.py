"""Navigation: from a request of learner or content to the next activity, and the end of what nobody ended."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from core import events
from core.db import session
from core.errors import Forbidden, Invalid
from registrations import launches, progress
from scorm_runtime import rollup
from scorm_runtime.delivery import deliver
from scorm_runtime.facts import read
from scorm_runtime.models import ActivityState
from scorm_runtime.receiving import receive
from scorm_runtime.run import Run, settings_in_force
from scorm_runtime.sequencing import REQUESTS, Outcome

# SCORM 1.2 knows no attempts: whoever leaves comes back to what is stored.
_LEAVING_12 = {"exit": "suspendAll", "exitAll": "suspendAll", "abandon": "suspendAll", "abandonAll": "suspendAll"}


def move(run: Run, request: str, target: str | None) -> tuple[Outcome, dict[str, Any] | None]:
    """Process a navigation request; the outcome and, when something was delivered, the ``activity`` of the answer."""
    if request not in REQUESTS:
        raise Invalid(
            f"unknown navigation request {request[:50]!r}; known are {', '.join(REQUESTS)}", code="navigation"
        )
    if request in ("choice", "jump") and not target:
        raise Invalid(f"the navigation request {request} needs a target", code="navigation")
    outcome = start(run) if request == "start" else _request(run, request, target)
    run.decided(request, target, outcome)
    _count_attempt(run)
    activity = deliver(run, outcome.delivered) if outcome.delivered else None
    if activity is not None:
        run.state.status, run.state.launch_id = "active", run.launch.id
    elif outcome.ended:
        _leave(run)
    return outcome, activity


def _request(run: Run, request: str, target: str | None) -> Outcome:
    close_sessions(run, "unload", suspending=request == "suspendAll")
    if run.outline.scorm_12:
        request = _LEAVING_12.get(request, request)
    try:
        return run.sequencer.navigate(request, target)
    except ValueError as error:
        raise Invalid(str(error), code="navigation") from None


def _count_attempt(run: Run) -> None:
    """A new attempt on the course begins without what belonged to the one before."""
    attempts = run.sequencer.status().attempts
    if attempts != run.state.attempt:
        run.state.attempt, run.state.told = attempts, {}
        scoped = {name: value for name, value in run.state.scoped.items() if name != "data"}
        run.state.scoped = scoped | {"reached": msgspec.to_builtins(progress.reached(run.instance))}


def start(run: Run) -> Outcome:
    """Open the course: go on with a suspended attempt, or begin a new one. What was left open is ended first."""
    settle(run)
    run.state.settings = settings_in_force(run.registration)
    run.state.status, run.state.launch_id = "active", run.launch.id
    if run.sequencer.suspended is not None:
        outcome = run.sequencer.navigate("resumeAll")
        if outcome.delivered:
            return outcome
    most = int(run.setting("maxAttempts"))
    if run.normal and 0 < most <= run.state.attempt:
        raise attempts_used(most)
    wanted = run.launch.start_activity
    if wanted and wanted in run.outline.items:
        outcome = run.sequencer.navigate("choice", wanted)
        if outcome.delivered:
            return outcome
    return run.sequencer.navigate("start")


def attempts_used(most: int) -> Forbidden:
    return Forbidden(f"all {most} attempts of this course have been used", code="max_attempts", attempts=most)


def close_sessions(run: Run, end: str, *, suspending: bool) -> None:
    """End the sessions that their content did not end."""
    for row in run.open_sessions():
        receive(run, row, {}, initialized=False, end=end, suspending=suspending)


def settle(run: Run) -> None:
    """End an attempt that nobody ended (the tab was closed, the network died) as its learner would want it.

    Nothing was ever stored: it is abandoned. The only part said good-bye and is done: the attempt is over.
    Anything else is suspended, so that the learner comes back to where they were.
    """
    close_sessions(run, "inferred", suspending=True)
    if not run.sequencer.in_session:
        return
    session().flush()
    if not _anything_saved(run):
        request = "abandonAll"
    elif _done(run):
        request = "exitAll"
    else:
        request = "suspendAll"
    outcome = run.sequencer.navigate(request)
    if outcome.ended:
        _leave(run)


def _anything_saved(run: Run) -> bool:
    query = select(ActivityState.number).where(
        ActivityState.tenant_id == run.tenant_id, ActivityState.course_state_id == run.state.id, ActivityState.saved
    )
    return session().scalars(query.limit(1)).first() is not None


def _done(run: Run) -> bool:
    parts = run.outline.launchable
    if len(parts) != 1 or run.outline.scorm_12:
        return False
    last = run.last_session(parts[0].identifier)
    state = run.activity_state(last.activity, last.number) if last else None
    if last is None or state is None or last.end != "terminate":
        return False
    if read(False, state.cmi).exit == "suspend":
        return False
    status = run.sequencer.status(last.activity)
    return status.completion == "completed" or status.success in ("passed", "failed")


def _leave(run: Run) -> None:
    """The session on the course is over: suspended or ended for good."""
    suspended = run.sequencer.suspended is not None
    run.state.status = "suspended" if suspended else "ended"
    if suspended and run.normal:
        rollup.roll_up(run)
        events.emit(run.tenant_id, "registration.suspended", progress.payload(run.registration, run.instance))


def end_launch(run: Run) -> None:
    """The learner left by the player's way: the token opens nothing more."""
    launches.end(run.launch, "exited")
