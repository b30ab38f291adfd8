"""Preferences of the learner: set in one part, found by the others, kept across launches and attempts."""

from __future__ import annotations

import pytest
from flask import Flask

from core.db import unit_of_work
from registrations import registrations
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register

LIKED_12 = {
    "cmi.student_preference.audio": "-1",
    "cmi.student_preference.language": "Bahasa",
    "cmi.student_preference.speed": "50",
    "cmi.student_preference.text": "1",
}
LIKED_2004 = {
    "cmi.learner_preference.audio_level": "0.5",
    "cmi.learner_preference.language": "id",
    "cmi.learner_preference.delivery_speed": "2",
    "cmi.learner_preference.audio_captioning": "1",
}
KINDS = [(MANIFEST_12, LIKED_12), (MANIFEST_2004, LIKED_2004)]


def found(player: Player) -> dict[str, str]:
    return {name: value for name, value in player.activity["cmi"].items() if "_preference." in name}


@pytest.mark.parametrize(("manifest", "liked"), KINDS)
def test_other_parts_and_later_launches_find_them(
    app: Flask, tenant: TestTenant, manifest: str, liked: dict[str, str]
) -> None:
    course = load(tenant.id, package(manifest, {"one": "", "two": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    assert found(player) == {}
    player.send(liked)
    player.send(end="terminate", navigate="continue")
    assert (player.activity["id"], found(player)) == ("two", liked)
    # The newest word counts, also for the part that said something else before.
    name, value = next(iter(liked.items()))
    player.send({name: "0"}, end="terminate", navigate="previous")
    assert (player.activity["id"], found(player)) == ("one", liked | {name: "0"})
    player.send({name: value}, end="terminate", navigate="exitAll")
    player = player.again()
    assert found(player) == liked
    # Another learner's are his own.
    assert found(launch(app, tenant.id, register(tenant.id, course, "budi"))) == {}


@pytest.mark.parametrize(("manifest", "liked"), KINDS)
def test_the_setting_keeps_them_to_their_part(
    app: Flask, tenant: TestTenant, manifest: str, liked: dict[str, str]
) -> None:
    course = load(tenant.id, package(manifest, {"one": "", "two": ""}))
    registration = register(tenant.id, course)
    with unit_of_work():
        off = {"makeStudentPreferencesGlobalToCourse": False}
        registrations.configure(registrations.get(tenant.id, registration), off)
    player = launch(app, tenant.id, registration)
    player.send(liked)
    player.send(end="terminate", navigate="continue")
    assert found(player) == {}


@pytest.mark.parametrize(("manifest", "liked"), KINDS)
def test_review_and_browsing_change_none(app: Flask, tenant: TestTenant, manifest: str, liked: dict[str, str]) -> None:
    course = load(tenant.id, package(manifest, {"one": "", "two": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send(end="terminate", navigate="suspendAll")
    for mode in ("review", "browse"):
        other = player.again(mode=mode)
        other.send(liked, end="terminate", navigate="continue")
    assert found(player.again()) == {}


def test_a_late_delivery_does_not_bring_old_ones_back(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"one": "", "two": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.location": "1"})
    earlier = player.session
    player.send(navigate="continue")
    player.send({"cmi.learner_preference.language": "id"})
    # What the first part had not sent before it was taken away.
    later = player.session
    player.session = earlier
    player.send({"cmi.learner_preference.language": "en", "cmi.location": "2"}, end="unload")
    player.session = later
    player.send(end="terminate", navigate="exitAll")
    assert found(player.again()) == {"cmi.learner_preference.language": "id"}
