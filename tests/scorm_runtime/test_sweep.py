"""Attempts whose page is gone for good are ended as their learners would want it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core import clock
from core.db import session, unit_of_work
from registrations import launches, progress, registrations
from scorm_runtime.models import CourseState
from scorm_runtime.sweep import close_dead_sessions
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register, stored


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    course = load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""}))
    return launch(app, tenant.id, register(tenant.id, course))


def status(player: Player) -> str:
    session().rollback()
    session().expire_all()
    query = session().query(CourseState).filter_by(tenant_id=player.tenant_id, mode="normal")
    return str(query.one().status)


def sweep_later(**after: float) -> None:
    with clock.frozen(clock.now() + timedelta(**after)):
        close_dead_sessions(1000)


def test_a_live_session_is_left_alone(player: Player) -> None:
    player.send({"cmi.location": "3"})
    sweep_later(minutes=20)
    assert status(player) == "active"
    player.send({"cmi.location": "4"})


def test_what_was_saved_is_suspended(player: Player) -> None:
    player.send({"cmi.location": "3", "cmi.session_time": "PT40S"})
    sweep_later(hours=1)
    assert status(player) == "suspended"
    assert progress.summary(stored(player.tenant_id, player.registration_id))["totalSeconds"] == 40.0
    again = player.again()
    assert (again.cmi["cmi.location"], again.cmi["cmi.entry"]) == ("3", "resume")


def test_nothing_saved_is_abandoned(player: Player) -> None:
    sweep_later(hours=1)
    assert status(player) == "ended"
    assert player.again().cmi["cmi.entry"] == "ab-initio"


def test_a_revoked_launch_is_swept_at_once(player: Player) -> None:
    player.send({"cmi.location": "3"})
    with unit_of_work():
        launches.revoke_all(registrations.get(player.tenant_id, player.registration_id))
    sweep_later(minutes=2)
    assert status(player) == "suspended"


def test_sweeping_twice_changes_nothing(player: Player) -> None:
    player.send({"cmi.location": "3"})
    sweep_later(hours=1)
    before = progress.summary(stored(player.tenant_id, player.registration_id))
    sweep_later(hours=2)
    assert progress.summary(stored(player.tenant_id, player.registration_id)) == before


def test_changes_that_arrive_after_the_sweep_are_kept(player: Player) -> None:
    player.send({"cmi.location": "3", "cmi.session_time": "PT40S"})
    sweep_later(hours=1)
    newer = player.again(begin=False)
    newer.session, newer.seq = player.session, player.seq
    newer.send({"cmi.location": "9", "cmi.session_time": "PT60S", "cmi.completion_status": "completed"}, end="unload")
    newer.session = None
    newer.start()
    assert newer.cmi["cmi.location"] == "9"
    assert newer.cmi["cmi.completion_status"] == "completed"
    assert newer.cmi["cmi.total_time"] == "PT1M"
    assert progress.summary(stored(player.tenant_id, player.registration_id))["totalSeconds"] == 60.0


def test_a_finished_single_part_is_over(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"one": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.completion_status": "completed", "cmi.exit": "normal"}, end="terminate")
    sweep_later(hours=1)
    assert status(player) == "ended"
    assert progress.summary(stored(player.tenant_id, player.registration_id))["completion"] == "completed"


def test_12_keeps_its_place(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_12, {"one": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.core.lesson_location": "4"})
    sweep_later(hours=1)
    again = player.again()
    assert (again.cmi["cmi.core.lesson_location"], again.cmi["cmi.core.entry"]) == ("4", "resume")


def test_the_time_counts_up_to_the_last_sign_of_life(player: Player) -> None:
    player.send({"cmi.location": "3"})
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        player.send()
    sweep_later(hours=2)
    assert progress.summary(stored(player.tenant_id, player.registration_id))["totalSeconds"] == pytest.approx(
        1200, abs=30
    )
