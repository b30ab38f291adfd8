"""Opening a launch: ticket to token, the mode it runs in, and what the player page starts from."""

from __future__ import annotations

import uuid

from core.db import session
from core.settings import get_settings
from registrations import launches, registrations
from registrations.models import Launch, Registration
from scorm_runtime import moving, seeds
from scorm_runtime.cmi_tables import family, table
from scorm_runtime.outline import outline
from scorm_runtime.player_page import SETTINGS, Boot
from scorm_runtime.run import NORMAL, find_state, settings_in_force


def open_launch(ticket: str) -> str:
    """Redeem the ticket; the token. A completed registration may turn to review (launchCompletedRegsAsNoCredit)."""
    launch, token = launches.redeem(ticket)
    registration = registrations.get(launch.tenant_id, launch.registration_id)
    launches.check_playable(registration)
    completed = registrations.instance_of(registration, launch.instance).completion == "completed"
    if launch.mode == NORMAL and completed and settings_in_force(registration)["launchCompletedRegsAsNoCredit"]:
        launch.mode = "review"
    if launch.mode == NORMAL:
        _check_attempts(launch, registration)
    session().flush()
    return token


def _check_attempts(launch: Launch, registration: Registration) -> None:
    """Refuse a launch that could only begin an attempt too many; the ticket stays good for when one more is allowed."""
    state = find_state(registration, launch)
    most = int(settings_in_force(registration)["maxAttempts"])
    if state is not None and state.status == "ended" and 0 < most <= state.attempt:
        raise moving.attempts_used(most)


def boot(launch: Launch) -> Boot:
    """What the page of an open launch starts from."""
    registration = registrations.get(launch.tenant_id, launch.registration_id)
    instance = registrations.instance_of(registration, launch.instance)
    learner = registrations.learner_of(registration)
    course = outline(registration.tenant_id, registration.version_id)
    name = family(str(course.standard))
    return Boot(
        title=registration.course_title,
        learner_name=seeds.full_name(learner.first_name, learner.last_name),
        journal=_journal(launch),
        tables={name: table(name).data},
        mode=launch.mode,
        elapsed=instance.total_seconds,
        # Often enough for one of them to be lost.
        alive=get_settings().launch_idle_timeout / 3,
        pages=course.pages,
        settings={name: value for name, value in settings_in_force(registration).items() if name in SETTINGS},
    )


def _journal(launch: Launch) -> str:
    """By which name a later page finds what this one leaves: only what counts may be delivered.

    Not the registration of statements, which a client may give to several courses.
    """
    name = f"{launch.tenant_id}/{launch.instance}/{launch.registration_id}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name if launch.mode == NORMAL else f"{name}/{launch.id}"))
