"""Moving a registration to another version of its course."""

from __future__ import annotations

import pytest
from flask import Flask

from core.db import unit_of_work
from core.errors import Conflict
from registrations import registrations
from scorm_runtime import upgrading
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register, stored


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""}))
    started = launch(app, tenant.id, register(tenant.id, "safety"))
    started.send({"cmi.location": "3", "cmi.exit": "suspend"})
    return started


def moved(player: Player, number: int) -> upgrading.Plan:
    with unit_of_work():
        return upgrading.move(registrations.get(player.tenant_id, player.registration_id), number)


def test_a_version_with_the_same_parts_keeps_the_place(player: Player) -> None:
    load(player.tenant_id, package(MANIFEST_2004, {"one": "", "two": "", "three": ""}))
    told = upgrading.plan(stored(player.tenant_id, player.registration_id), 2)
    assert (told.keeps_progress, told.kept, told.added, told.removed) == (True, ("one", "two"), ("three",), ())
    assert stored(player.tenant_id, player.registration_id).course_version == 1
    assert moved(player, 2) == told
    # The page that was open is over; what it saved is kept.
    assert player.post({"session": player.session, "seq": 9, "key": "late", "changes": {}}).status_code == 410
    assert stored(player.tenant_id, player.registration_id).course_version == 2
    again = player.again()
    assert (again.activity["id"], again.cmi["cmi.location"], again.cmi["cmi.entry"]) == ("one", "3", "resume")
    assert [entry["id"] for entry in again.answer["toc"]][-1] == "three"


@pytest.mark.parametrize("data", [package(MANIFEST_2004, {"two": "", "new": ""}), package(MANIFEST_12, {"one": ""})])
def test_where_what_was_tracked_is_gone_a_new_instance_begins(player: Player, data: bytes) -> None:
    load(player.tenant_id, data)
    assert not moved(player, 2).keeps_progress
    registration = stored(player.tenant_id, player.registration_id)
    assert (registration.course_version, registration.instance) == (2, 1)
    assert registrations.instance_of(registration, 0).total_seconds is not None
    player.again()


def test_the_version_it_is_on_is_refused(player: Player) -> None:
    with pytest.raises(Conflict):
        moved(player, 1)
