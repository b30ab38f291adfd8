"""Taking in what content said: change sets and the end of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core import clock
from core.errors import Invalid
from course_packages.model import Item
from scorm_runtime import buckets, preferences, profile_documents, seeds, state_documents, statements, tracking
from scorm_runtime.cmi import DataModel
from scorm_runtime.delivery import model_settings
from scorm_runtime.facts import Facts, read, session_seconds
from scorm_runtime.models import ActivityState, RuntimeSession
from scorm_runtime.run import Run


def receive(
    run: Run, row: RuntimeSession, changes: Mapping[str, str], *, initialized: bool, end: str | None,
    suspending: bool = False,
) -> Facts | None:  # fmt: skip
    """Store ``changes`` of a session, and its ``end`` (terminate, unload, inferred); the facts after that.

    ``suspending``: the learner leaves the course to come back. :class:`Invalid` lists every element that is refused,
    and nothing is stored then. None when there is nothing to take in.
    """
    state = run.activity_state(row.activity, row.number)
    if state is None or run.read_only:
        row.ended, row.end = (clock.now(), end) if end and row.ended is None else (row.ended, row.end)
        return None
    ending = end is not None and row.ended is None
    late = row.ended is not None
    if not (changes or ending or (initialized and row.initialized is None)):
        # A sign of life: the clock counts up to here should nobody end the session.
        state.updated = state.updated if late else clock.now()
        return None
    item = run.outline.item(row.activity)
    past = _Past(state.updated, session_seconds(run.outline.scorm_12, state.cmi) or 0.0)
    model = _apply(run, item, state, changes)
    if initialized and row.initialized is None:
        row.initialized = clock.now()
        if run.makes("activities"):
            run.statements.append(statements.initialized(run.scene(state), resumed=row.entry == "resume"))
            state_documents.attempt_begun(run.tenant_id, run.scene(state))
            profile_documents.attempt_begun(run.tenant_id, run.scene(state), state.cmi)
    facts = _judge(run, item, state, model, over=ending or late, spoke=row.initialized is not None)
    if changes:
        state.saved = True
        run.save_data(_data_changes(item, changes))
        buckets.save(run, model, changes)
        if not late:
            # What arrives late may be older than what another part has set meanwhile.
            preferences.remember(run, changes)
    state.updated = clock.now()
    if late:
        _recount(run, row, state, facts, past)
    elif ending:
        _count(run, row, state, facts, past.updated if end == "inferred" else state.updated)
        row.end = end
    if item.scorm_type == "sco" or row.initialized is not None:
        # What calls Initialize is a SCO, whatever its resource is declared to be.
        seconds = state.seconds + (0.0 if ending or late else facts.session_seconds or 0.0)
        # What arrives late does not take back that the attempt was suspended meanwhile.
        suspended = run.sequencer.status(row.activity).suspended if late else ending and _suspends(run, facts)
        run.sequencer.record(row.activity, tracking.report(facts, seconds, suspended=suspended))
    run.touched = state
    _tell(run, row, state, facts, over=ending, suspended=facts.exit == "suspend" or suspending)
    return facts


def _suspends(run: Run, facts: Facts) -> bool:
    """SCORM 1.2 has one attempt, which every end suspends."""
    return facts.exit == "suspend" or run.outline.scorm_12


@dataclass(frozen=True)
class _Past:
    """What was known of a session before this request: when it last spoke, and the time it had reported."""

    updated: datetime
    reported: float


def _apply(run: Run, item: Item, state: ActivityState, changes: Mapping[str, str]) -> DataModel:
    model = DataModel(str(run.outline.standard), state.cmi, model_settings(run), seeds.access(item))
    if problems := model.apply(changes):
        raise Invalid(
            problems[0].message
            if len(problems) == 1
            else f"{len(problems)} elements are refused: {problems[0].message}",
            code="cmi_value",
            element=problems[0].element,
            elements=[{"element": p.element, "code": p.code, "message": p.message} for p in problems],
        )
    return model


def _judge(run: Run, item: Item, state: ActivityState, model: DataModel, *, over: bool, spoke: bool) -> Facts:
    """Store the CMI in ``state`` and find out what it means."""
    cmi = model.to_flat()
    if not run.outline.scorm_12:
        facts, state.cause = tracking.judge_2004(model, run.rules)
        state.cmi = cmi
        return facts
    before, facts, cause = read(True, state.cmi), read(True, cmi), "content"
    if over and spoke:
        # RTE 1.2 §3.4.4: the mastery score is held against the raw score at LMSFinish, not while a test is under way.
        _, cause = tracking.judge_12(cmi, item, run.rules, credit=run.normal)
        cmi = tracking.finish_12(cmi, item, run.rules, credit=run.normal)
        facts, _ = tracking.judge_12(cmi, item, run.rules, credit=run.normal)
    if (facts.completion, facts.success) != (before.completion, before.success):
        state.cause = cause
    state.cmi = cmi
    return facts


def _data_changes(item: Item, changes: Mapping[str, str]) -> dict[str, str]:
    """``{target: value}`` of the shared data stores that ``changes`` sets."""
    return {
        data_map.target_id: changes[f"adl.data.{index}.store"]
        for index, data_map in enumerate(item.data_maps)
        if f"adl.data.{index}.store" in changes
    }


def _count(run: Run, row: RuntimeSession, state: ActivityState, facts: Facts, until: datetime) -> None:
    """Add the session's time to the totals, once.

    cmi.total_time adds up what content reported (RTE 4.2.23); the time of the course falls back to the clock.
    """
    state.seconds += facts.session_seconds or 0.0
    clocked = max((until - row.started).total_seconds(), 0.0)
    row.seconds = clocked if facts.session_seconds is None else facts.session_seconds
    run.state.seconds += row.seconds
    row.ended = clock.now()


def _recount(run: Run, row: RuntimeSession, state: ActivityState, facts: Facts, past: _Past) -> None:
    """Put the time that a late delivery reports in the place of what was counted."""
    if facts.session_seconds is None:
        return
    state.seconds += facts.session_seconds - past.reported
    run.state.seconds += facts.session_seconds - row.seconds
    row.seconds = facts.session_seconds


def _tell(run: Run, row: RuntimeSession, state: ActivityState, facts: Facts, *, over: bool, suspended: bool) -> None:
    """The statements of what is new."""
    if not run.makes("activities") or row.initialized is None:
        return
    scene, told = run.scene(state), dict(state.told)
    if over and run.makes("all"):
        run.statements.extend(statements.details(scene, facts, told))
    if over:
        run.statements.extend(statements.measures(scene, facts, told))
    run.statements.extend(statements.status_changes(scene, facts, told))
    if over:
        run.statements.append(statements.ended(scene, facts, row.seconds, suspended=suspended))
        state_documents.attempt_ended(run.tenant_id, scene, state.cmi, state.seconds)
        profile_documents.attempt_ended(run.tenant_id, scene, state.cmi)
    state.told = told
