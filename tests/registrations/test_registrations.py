"""Learners, registrations and their instances."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, NotFound
from core.events import Event
from registrations import learners, progress, registrations
from registrations.models import Instance, Launch, Registration
from scorm_runtime.models import ActivityState, CourseState, RuntimeSession
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, launch, load, package, register, stored


@pytest.fixture
def course(app: Flask, tenant: TestTenant) -> str:
    return load(tenant.id, package(MANIFEST_2004, {"intro": ""}))


def payloads(tenant: TestTenant, type_: str) -> list[dict[str, Any]]:
    session().rollback()
    query = (
        select(Event.payload).where(Event.tenant_id == tenant.id, Event.type == type_).order_by(Event.time, Event.id)
    )
    return list(session().scalars(query))


def test_a_learner_is_updated_by_what_is_given(app: Flask, tenant: TestTenant) -> None:
    with unit_of_work():
        learners.put(tenant.id, "ayu", first_name="Ayu", email="ayu@example.org")
        learners.put(tenant.id, "ayu", last_name="Lestari")
    found = learners.get(tenant.id, "ayu")
    assert (found.first_name, found.last_name, found.email) == ("Ayu", "Lestari", "ayu@example.org")


@pytest.mark.parametrize(
    ("learner_id", "part"), [("", "empty"), ("x" * 256, "256"), ("a\0b", "control"), ("a\n", "control")]
)
def test_bad_learner_ids(app: Flask, tenant: TestTenant, learner_id: str, part: str) -> None:
    with pytest.raises(Invalid, match=part), unit_of_work():
        learners.put(tenant.id, learner_id)


def test_names_hold_no_control_characters(app: Flask, tenant: TestTenant) -> None:
    with pytest.raises(Invalid, match="first name"), unit_of_work():
        learners.put(tenant.id, "ayu", first_name="A\0yu")


def test_a_registration_stays_with_its_version(course: str, tenant: TestTenant) -> None:
    first = register(tenant.id, course)
    load(tenant.id, package(MANIFEST_2004, {"intro": "", "more": ""}))
    second = register(tenant.id, course)
    assert stored(tenant.id, first).course_version == 1
    assert stored(tenant.id, second).course_version == 2
    assert stored(tenant.id, register(tenant.id, course, version=1)).course_version == 1


def test_an_id_is_taken_once_within_a_tenant(
    app: Flask, course: str, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    register(tenant.id, course, registration_id="r1")
    with pytest.raises(Conflict, match="r1"):
        register(tenant.id, course, registration_id="r1")
    with pytest.raises(NotFound):
        registrations.get(other_tenant.id, "r1")
    other_course = load(other_tenant.id, package(MANIFEST_2004, {"intro": ""}))
    register(other_tenant.id, other_course, registration_id="r1")


def test_unknown_courses_and_versions(course: str, tenant: TestTenant) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        register(tenant.id, "nowhere")
    with pytest.raises(NotFound, match="version 7"):
        register(tenant.id, course, version=7)


def test_settings_are_checked(course: str, tenant: TestTenant) -> None:
    for overrides, part in (
        ({"colour": "red"}, "colour"),
        ({"maxAttempts": "3"}, "maxAttempts"),
        ({"maxAttempts": -1}, "maxAttempts"),
        ({"statementLevel": "loud"}, "rollup"),
    ):
        with pytest.raises(Invalid, match=part):
            register(tenant.id, course, overrides=overrides)


def test_the_id_serves_as_xapi_registration_where_it_is_a_uuid(course: str, tenant: TestTenant) -> None:
    given = str(uuid.uuid4())
    register(tenant.id, course, registration_id=given.upper())
    assert progress.summary(stored(tenant.id, given.upper()))["xapiRegistration"] == given
    other = stored(tenant.id, register(tenant.id, course, registration_id="number 5"))
    assert uuid.UUID(progress.summary(other)["xapiRegistration"])


def test_finding(course: str, tenant: TestTenant) -> None:
    ids = [register(tenant.id, course, learner_id=name) for name in ("ayu", "budi", "citra")]
    session().rollback()
    assert [r.id for r in registrations.find(tenant.id)] == ids
    assert [r.id for r in registrations.find(tenant.id, learner_id="budi")] == [ids[1]]
    assert registrations.find(tenant.id, course_id="other") == []
    first = registrations.find(tenant.id, limit=1)[0]
    assert [r.id for r in registrations.find(tenant.id, after=(first.updated, first.id))] == ids[1:]
    assert [r.id for r in registrations.find(tenant.id, since=first.updated)] == ids
    assert [r.id for r in registrations.find(tenant.id, until=first.updated)] == ids[:1]


def test_a_reset_makes_a_new_instance(course: str, tenant: TestTenant) -> None:
    identity = register(tenant.id, course)
    with unit_of_work():
        registration = registrations.get(tenant.id, identity)
        progress.set_by_administrator(registration, "completed", "passed")
        registrations.reset(registration)
    registration = stored(tenant.id, identity)
    old, new = registrations.instances(registration)
    assert (old.completion, new.completion, registration.instance) == ("completed", "unknown", 1)
    assert old.xapi_registration != new.xapi_registration
    assert payloads(tenant, "registration.progressed")[-1]["cause"] == "reset"


def test_deleting_takes_everything_but_the_event(app: Flask, course: str, tenant: TestTenant) -> None:
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.location": "1"})
    with unit_of_work():
        registrations.delete(registrations.get(tenant.id, player.registration_id))
    for table in (Registration, Instance, Launch, CourseState, ActivityState, RuntimeSession):
        assert session().scalars(select(table).where(table.tenant_id == tenant.id)).all() == []
    assert payloads(tenant, "registration.deleted")[0]["registration"] == player.registration_id
    assert player.post({"seq": 5, "key": "k", "session": player.session}).status_code == 404
