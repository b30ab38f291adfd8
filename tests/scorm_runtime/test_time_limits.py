"""What the player is told of the time a part allows, and where a part leads whose time was up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from core.db import unit_of_work
from registrations import registrations
from scorm_runtime.models import RuntimeSession
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import (
    MANIFEST_12,
    MANIFEST_2004,
    Player,
    launch,
    load,
    package,
    register,
    stored,
)

LIMIT_12 = "<adlcp:maxtimeallowed>00:10:00</adlcp:maxtimeallowed><adlcp:timelimitaction>{}</adlcp:timelimitaction>"
LIMIT_2004 = (
    "<adlcp:timeLimitAction>{}</adlcp:timeLimitAction><imsss:sequencing>"
    '<imsss:limitConditions attemptAbsoluteDurationLimit="PT10M"/>'
    '<imsss:deliveryControls completionSetByContent="true"/></imsss:sequencing>'
)
KINDS = [(MANIFEST_12, LIMIT_12, "cmi.core."), (MANIFEST_2004, LIMIT_2004, "cmi.")]


def open_course(app: Flask, tenant: TestTenant, manifest: str, limit: str, **settings: Any) -> Player:
    course = load(tenant.id, package(manifest, {"one": limit, "two": ""}))
    registration = register(tenant.id, course)
    with unit_of_work():
        registrations.configure(registrations.get(tenant.id, registration), settings)
    return launch(app, tenant.id, registration)


def spend(tenant_id: int, player: Player, minutes: int) -> None:
    """The session that is open began so much earlier."""
    with unit_of_work() as session:
        row = session.get_one(RuntimeSession, (tenant_id, player.session))
        row.started -= timedelta(minutes=minutes)


@pytest.mark.parametrize(("manifest", "limit", "prefix"), KINDS)
@pytest.mark.parametrize(
    ("action", "exits", "tells"),
    [("exit,message", True, True), ("exit,no message", True, False), ("continue,message", False, True)],
)
def test_what_the_manifest_says_reaches_the_player(
    app: Flask, tenant: TestTenant, manifest: str, limit: str, prefix: str, action: str, exits: bool, tells: bool
) -> None:
    player = open_course(app, tenant, manifest, limit.format(action))
    assert player.activity["timeLimit"] == {"seconds": 600.0, "exits": exits, "tells": tells}
    assert player.send(end="unload", navigate="continue")["activity"]["timeLimit"] is None


@pytest.mark.parametrize(("manifest", "limit", "prefix"), KINDS)
def test_nothing_to_watch(app: Flask, tenant: TestTenant, manifest: str, limit: str, prefix: str) -> None:
    player = open_course(app, tenant, manifest, limit.format("continue,no message"))
    assert player.activity["timeLimit"] is None
    player = open_course(app, tenant, manifest, limit.format("exit,message"), enforceTimeLimits=False)
    assert player.activity["timeLimit"] is None
    assert player.again(mode="review").activity["timeLimit"] is None
    assert player.again(mode="browse").activity["timeLimit"] is None


@pytest.mark.parametrize(("manifest", "limit", "prefix"), KINDS)
def test_sessions_that_go_on_share_the_time(
    app: Flask, tenant: TestTenant, manifest: str, limit: str, prefix: str
) -> None:
    player = open_course(app, tenant, manifest, limit.format("exit,message"))
    for _ in range(2):
        spend(tenant.id, player, 3)
        player.send({f"{prefix}exit": "suspend"}, end="unload", navigate="suspendAll")
        player = player.again()
    left = player.activity["timeLimit"]["seconds"]
    # And the time the requests took.
    assert 120 < left <= 240
    # The content's own clock counts where it has one.
    time = "00:05:00" if prefix == "cmi.core." else "PT5M"
    player.send({f"{prefix}exit": "suspend", f"{prefix}session_time": time}, end="terminate", navigate="suspendAll")
    player = player.again()
    assert player.activity["timeLimit"]["seconds"] == 0.0


@pytest.mark.parametrize(("manifest", "limit", "prefix"), KINDS)
def test_time_out_leaves_the_course_and_the_next_try_has_its_own_time(
    app: Flask, tenant: TestTenant, manifest: str, limit: str, prefix: str
) -> None:
    player = open_course(app, tenant, manifest, limit.format("exit,message"))
    place = "cmi.core.lesson_location" if prefix == "cmi.core." else "cmi.location"
    player.send({place: "3"})
    spend(tenant.id, player, 10)
    answer = player.send({f"{prefix}exit": "time-out"}, end="unload", navigate="exit")
    assert (answer["state"], answer["activity"]) == ("ended", None)
    assert registrations.instance_of(stored(tenant.id, player.registration_id)).total_seconds >= 600
    player = player.again()
    assert player.activity["timeLimit"]["seconds"] == 600.0
    assert player.activity["cmi"][f"{prefix}entry"] in ("", "ab-initio")


@pytest.mark.parametrize(("manifest", "limit", "prefix"), KINDS)
@pytest.mark.parametrize(("action", "state", "activity"), [("continue", "content", "two"), ("none", "idle", None)])
def test_the_exit_action_of_the_settings_decides(
    app: Flask, tenant: TestTenant, manifest: str, limit: str, prefix: str, action: str, state: str, activity: str
) -> None:
    name = "intermediateScoNotSatisfiedTimeoutExitAction"
    player = open_course(app, tenant, manifest, limit.format("exit,no message"), **{name: action})
    answer = player.send({f"{prefix}exit": "time-out"}, end="unload", navigate="exit")
    if action == "none" and prefix == "cmi.core.":
        # SCORM 1.2 knows no way out of a part but out of the course.
        state = "ended"
    assert (answer["state"], (answer["activity"] or {}).get("id")) == (state, activity)
