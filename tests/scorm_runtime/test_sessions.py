"""The runtime endpoint from launch to completion, on real packages."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flask import Flask
from sqlalchemy import select

from core.db import session
from core.events import Event
from registrations import progress
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


def play(app: Flask, tenant: TestTenant, data: bytes, **options: Any) -> Player:
    course = load(tenant.id, data)
    return launch(app, tenant.id, register(tenant.id, course, **options))


def summary(player: Player) -> dict[str, Any]:
    return progress.summary(stored(player.tenant_id, player.registration_id))


def event_types(tenant: TestTenant) -> list[str]:
    session().rollback()
    query = select(Event.type).where(Event.tenant_id == tenant.id).order_by(Event.time, Event.id)
    return [type_ for type_ in session().scalars(query) if type_.startswith("registration.")]


@pytest.fixture
def one_2004(app: Flask, tenant: TestTenant) -> Player:
    return play(app, tenant, package(MANIFEST_2004, {"intro": ""}))


@pytest.fixture
def one_12(app: Flask, tenant: TestTenant) -> Player:
    mastery = "<adlcp:masteryscore>80</adlcp:masteryscore>"
    return play(app, tenant, package(MANIFEST_12, {"intro": mastery}))


def test_start_delivers_the_first_sco_with_its_seed(one_2004: Player) -> None:
    activity = one_2004.activity
    assert (activity["id"], activity["href"], activity["scormType"]) == ("intro", "c/intro.html", "sco")
    assert activity["standard"] == "scorm_2004_4"
    assert one_2004.cmi["cmi.learner_id"] == "ayu"
    assert one_2004.cmi["cmi.learner_name"] == "Lestari, Ayu"
    assert one_2004.cmi["cmi.entry"] == "ab-initio"
    assert one_2004.cmi["cmi.credit"] == "credit"
    assert one_2004.answer["state"] == "content"
    assert [e["id"] for e in one_2004.answer["toc"]] == ["org", "intro"]


def test_a_2004_course_completes_and_passes(one_2004: Player, tenant: TestTenant) -> None:
    one_2004.send({"cmi.completion_status": "completed", "cmi.success_status": "passed", "cmi.score.scaled": "0.9"})
    found = summary(one_2004)
    assert (found["completion"], found["success"], found["cause"]) == ("completed", "passed", "content")
    assert found["score"]["scaled"] == 0.9
    one_2004.send({"cmi.session_time": "PT1M30S", "cmi.exit": "normal"}, end="terminate")
    answer = one_2004.send(navigate="exitAll")
    assert answer["state"] == "ended"
    assert summary(one_2004)["totalSeconds"] == 90.0
    types = event_types(tenant)
    assert types.count("registration.completed") == types.count("registration.passed") == 1
    assert types[:2] == ["registration.created", "registration.launched"]


def test_an_event_answers_without_a_second_call(one_2004: Player, tenant: TestTenant) -> None:
    one_2004.send({"cmi.completion_status": "completed"})
    query = select(Event.payload).where(Event.tenant_id == tenant.id, Event.type == "registration.completed")
    payload = session().scalars(query).one()
    assert payload["application"] == tenant.app_id
    assert payload["learner"] == {"id": "ayu", "firstName": "Ayu", "lastName": "Lestari", "email": None}
    assert payload["course"] == {"id": "safety", "version": 1, "title": "Safety"}
    assert (payload["registration"], payload["instance"]) == (one_2004.registration_id, 0)
    assert payload["completion"] == "completed"


def test_a_suspended_attempt_is_resumed(one_2004: Player, tenant: TestTenant) -> None:
    changes = {
        "cmi.location": "7",
        "cmi.suspend_data": "x" * 64_000,
        "cmi.exit": "suspend",
        "cmi.session_time": "PT10S",
    }
    one_2004.send(changes, end="terminate", navigate="suspendAll")
    assert one_2004.answer["state"] == "ended"
    assert "registration.suspended" in event_types(tenant)
    again = one_2004.again()
    assert again.cmi["cmi.entry"] == "resume"
    assert again.cmi["cmi.location"] == "7"
    assert len(again.cmi["cmi.suspend_data"]) == 64_000
    assert again.cmi["cmi.total_time"] == "PT10S"
    assert "cmi.exit" not in again.cmi
    assert "cmi.session_time" not in again.cmi


def test_an_ended_attempt_is_followed_by_a_new_one(one_2004: Player) -> None:
    one_2004.send({"cmi.location": "7", "cmi.completion_status": "completed"}, end="terminate", navigate="exitAll")
    again = one_2004.again()
    assert again.cmi["cmi.entry"] == "ab-initio"
    assert "cmi.location" not in again.cmi
    # What was reached is not lost by looking at the course once more.
    assert summary(again)["completion"] == "completed"
    again.send({"cmi.completion_status": "incomplete"}, end="terminate", navigate="exitAll")
    assert summary(again)["completion"] == "completed"


def test_session_time_counts_once(one_2004: Player) -> None:
    one_2004.send({"cmi.session_time": "PT5S"})
    one_2004.send({"cmi.session_time": "PT8S"})
    one_2004.send({"cmi.session_time": "PT10S", "cmi.exit": "suspend"}, end="terminate")
    one_2004.send(navigate="suspendAll")
    assert summary(one_2004)["totalSeconds"] == 10.0
    assert one_2004.again().cmi["cmi.total_time"] == "PT10S"


def test_a_repeated_request_is_answered_as_before(one_2004: Player) -> None:
    body = {
        "session": one_2004.session, "seq": 5, "key": "k5", "initialized": True, "end": "terminate",
        "changes": {"cmi.session_time": "PT10S"}, "navigate": {"request": "exitAll"},
    }  # fmt: skip
    first, second = one_2004.post(body), one_2004.post(body)
    assert first.status_code == second.status_code == 200
    assert first.data == second.data
    assert summary(one_2004)["totalSeconds"] == 10.0


def test_a_repeated_start_delivers_once(one_2004: Player) -> None:
    body = {"session": None, "seq": 1, "key": "again", "navigate": {"request": "start"}}
    first, second = one_2004.post(body), one_2004.post(body)
    assert first.data == second.data


def test_a_stale_request_is_refused(one_2004: Player) -> None:
    one_2004.seq = 9
    one_2004.send({"cmi.location": "new"})
    response = one_2004.post(
        {"session": one_2004.session, "seq": 9, "key": "other", "changes": {"cmi.location": "old"}}
    )
    assert response.status_code == 409
    assert response.json["error"]["code"] == "stale_sequence"
    one_2004.send({"cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    assert one_2004.again().cmi["cmi.location"] == "new"


def test_bad_cmi_values_are_named_and_nothing_is_stored(one_2004: Player) -> None:
    changes = {"cmi.location": "7", "cmi.score.scaled": "7", "cmi.learner_id": "me", "cmi.nonsense": "1"}
    response = one_2004.post({"session": one_2004.session, "seq": 3, "key": "k", "changes": changes})
    assert response.status_code == 400
    error = response.json["error"]
    assert error["code"] == "cmi_value"
    assert {e["element"]: e["code"] for e in error["elements"]} == {
        "cmi.score.scaled": 407, "cmi.learner_id": 404, "cmi.nonsense": 401,
    }  # fmt: skip
    one_2004.send({"cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    assert "cmi.location" not in one_2004.again().cmi


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"{", "truncated"),
        (b"[]", "object"),
        ({"seq": 1}, "key"),
        ({"seq": "x", "key": "k"}, "$.seq"),
        ({"seq": 1, "key": "k", "changes": {"cmi.location": 5}}, "$.changes"),
        ({"seq": 1, "key": "k", "session": None, "changes": {"cmi.location": "5"}}, "session"),
        ({"seq": 1, "key": "k", "navigate": {"request": "fly"}}, "fly"),
        ({"seq": 1, "key": "k", "navigate": {"request": "choice"}}, "target"),
        ({"seq": 1, "key": "k", "session": "foreign"}, "session"),
        (b'{"seq": 1, "key": "\xff"}', "UTF-8"),
        ({"seq": 1, "key": "k", "session": "\0"}, "U+0000"),
    ],
)
def test_bad_requests_say_what_is_wrong(one_2004: Player, body: Any, part: str) -> None:
    response = one_2004.post(body)
    assert response.status_code == 400
    assert part.lower() in response.json["error"]["message"].lower()


def test_a_foreign_token_opens_nothing(one_2004: Player) -> None:
    stranger = Player(one_2004.app, one_2004.tenant_id, "", "A" * 43, one_2004.client)
    response = stranger.post({"seq": 1, "key": "k", "navigate": {"request": "start"}})
    assert response.status_code == 404
    assert response.json["error"]["code"] == "unknown_launch"
    assert one_2004.client.get(f"/p/{'A' * 43}/").status_code == 404
    assert one_2004.client.get(f"/p/{'A' * 43}/c/intro.html").status_code == 404


def test_the_session_of_another_tenant_is_unknown(app: Flask, one_2004: Player, other_tenant: TestTenant) -> None:
    theirs = play(app, other_tenant, package(MANIFEST_2004, {"intro": ""}))
    response = theirs.post({"session": one_2004.session, "seq": 9, "key": "k", "changes": {"cmi.location": "1"}})
    assert response.status_code == 400
    assert response.json["error"]["code"] == "unknown_session"


def test_the_newest_launch_wins(one_2004: Player) -> None:
    one_2004.send({"cmi.location": "3"})
    newer = one_2004.again()
    response = one_2004.post({"session": one_2004.session, "seq": 9, "key": "k", "changes": {"cmi.location": "4"}})
    assert response.status_code == 409
    assert response.json["error"]["code"] == "superseded"
    # What the older page had stored is there.
    assert newer.cmi["cmi.location"] == "3"
    assert newer.cmi["cmi.entry"] == "resume"


def test_a_later_page_delivers_what_an_earlier_one_could_not(one_2004: Player) -> None:
    one_2004.send({"cmi.location": "3"})
    newer = one_2004.again(begin=False)
    newer.session = one_2004.session
    newer.seq = one_2004.seq
    newer.send({"cmi.location": "5", "cmi.exit": "suspend", "cmi.session_time": "PT20S"}, end="unload")
    newer.session = None
    newer.start()
    assert newer.cmi["cmi.location"] == "5"
    assert newer.cmi["cmi.total_time"] == "PT20S"


def test_nothing_more_goes_into_a_terminated_session(one_2004: Player) -> None:
    session_id = one_2004.session
    one_2004.send({"cmi.location": "3"}, end="terminate")
    response = one_2004.post({"session": session_id, "seq": 9, "key": "k", "changes": {"cmi.location": "4"}})
    assert response.status_code == 400
    assert response.json["error"]["code"] == "session_closed"


def test_a_page_that_reloads_finds_its_place(one_2004: Player) -> None:
    one_2004.send({"cmi.location": "3"})
    one_2004.session = None
    one_2004.start()
    assert one_2004.cmi["cmi.location"] == "3"
    assert one_2004.cmi["cmi.entry"] == "resume"


def test_exit_ends_the_token(one_2004: Player) -> None:
    one_2004.send(navigate="exitAll")
    response = one_2004.post({"seq": 9, "key": "k", "navigate": {"request": "start"}})
    assert response.status_code == 410
    assert response.json["error"]["code"] == "launch_ended"


def test_the_exit_address_is_told_at_the_end(app: Flask, tenant: TestTenant) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    player = launch(app, tenant.id, register(tenant.id, course), redirect_url="https://lms.example/done")
    assert player.answer["redirect"] is None
    assert player.send(navigate="exitAll")["redirect"] == "https://lms.example/done"


def test_time_out_leaves_the_course(one_2004: Player) -> None:
    answer = one_2004.send({"cmi.exit": "time-out"}, end="terminate")
    assert answer["state"] == "ended"


def test_walking_through_several_scos(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, package(MANIFEST_2004, {"one": "", "two": "", "three": ""}))
    for name in ("one", "two"):
        assert player.activity["id"] == name
        done = {"cmi.completion_status": "completed", "cmi.success_status": "passed", "cmi.session_time": "PT5S"}
        player.send(done, end="unload", navigate="continue")
    assert player.activity["id"] == "three"
    assert summary(player)["completion"] == "incomplete"
    player.send({"cmi.completion_status": "completed", "cmi.success_status": "passed"}, end="terminate")
    found = summary(player)
    assert (found["completion"], found["success"], found["cause"]) == ("completed", "passed", "rollup")
    player.send(navigate="choice", target="one")
    assert player.activity["id"] == "one"
    assert {e["id"]: e["status"] for e in player.answer["toc"]}["two"] == "passed"


def test_a_reset_starts_anew_and_keeps_what_was(one_2004: Player) -> None:
    from core.db import unit_of_work
    from registrations import registrations

    one_2004.send({"cmi.location": "3", "cmi.completion_status": "completed"})
    with unit_of_work():
        registrations.reset(registrations.get(one_2004.tenant_id, one_2004.registration_id))
    assert one_2004.post({"seq": 9, "key": "k", "session": one_2004.session}).status_code == 410
    again = one_2004.again()
    assert again.cmi["cmi.entry"] == "ab-initio"
    assert "cmi.location" not in again.cmi
    assert [i.completion for i in registrations.instances(stored(again.tenant_id, again.registration_id))] == [
        "completed", "incomplete",
    ]  # fmt: skip


# --- SCORM 1.2 ----------------------------------------------------------------------------------------------------


def test_12_mastery_score_decides(one_12: Player) -> None:
    assert one_12.cmi["cmi.student_data.mastery_score"] == "80"
    one_12.send({"cmi.core.score.raw": "85", "cmi.core.lesson_status": "incomplete"}, end="terminate")
    found = summary(one_12)
    assert (found["completion"], found["success"], found["cause"]) == ("completed", "passed", "mastery_score")
    assert found["score"] == {"scaled": 0.85, "raw": 85.0, "min": None, "max": None}
    one_12.send(navigate="exitAll")
    assert one_12.again().cmi["cmi.core.lesson_status"] == "passed"


def test_12_mastery_score_waits_for_the_end(one_12: Player) -> None:
    """RTE 1.2 §3.4.4: a score of 0 at the beginning of a test is no failure; a later visit changes no cause."""
    one_12.send({"cmi.core.score.raw": "0", "cmi.core.lesson_status": "incomplete"})
    assert (summary(one_12)["completion"], summary(one_12)["success"]) == ("incomplete", "unknown")
    one_12.send({"cmi.core.score.raw": "90"}, end="terminate", navigate="exitAll")
    assert (summary(one_12)["success"], summary(one_12)["cause"]) == ("passed", "mastery_score")
    again = one_12.again()
    again.send({"cmi.core.lesson_location": "last page"})
    again.send(end="terminate", navigate="exitAll")
    assert (summary(again)["success"], summary(again)["cause"]) == ("passed", "mastery_score")


def test_12_mastery_score_needs_credit(app: Flask, tenant: TestTenant) -> None:
    mastery = "<adlcp:masteryscore>80</adlcp:masteryscore>"
    course = load(tenant.id, package(MANIFEST_12, {"intro": mastery}))
    player = launch(app, tenant.id, register(tenant.id, course), mode="browse")
    assert player.cmi["cmi.core.credit"] == "no-credit"
    player.send({"cmi.core.score.raw": "90", "cmi.core.lesson_status": "incomplete"}, end="terminate")
    assert player.answer["toc"][1]["status"] == "incomplete"


def test_12_limits_are_told_to_the_content(app: Flask, tenant: TestTenant) -> None:
    limits = "<adlcp:maxtimeallowed>00:30:00</adlcp:maxtimeallowed><adlcp:timelimitaction>exit,message</adlcp:timelimitaction>"
    cmi = play(app, tenant, package(MANIFEST_12, {"intro": limits})).cmi
    assert cmi["cmi.student_data.max_time_allowed"] == "0000:30:00.00"
    assert cmi["cmi.student_data.time_limit_action"] == "exit,message"


def test_12_prerequisites_lock_until_they_are_met(app: Flask, tenant: TestTenant) -> None:
    script = '<adlcp:prerequisites type="aicc_script">one</adlcp:prerequisites>'
    player = play(app, tenant, package(MANIFEST_12, {"one": "", "two": script}))
    locked = player.answer["toc"][2]
    assert (locked["selectable"], locked["reason"]) == (False, "“Two” opens when these are done: “One”.")
    player.send(navigate="choice", target="two")
    assert (player.answer["activity"], player.answer["message"]) == (None, "“Two” opens when these are done: “One”.")
    player.send(navigate="choice", target="one")
    player.send({"cmi.core.lesson_status": "completed"}, end="terminate", navigate="continue")
    assert player.activity["id"] == "two"


def test_12_mastery_score_needs_a_raw_score(one_12: Player) -> None:
    one_12.send({"cmi.core.lesson_status": "completed"}, end="terminate")
    assert (summary(one_12)["completion"], summary(one_12)["success"]) == ("completed", "unknown")


def test_12_failing(one_12: Player) -> None:
    one_12.send({"cmi.core.score.raw": "40", "cmi.core.lesson_status": "passed"}, end="terminate")
    assert (summary(one_12)["success"], summary(one_12)["cause"]) == ("failed", "mastery_score")


def test_12_opening_and_closing_stamps_nothing(one_12: Player) -> None:
    one_12.send(end="terminate", navigate="exitAll")
    assert summary(one_12)["completion"] == "incomplete"
    assert summary(one_12)["success"] == "unknown"
    assert one_12.again().cmi["cmi.core.lesson_status"] == "incomplete"


def test_12_finish_may_complete_by_setting(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, package(MANIFEST_12, {"intro": ""}), overrides={"finishStatusIncomplete": False})
    player.send(end="terminate")
    assert summary(player)["completion"] == "completed"


def test_12_entry(one_12: Player) -> None:
    assert one_12.cmi["cmi.core.entry"] == "ab-initio"
    one_12.send({"cmi.core.session_time": "00:00:10"}, end="terminate", navigate="exitAll")
    second = one_12.again()
    assert second.cmi["cmi.core.entry"] == ""
    assert second.cmi["cmi.core.total_time"] == "0000:00:10.00"
    # Much content leaves exit empty and still keeps its place.
    second.send({"cmi.core.lesson_location": "page 4"}, end="terminate", navigate="exitAll")
    third = second.again()
    assert third.cmi["cmi.core.entry"] == "resume"
    assert third.cmi["cmi.core.lesson_location"] == "page 4"


def test_12_leaving_a_sco_and_coming_back_keeps_its_data(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, package(MANIFEST_12, {"one": "", "two": ""}))
    player.send(
        {"cmi.core.lesson_location": "9", "cmi.core.lesson_status": "completed"}, end="unload", navigate="continue"
    )
    assert player.activity["id"] == "two"
    player.send(end="unload", navigate="previous")
    assert player.cmi["cmi.core.lesson_location"] == "9"
    assert player.cmi["cmi.core.lesson_status"] == "completed"


def test_12_assets_complete_by_being_shown(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, package(MANIFEST_12, {"one": "", "two": ""}, kind="asset"))
    assert player.activity["scormType"] == "asset"
    player.send(navigate="continue", initialized=False)
    assert player.activity["id"] == "two"
    assert (summary(player)["completion"], summary(player)["success"]) == ("completed", "unknown")


@pytest.mark.parametrize("manifest", [MANIFEST_12, MANIFEST_2004], ids=["1.2", "2004"])
def test_an_asset_that_calls_initialize_is_taken_for_a_sco(app: Flask, tenant: TestTenant, manifest: str) -> None:
    player = play(app, tenant, package(manifest, {"one": "", "two": ""}, kind="asset"))
    status = "cmi.core.lesson_status" if manifest is MANIFEST_12 else "cmi.success_status"
    player.send({status: "failed"}, end="terminate", navigate="continue")
    assert player.activity["id"] == "two"
    assert player.answer["toc"][1]["status"] == "failed"
    player.send(navigate="previous", initialized=False)
    player.send({status: "passed"}, end="terminate", navigate="continue")
    assert player.answer["toc"][1]["status"] == "passed"


# --- modes --------------------------------------------------------------------------------------------------------


def test_browse_records_nothing(one_2004: Player) -> None:
    look = one_2004.again(mode="browse")
    assert look.cmi["cmi.mode"] == "browse"
    assert look.cmi["cmi.credit"] == "no-credit"
    look.send({"cmi.completion_status": "completed", "cmi.location": "9"}, end="terminate", navigate="exitAll")
    assert summary(one_2004)["completion"] != "completed"
    assert "cmi.location" not in one_2004.again().cmi


def test_completed_registrations_open_for_review_by_setting(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, package(MANIFEST_2004, {"intro": ""}), overrides={"launchCompletedRegsAsNoCredit": True})
    changes = {"cmi.completion_status": "completed", "cmi.location": "9", "cmi.exit": "suspend"}
    player.send(changes, end="terminate", navigate="exitAll")
    again = player.again()
    assert (again.cmi["cmi.mode"], again.cmi["cmi.credit"]) == ("review", "no-credit")
    assert again.activity["readOnly"] is True
    assert again.cmi["cmi.location"] == "9"
    again.send({"cmi.location": "1"}, end="terminate", navigate="exitAll")
    assert player.again().cmi["cmi.location"] == "9"


def test_attempts_may_be_limited(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, package(MANIFEST_2004, {"intro": ""}), overrides={"maxAttempts": 1})
    # The page went away without a word: only the next start finds out that the attempt is over.
    player.send({"cmi.completion_status": "completed"}, end="terminate")
    again = player.again(begin=False)
    response = again.post({"seq": 1, "key": "k", "navigate": {"request": "start"}})
    assert response.status_code == 403
    assert response.json["error"]["code"] == "max_attempts"


# --- shared data and global objectives ----------------------------------------------------------------------------

STORE = '<adlcp:data><adlcp:map targetID="urn:notes" {more}/></adlcp:data>'
OBJECTIVE = """<imsss:sequencing><imsss:objectives><imsss:primaryObjective objectiveID="main">
  <imsss:mapInfo targetObjectiveID="urn:global" readSatisfiedStatus="{read}" writeSatisfiedStatus="{write}"/>
</imsss:primaryObjective></imsss:objectives></imsss:sequencing>"""


def test_a_data_store_is_shared_between_courses(app: Flask, tenant: TestTenant) -> None:
    first = load(tenant.id, package(MANIFEST_2004, {"one": STORE.format(more='writeSharedData="true"')}), "first")
    only_reads = STORE.format(more='writeSharedData="false"')
    second = load(tenant.id, package(MANIFEST_2004, {"two": only_reads}), "second")
    player = launch(app, tenant.id, register(tenant.id, first))
    assert player.cmi["adl.data.0.id"] == "urn:notes"
    assert "adl.data.0.store" not in player.cmi
    player.send({"adl.data.0.store": "remember"}, end="terminate", navigate="exitAll")
    other = launch(app, tenant.id, register(tenant.id, second))
    assert other.cmi["adl.data.0.store"] == "remember"
    assert other.activity["access"] == {"adl.data.0.store": "ro"}
    stranger = launch(app, tenant.id, register(tenant.id, second, learner_id="budi"))
    assert "adl.data.0.store" not in stranger.cmi


@pytest.mark.parametrize("everywhere", ["true", "false"])
def test_global_objectives_go_as_far_as_the_manifest_says(app: Flask, tenant: TestTenant, everywhere: str) -> None:
    scope = f'adlseq:objectivesGlobalToSystem="{everywhere}"'
    writes = OBJECTIVE.format(read="false", write="true")
    reads = OBJECTIVE.format(read="true", write="false")
    first = load(tenant.id, package(MANIFEST_2004, {"one": writes, "two": reads}, scope=scope), "first")
    second = load(tenant.id, package(MANIFEST_2004, {"three": reads}, scope=scope), "second")
    player = launch(app, tenant.id, register(tenant.id, first))
    player.send({"cmi.success_status": "passed"}, end="terminate", navigate="continue")
    assert player.cmi["cmi.objectives.0.id"] == "main"
    assert player.cmi["cmi.objectives.0.success_status"] == "passed"
    player.send({"cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    player = player.again()
    assert player.cmi["cmi.objectives.0.success_status"] == "passed"
    player.send(end="terminate", navigate="exitAll")
    other = launch(app, tenant.id, register(tenant.id, second))
    expected = "passed" if everywhere == "true" else None
    assert other.cmi.get("cmi.objectives.0.success_status") == expected
    # To this course only means: to this attempt on it.
    again = player.again(start_activity="two")
    assert again.activity["id"] == "two"
    assert again.cmi.get("cmi.objectives.0.success_status") == expected


def test_global_objectives_are_found_whatever_white_space_their_ids_are_written_with(
    app: Flask, tenant: TestTenant
) -> None:
    """SN 3.10.3 with xs:anyURI: two spellings of one identifier name one global objective, also in the next request."""
    writes = OBJECTIVE.format(read="false", write="true").replace("urn:global", " team%20-%20goal ")
    reads = OBJECTIVE.format(read="true", write="false").replace("urn:global", "team%20%20-%20%20goal")
    player = launch(
        app, tenant.id, register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"one": writes, "two": reads})))
    )
    player.send({"cmi.success_status": "passed"}, end="terminate")
    player.send(navigate="continue")
    assert player.cmi["cmi.objectives.0.success_status"] == "passed"


@pytest.mark.parametrize("everywhere", ["true", "false"])
def test_shared_data_may_be_kept_to_an_attempt(app: Flask, tenant: TestTenant, everywhere: str) -> None:
    scope = f'adlcp:sharedDataGlobalToSystem="{everywhere}"'
    store = STORE.format(more='writeSharedData="true"')
    player = launch(
        app,
        tenant.id,
        register(tenant.id, load(tenant.id, package(MANIFEST_2004, {"one": store, "two": store}, scope=scope))),
    )
    player.send({"adl.data.0.store": "x"}, end="terminate", navigate="continue")
    assert player.cmi["adl.data.0.store"] == "x"
    player.send(end="terminate", navigate="exitAll")
    assert player.again().cmi.get("adl.data.0.store") == ("x" if everywhere == "true" else None)


def test_answers_are_json_and_never_cached(one_2004: Player) -> None:
    response = one_2004.post({"seq": 8, "key": "k8", "session": one_2004.session})
    assert response.headers["Cache-Control"] == "no-store"
    assert msgspec.json.decode(response.data)["seq"] == 8


def test_time_counts_with_more_digits_than_the_standard_has(one_12: Player) -> None:
    one_12.send({"cmi.core.session_time": "00:01:02.3456"}, end="terminate")
    assert one_12.again().cmi["cmi.core.total_time"] == "0000:01:02.35"


def test_a_time_that_cannot_be_meant_is_no_time(one_2004: Player) -> None:
    interaction = {"id": "q", "type": "numeric", "learner_response": "5", "latency": f"PT{'9' * 400}H"}
    said = {f"cmi.interactions.0.{name}": value for name, value in interaction.items()}
    one_2004.send(said | {"cmi.session_time": f"P{'9' * 400}Y", "cmi.exit": "suspend"}, end="terminate")
    assert summary(one_2004)["totalSeconds"] < 60
    one_2004.send(navigate="suspendAll")
    assert one_2004.again().cmi["cmi.total_time"] == "PT0S"


@pytest.mark.parametrize("request_", ["choice", "jump"])
def test_an_unknown_target_costs_nothing_of_what_content_said(one_2004: Player, request_: str) -> None:
    changes = {"cmi.completion_status": "completed", "cmi.session_time": "PT1M"}
    answer = one_2004.send(changes, end="terminate", navigate=request_, target="nowhere")
    assert (answer["activity"], answer["message"]) == (None, "The course has no such part.")
    found = summary(one_2004)
    assert (found["completion"], found["totalSeconds"]) == ("completed", 60.0)


@pytest.mark.parametrize("success", ["passed", "failed", "unknown"])
def test_of_attempts_with_the_same_success_the_best_score_counts(one_2004: Player, success: str) -> None:
    found = []
    player = one_2004
    for scaled in ("0.5", "0.9", "0.7"):
        player.send({"cmi.success_status": success, "cmi.score.scaled": scaled, "cmi.score.raw": scaled})
        player.send(end="terminate", navigate="exitAll")
        score = summary(player)["score"]
        found.append((score["scaled"], score["raw"]))
        player = player.again()
    assert found == [(0.5, 0.5), (0.9, 0.9), (0.9, 0.9)]
    # Whoever passes has passed with the score of that attempt.
    player.send({"cmi.success_status": "passed", "cmi.score.scaled": "0.6"}, end="terminate")
    assert summary(player)["score"]["scaled"] == (0.9 if success == "passed" else 0.6)


def test_within_an_attempt_the_newest_score_counts(one_2004: Player) -> None:
    for scaled in (0.9, 0.4):
        one_2004.send({"cmi.score.scaled": str(scaled)})
        assert summary(one_2004)["score"]["scaled"] == scaled
