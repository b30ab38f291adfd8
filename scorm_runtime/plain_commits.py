"""Commits of plain data: a place, suspend data, interactions, time. Most requests of the runtime are of this kind.

Such a commit changes nothing that sequencing, rollup or statements look at before the session ends. It is stored by two reads
and two writes, and what the page is answered is remembered until something else of the course changes. Everything that is not
plain goes the whole way (:mod:`scorm_runtime.sessions`), which also words every refusal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import LargeBinary, and_, bindparam, select, type_coerce, update

from core import clock
from core.db import memory, session
from registrations import launches, progress
from registrations.models import Instance, Launch, Registration
from scorm_runtime import answers, seeds, stores
from scorm_runtime.cmi import DataModel
from scorm_runtime.delivery import model_settings
from scorm_runtime.models import ActivityState, CourseState, RuntimeSession
from scorm_runtime.outline import Outline, outline
from scorm_runtime.recent import Recent
from scorm_runtime.run import NORMAL, open_run

if TYPE_CHECKING:
    from scorm_runtime.sessions import RuntimeRequest

# What is read only when the session ends (the exit, the time, interactions) or by nobody but the content.
_PLAIN = re.compile(
    r"cmi\.(location|suspend_data|session_time|exit|core\.(lesson_location|session_time|exit)|interactions\..+)",
    re.DOTALL,
)
# Of answers that are remembered, in bytes.
_REMEMBERED = 16 << 20

_LAUNCH = (
    select(
        Launch.tenant_id, Launch.id, Launch.registration_id, Launch.instance, Launch.mode,
        Launch.ended, Launch.ticket_expires, Launch.token_expires, Launch.last_seen,
        Registration.version_id, Registration.learner_id,
    )
    .join(Registration, and_(Registration.tenant_id == Launch.tenant_id, Registration.id == Launch.registration_id))
    .where(Launch.token_hash == bindparam("token_hash"))
    .with_for_update(of=Registration)
)  # fmt: skip

# A statement of its own: what it finds is what the holder of the lock before has left.
_SESSION = (
    select(
        RuntimeSession.activity, RuntimeSession.number, RuntimeSession.seq, RuntimeSession.last_key, RuntimeSession.ended,
        RuntimeSession.initialized, CourseState.id, CourseState.status, CourseState.attempt, CourseState.seconds,
        type_coerce(CourseState.snapshot, LargeBinary).label("snapshot"),
        type_coerce(CourseState.settings, LargeBinary).label("settings"),
        type_coerce(CourseState.scoped, LargeBinary).label("scoped"),
        ActivityState.cmi,
    )
    .join(
        CourseState,
        and_(CourseState.tenant_id == RuntimeSession.tenant_id, CourseState.id == RuntimeSession.course_state_id),
    )
    .join(
        ActivityState,
        and_(
            ActivityState.tenant_id == RuntimeSession.tenant_id,
            ActivityState.course_state_id == RuntimeSession.course_state_id,
            ActivityState.activity == RuntimeSession.activity,
            ActivityState.number == RuntimeSession.number,
        ),
    )
    .where(
        RuntimeSession.tenant_id == bindparam("tenant"),
        RuntimeSession.id == bindparam("session"),
        CourseState.registration_id == bindparam("registration"),
        CourseState.instance == bindparam("instance"),
        CourseState.mode == NORMAL,
    )
)  # fmt: skip

_STORE_DATA = (
    update(ActivityState.__table__)  # type: ignore[arg-type]
    .where(
        ActivityState.tenant_id == bindparam("tenant"),
        ActivityState.course_state_id == bindparam("state"),
        ActivityState.activity == bindparam("of"),
        ActivityState.number == bindparam("attempt"),
    )
    .values(cmi=bindparam("cmi"), saved=True, updated=bindparam("updated"))
)
_STORE_SEQUENCE = (
    update(RuntimeSession.__table__)  # type: ignore[arg-type]
    .where(RuntimeSession.tenant_id == bindparam("tenant"), RuntimeSession.id == bindparam("session"))
    .values(seq=bindparam("seq"), last_key=bindparam("last_key"), last_answer=None)
)


@dataclass(frozen=True)
class Standing:
    """What a course answers while nothing but data changes: all but ``seq`` of the answer, and what checks the data."""

    answer: bytes
    settings: Mapping[str, Any]
    traced: bool


def store(token: str, request: RuntimeRequest, language: str) -> bytes | None:
    """Store ``request`` if it is a commit of plain data; the answer. None: it is not, and nothing was done."""
    if request.session is None or request.end is not None or request.navigate is not None or not request.changes:
        return None
    connection = session().connection()
    launch = connection.execute(_LAUNCH, {"token_hash": launches.token_hash(token)}).one_or_none()
    if launch is None or launch.mode != NORMAL or launch.ended is not None or launches.expiry(launch) <= clock.now():
        return None
    row = connection.execute(
        _SESSION,
        {"tenant": launch.tenant_id, "session": request.session, "registration": launch.registration_id,
         "instance": launch.instance},
    ).one_or_none()  # fmt: skip
    if row is None or not _in_order(row, request) or not _is_plain(request.changes, row.cmi):
        return None
    course = outline(launch.tenant_id, launch.version_id)
    standing = _standing(launch, row, course, language)
    if standing.traced:
        return None
    model = DataModel(str(course.standard), row.cmi, standing.settings, seeds.access(course.item(row.activity)))
    if model.apply(request.changes):
        return None
    keys = {"tenant": launch.tenant_id, "state": row.id, "of": row.activity, "attempt": row.number}
    connection.execute(_STORE_DATA, {**keys, "cmi": model.to_flat(), "updated": clock.now()})
    keys = {"tenant": launch.tenant_id, "session": request.session}
    connection.execute(_STORE_SEQUENCE, {**keys, "seq": request.seq, "last_key": request.key})
    if launches.needs_seen(launch):
        _seen(launch)
    return answers.with_seq(request.seq, standing.answer)


def _in_order(row: Any, request: RuntimeRequest) -> bool:
    """Neither a repetition nor overtaken, in a session that content has begun and not ended."""
    return (
        row.status == "active"
        and row.initialized is not None
        and row.ended is None
        and request.seq > row.seq
        and request.key != row.last_key
    )


def _is_plain(changes: Mapping[str, str], stored: Mapping[str, str]) -> bool:
    """Much content says its status with each commit: what is said again is no change."""
    return all(_PLAIN.fullmatch(element) or stored.get(element) == value for element, value in changes.items())


def _standing(launch: Any, row: Any, course: Outline, language: str) -> Standing:
    """What is known of the course in this state, from memory where it was asked for before."""
    objectives: Mapping[str, Any] = {}
    if course.objectives and course.organization.objectives_global_to_system:
        # Another course of the learner may have changed them.
        objectives = stores.global_objectives(launch.tenant_id, launch.learner_id, course.objectives)
    facts = (launch.tenant_id, launch.version_id, language, row.attempt, row.seconds)
    parts = (row.snapshot, row.settings, row.scoped, msgspec.json.encode((facts, objectives), order="deterministic"))
    mark = blake2b(digest_size=20)
    for part in parts:
        mark.update(len(part).to_bytes(8, "big"))
        mark.update(part)
    remembered: Recent[Standing] = memory("scorm_runtime.standings", lambda: Recent(_REMEMBERED))
    found = remembered.get(mark.digest())
    if found is None:
        run = open_run(session().get_one(Launch, (launch.tenant_id, launch.id)))
        run.sequencer.language = language
        found = Standing(answers.standing(run), model_settings(run), bool(run.setting("traceCalls")))
        remembered.put(mark.digest(), found, len(found.answer))
    return found


def _seen(launch: Any) -> None:
    """Once a minute, move the idle limit of the launch and note that the learner is here."""
    launches.seen(session().get_one(Launch, (launch.tenant_id, launch.id)))
    progress.touch(session().get_one(Instance, (launch.tenant_id, launch.registration_id, launch.instance)))
    session().flush()
