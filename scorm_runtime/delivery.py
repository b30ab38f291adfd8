"""Delivering an activity to the learner: a session with the CMI data it begins with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import clock
from core.db import session
from core.ids import new_id
from course_packages.model import Item
from scorm_runtime import buckets, facts, lms_comments, media_page, preferences, seeds, time_limits
from scorm_runtime.models import ActivityState, RuntimeSession
from scorm_runtime.run import Run, normal_state
from scorm_runtime.sequencing import ActivityReport


def deliver(run: Run, activity: str) -> dict[str, Any]:
    """Begin a session of ``activity``, which the sequencer has just delivered; the ``activity`` of the answer.

    An attempt that goes on (the sequencer counted no new one) finds what was stored; SCORM 1.2 has one attempt only.
    """
    item = run.outline.item(activity)
    number = 1 if run.outline.scorm_12 else max(run.sequencer.status(activity).attempts, 1)
    state = run.activity_state(activity, number)
    timing = run.setting("resetRunTimeDataTiming")
    resumed = state is not None
    if state is None:
        state = run.new_activity_state(activity, number)
        if run.read_only:
            _show_stored(run, state)
        elif timing == "never" and number > 1 and (before := run.activity_state(activity, number - 1)) is not None:
            state.cmi, resumed = seeds.kept(run.outline.scorm_12, before.cmi), True
    elif timing == "exit_not_suspend" and not run.read_only and not _left_suspended(run, state):
        state.cmi, resumed = {}, False
    state.cmi = _seed(run, item, state, resumed=resumed or run.read_only)
    if item.scorm_type != "sco":
        # An asset that never calls Initialize: to have been shown is all there is to keep.
        state.saved = True
        if run.outline.scorm_12:
            run.sequencer.record(activity, ActivityReport(completion_status="completed", suspended=True))
    row = RuntimeSession(
        tenant_id=run.tenant_id,
        id=new_id(),
        course_state_id=run.state.id,
        activity=activity,
        number=number,
        launch_id=run.launch.id,
        seq=0,
        entry=state.cmi.get("cmi.core.entry" if run.outline.scorm_12 else "cmi.entry", ""),
        seconds=0.0,
        started=clock.now(),
    )
    session().add(row)
    run.touched = state
    return _activity(run, item, row, state)


def _left_suspended(run: Run, state: ActivityState) -> bool:
    return facts.read(run.outline.scorm_12, state.cmi).exit == "suspend"


def _show_stored(run: Run, state: ActivityState) -> None:
    """In review the content finds what the learner last stored."""
    original = normal_state(run)
    if original is None:
        return
    query = select(ActivityState).where(
        ActivityState.tenant_id == run.tenant_id,
        ActivityState.course_state_id == original.id,
        ActivityState.activity == state.activity,
    )
    stored = session().scalars(query.order_by(ActivityState.number.desc())).first()
    if stored is not None:
        state.cmi, state.seconds = stored.cmi, stored.seconds


def _seed(run: Run, item: Item, state: ActivityState, *, resumed: bool) -> dict[str, str]:
    learner, sequencer = run.learner(), run.sequencer
    scorm_12 = run.outline.scorm_12
    start = seeds.Start(
        item=item,
        learner_id=learner.id,
        learner_name=seeds.full_name(learner.first_name, learner.last_name),
        mode=run.state.mode,
        credit=run.normal,
        stored=state.cmi,
        seconds=state.seconds,
        resumed=resumed,
        objectives=() if scorm_12 else sequencer.seed_objectives(item.identifier),
        scaled_passing_score=None if scorm_12 else sequencer.scaled_passing_score(item.identifier),
        completion_threshold=None if scorm_12 else sequencer.completion_threshold(item.identifier),
        data=run.load_data(item) if item.data_maps else None,
        preferences=preferences.known(run),
        comments=_comments(run, item),
        buckets={} if scorm_12 else buckets.seeds(run, item, state.cmi if resumed else {}),
    )
    if scorm_12:
        lenient = bool(run.setting("resumeWithoutSuspend"))
        return seeds.seed_12(start, first=not resumed, resume_without_suspend=lenient)
    return seeds.seed_2004(start)


def _comments(run: Run, item: Item) -> dict[str, str]:
    found = lms_comments.find(run.registration, item.identifier)
    return lms_comments.seed_12(found) if run.outline.scorm_12 else lms_comments.seed_2004(found)


def _activity(run: Run, item: Item, row: RuntimeSession, state: ActivityState) -> dict[str, Any]:
    href = item.href or ""
    if media_page.is_media(item):
        href = media_page.href(item)
    elif not href.startswith(("http://", "https://")):
        href = f"c/{href}"
    return {
        "session": row.id,
        "id": item.identifier,
        "title": item.title,
        "href": href,
        "scormType": item.scorm_type or "asset",
        "standard": str(run.outline.standard),
        "cmi": state.cmi,
        "readOnly": run.read_only,
        "settings": model_settings(run),
        "access": seeds.access(item),
        "timeLimit": time_limits.of(run, item, row),
    }


def model_settings(run: Run) -> dict[str, Any]:
    """The settings that the data model tables know."""
    known: dict[str, Any] = {"suspendDataMaxLength": run.setting("suspendDataMaxLength")}
    # On is what the standard's own table says; SCORM 1.2 is tolerant by itself.
    for name in ("validateInteractionResponses", "strictIdentifiers"):
        if not run.setting(name):
            known[name] = False
    return known
