"""Every lock and every hidden part can be asked for its reasons, with the rule that applied."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from core.db import unit_of_work
from core.errors import Conflict
from course_packages.models import CourseVersion
from registrations import registrations
from scorm_runtime.explaining import Situation, Verdict
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register, stored

RULE = (
    "<imsss:sequencing><imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions><imsss:ruleCondition {}/>"
    '</imsss:ruleConditions><imsss:ruleAction action="{}"/></imsss:preConditionRule></imsss:sequencingRules></imsss:sequencing>'
)
LIMIT = '<imsss:sequencing><imsss:limitConditions attemptLimit="1"/></imsss:sequencing>'


def verdicts(tenant: TestTenant, registration: str, language: str = "en") -> tuple[Situation, dict[str, Verdict]]:
    situation = Situation(stored(tenant.id, registration), language)
    return situation, {entry.id: situation.choice(entry) for entry in situation.contents()}


def steps(verdict: Verdict) -> str:
    return "\n".join(f"{step.code}: {step.text}" for step in verdict.steps)


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    """A course with a part that is open, disabled, hidden by a rule, hidden by its item, and one that is used up."""
    parts = {
        "open": "",
        "disabled": RULE.format('operator="not" condition="attempted"', "disabled"),
        "hidden": RULE.format('condition="always"', "hiddenFromChoice"),
        "once": LIMIT,
    }
    return launch(app, tenant.id, register(tenant.id, load(tenant.id, package(MANIFEST_2004, parts))))


def test_rules_and_limits_are_named(tenant: TestTenant, player: Player) -> None:
    player.send(
        {"cmi.completion_status": "completed", "cmi.exit": "normal"}, end="terminate", navigate="choice", target="once"
    )
    player.send({"cmi.exit": "normal"}, end="terminate", navigate="choice", target="open")
    situation, found = verdicts(tenant, player.registration_id)
    assert situation.state == "active"
    assert (found["open"].allowed, found["open"].code, found["open"].reason) == (True, None, "")
    disabled = found["disabled"]
    assert (disabled.allowed, disabled.code) == (False, "DB.1.1-3")
    assert disabled.reason == "“Disabled” is not available now."
    assert "UP.2: disabled: rule disabled applies (not attempted)" in steps(disabled)
    hidden = found["hidden"]
    assert (hidden.allowed, hidden.code) == (False, "SB.2.9-3")
    assert "UP.2: hidden: rule hiddenFromChoice applies (always)" in steps(hidden)
    once = found["once"]
    assert (once.code, once.reason) == ("DB.1.1-3", "All attempts of “Once” have been used.")
    assert "UP.5 step 4: once has no attempt left (1 made)" in steps(once)
    assert verdicts(tenant, player.registration_id, "id")[1]["once"].reason == "Semua percobaan “Once” sudah terpakai."


def test_looking_changes_nothing(tenant: TestTenant, player: Player) -> None:
    before = player.send({"cmi.location": "1"})
    verdicts(tenant, player.registration_id)
    after = player.send({"cmi.location": "2"})
    assert {**before, "seq": 0} == {**after, "seq": 0}


def test_controls(tenant: TestTenant, player: Player) -> None:
    situation, _ = verdicts(tenant, player.registration_id)
    assert situation.control("suspendAll").allowed
    previous = situation.control("previous")
    assert (previous.allowed, previous.code) == (False, "SB.2.1-3")
    assert previous.reason == "This is the beginning of the course."
    assert player.answer["controls"]["reasons"]["previous"] == previous.reason


def test_a_control_the_content_hides(app: Flask, tenant: TestTenant) -> None:
    hide = (
        "<adlnav:presentation><adlnav:navigationInterface><adlnav:hideLMSUI>continue</adlnav:hideLMSUI>"
        "</adlnav:navigationInterface></adlnav:presentation>"
    )
    course = load(tenant.id, package(MANIFEST_2004, {"one": hide, "two": ""}))
    situation, _ = verdicts(tenant, launch(app, tenant.id, register(tenant.id, course)).registration_id)
    control = situation.control("continue")
    assert (control.allowed, control.code, control.reason) == (
        False,
        "hideLMSUI",
        "“One” has its own control for this.",
    )


def test_before_the_first_launch(tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"one": "", "two": RULE.format('condition="always"', "disabled")}))
    situation, found = verdicts(tenant, register(tenant.id, course))
    assert situation.state == "not_started"
    assert found["one"].allowed
    assert found["two"].code == "DB.1.1-3"
    assert situation.control("continue").code == "NB.2.1-2"


def test_prerequisites_and_invisible_items_of_12(app: Flask, tenant: TestTenant) -> None:
    locked = '<adlcp:prerequisites type="aicc_script">one</adlcp:prerequisites>'
    data = package(MANIFEST_12, {"one": "", "two": locked, "three": ""})
    registration = register(tenant.id, load(tenant.id, data))
    _, found = verdicts(tenant, registration)
    assert found["two"].reason == "“Two” opens when these are done: “One”."
    assert "1.2 prerequisites: two: one is not met" in steps(found["two"])
    launch(app, tenant.id, registration).send(
        {"cmi.core.lesson_status": "completed"}, end="terminate", navigate="exitAll"
    )
    assert verdicts(tenant, registration)[1]["two"].allowed


def test_what_cannot_be_played_says_so(tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_12, {"one": ""}))
    registration = register(tenant.id, course)
    with unit_of_work() as session:
        found = registrations.get(tenant.id, registration)
        session.get_one(CourseVersion, (tenant.id, found.version_id)).standard = "cmi5"
    with pytest.raises(Conflict):
        Situation(stored(tenant.id, registration))


def test_a_large_course_answers_in_time(tenant: TestTenant) -> None:
    parts = {f"part-{number}": RULE.format('condition="always"', "disabled") for number in range(300)}
    registration = register(tenant.id, load(tenant.id, package(MANIFEST_2004, parts)))
    verdicts(tenant, registration)
    began = time.process_time()
    _, found = verdicts(tenant, registration)
    assert len(found) == 301
    assert time.process_time() - began < 5
