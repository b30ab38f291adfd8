"""The trace of a registration: recorded only when switched on, read, exported, compared; nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from core import clock
from core.db import session, unit_of_work
from registrations import registrations
from scorm_runtime import sweep, trace
from scorm_runtime.models import TracePart
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, Player, launch, load, package, register
from tests.server.console.conftest import Browser, browser_of


@pytest.fixture
def course(app: Flask, tenant: TestTenant) -> str:
    return load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""}))


@pytest.fixture
def admin(app: Flask, tenant: TestTenant) -> Browser:
    return browser_of(app, "tenant_administrator", tenant.id)


def call(name: str, *args: str, result: str = "true", error: str = "0") -> dict[str, Any]:
    return {"at": 1_760_000_000_000, "call": name, "args": list(args), "result": result, "error": error}


def play(app: Flask, tenant: TestTenant, registration: str, location: str = "<b>7") -> Player:
    player = launch(app, tenant.id, registration)
    calls = [
        call("Initialize", ""),
        call("SetValue", "cmi.location", location),
        call("SetValue", "cmi.nonsense", "1", result="false", error="401"),
        call("SetValue", "cmi.session_time", f"PT{len(registration)}S"),
    ]
    player.send({"cmi.location": location}, trace=calls)
    player.send({}, end="terminate", navigate="continue", trace=[call("Terminate", "")])
    return player


def record(tenant: TestTenant, registration: str) -> None:
    with unit_of_work():
        registrations.configure(registrations.get(tenant.id, registration), {"traceCalls": True})


def parts(tenant: TestTenant) -> int:
    session().rollback()
    return session().scalar(select(func.count()).where(TracePart.tenant_id == tenant.id)) or 0


def test_nothing_is_recorded_unless_it_is_switched_on(app: Flask, tenant: TestTenant, course: str) -> None:
    play(app, tenant, register(tenant.id, course))
    assert parts(tenant) == 0


def test_calls_and_decisions_in_their_order(
    app: Flask, tenant: TestTenant, other_tenant: TestTenant, course: str, client: FlaskClient
) -> None:
    registration = register(tenant.id, course)
    record(tenant, registration)
    play(app, tenant, registration)
    path = f"/api/v2/registrations/{registration}/trace"
    (recording,) = client.get(path, headers=tenant.auth).json["recordings"]
    found = recording["entries"]
    assert [e["kind"] for e in found] == [
        "request", "decision", "call", "call", "call", "call", "request", "status",
        "call", "request", "status", "decision",
    ]  # fmt: skip
    start, end = found[1], found[-1]
    assert (start["request"], start["delivered"]) == ("start", "one")
    assert (end["request"], end["delivered"], end["exception"]) == ("continue", "two", None)
    assert found[4] == {
        "at": "2025-10-09T08:53:20.000Z", "kind": "call", "activity": "one", "call": "SetValue",
        "args": ["cmi.nonsense", "1"], "result": "false", "error": "401",
    }  # fmt: skip
    assert found[6]["changes"] == ["cmi.location"]
    assert client.get(f"{path}?launchId=nonsense", headers=tenant.auth).status_code == 404
    assert client.get(path, headers=other_tenant.auth).status_code == 404


def test_a_refused_decision_says_why(app: Flask, tenant: TestTenant, course: str) -> None:
    registration = register(tenant.id, course)
    record(tenant, registration)
    player = launch(app, tenant.id, registration)
    player.send(navigate="previous")
    found = trace.entries(tenant.id, trace.recordings(tenant.id)[0].launch_id, registration)
    assert found[-1]["delivered"] is None
    assert found[-1]["exception"]
    assert found[-1]["reason"]
    assert found[-1]["steps"]


def test_a_repeated_request_is_recorded_once(app: Flask, tenant: TestTenant, course: str) -> None:
    registration = register(tenant.id, course)
    record(tenant, registration)
    player = launch(app, tenant.id, registration)
    body = {"session": player.session, "seq": 9, "key": "same", "changes": {"cmi.location": "1"}, "initialized": True,
            "trace": [call("Commit", "")]}  # fmt: skip
    for _ in range(3):
        assert player.post(body).status_code == 200
    assert parts(tenant) == 2


def test_the_page_switches_reads_and_exports(app: Flask, tenant: TestTenant, course: str, admin: Browser) -> None:
    registration = register(tenant.id, course)
    page = f"/registration/trace?id={registration}"
    assert "Switch recording on" in admin.get(page).text
    assert admin.post("/registration/trace", {"id": registration, "on": "yes"}).status_code == 302
    assert "Recording is on" in admin.get(page).text
    play(app, tenant, registration)
    text = admin.get(page).text
    assert "cmi.nonsense" in text
    assert "<b>7" not in text
    assert "Stop recording" in text
    launch_id = trace.recordings(tenant.id)[0].launch_id
    exported = admin.get(f"/registration/trace/export?id={registration}&launch={launch_id}")
    assert exported.headers["Content-Disposition"].startswith("attachment")
    assert exported.json["registration"] == registration
    assert len(exported.json["entries"]) == 12
    admin.post("/registration/trace", {"id": registration, "on": "no"})
    play(app, tenant, registration)
    assert len(trace.recordings(tenant.id)) == 1


def test_two_learners_are_compared(app: Flask, tenant: TestTenant, course: str, admin: Browser) -> None:
    ids = []
    for learner, location in (("ani", "7"), ("budi-with-a-longer-id", "8")):
        registration = register(tenant.id, course, learner, registration_id=learner)
        record(tenant, registration)
        play(app, tenant, registration, location)
        ids.append(trace.recordings(tenant.id, registration_id=registration)[0].launch_id)
    path = f"/registration/trace/compare?id=ani&left={ids[0]}&right={ids[1]}"
    text = admin.get(path).text
    assert "6 lines are the same, 1 differ" in text
    assert text.count("<tr class=") == 7
    only = admin.get(path + "&only=differences").text
    assert only.count("<tr class=") == 1
    assert "cmi.location" in only
    assert admin.get(f"/registration/trace/compare?id=ani&left={ids[0]}&right=nonsense").status_code == 404


def test_who_may(app: Flask, tenant: TestTenant, other_tenant: TestTenant, course: str) -> None:
    registration = register(tenant.id, course)
    record(tenant, registration)
    play(app, tenant, registration)
    instructor = browser_of(app, "instructor", tenant.id)
    assert "cmi.location" in instructor.get(f"/registration/trace?id={registration}").text
    assert instructor.post("/registration/trace", {"id": registration, "on": "no"}).status_code == 403
    stranger = browser_of(app, "tenant_administrator", other_tenant.id)
    assert stranger.get(f"/registration/trace?id={registration}").status_code == 404


def test_recordings_are_forgotten_after_their_time(app: Flask, tenant: TestTenant, course: str) -> None:
    registration = register(tenant.id, course)
    record(tenant, registration)
    play(app, tenant, registration)
    play(app, tenant, registration)
    assert parts(tenant) == 6
    newest = trace.recordings(tenant.id)[0].launch_id
    with unit_of_work():
        session().execute(
            update(TracePart)
            .where(TracePart.tenant_id == tenant.id, TracePart.launch_id != newest)
            .values(time=clock.now() - trace.KEPT - timedelta(minutes=1))
        )
    sweep.forget_traces()
    assert [r.launch_id for r in trace.recordings(tenant.id)] == [newest]
