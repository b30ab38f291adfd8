"""The compatibility settings, each on a real package: what it changes, and that without it nothing changes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.db import unit_of_work
from registrations import progress, registrations, settings
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
    ticket,
)


def play(app: Flask, tenant: TestTenant, manifest: str, parts: int = 1, **overrides: Any) -> Player:
    course = load(tenant.id, package(manifest, {f"p{n}": "" for n in range(parts)}))
    return launch(app, tenant.id, register(tenant.id, course, overrides=overrides))


def summary(player: Player) -> dict[str, Any]:
    return progress.summary(stored(player.tenant_id, player.registration_id))


def configure(player: Player, **values: Any) -> None:
    with unit_of_work():
        registrations.configure(registrations.get(player.tenant_id, player.registration_id), values)


# --- where a value comes from ---------------------------------------------------------------------------------------


def test_each_level_wins_over_the_one_before_and_says_so(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant, MANIFEST_2004)
    name = "statusRollupMode"

    def shown() -> tuple[str, str]:
        answer = client.get(f"/api/v2/registrations/{player.registration_id}/configuration", headers=tenant.auth)
        entry = next(e for e in answer.json["settingItems"] if e["id"] == name)
        return entry["effectiveValue"], entry["effectiveValueSource"]

    def put(path: str, value: str) -> None:
        body = {"settings": [{"settingId": name, "value": value}]}
        assert client.post(f"/api/v2/{path}/configuration", json=body, headers=tenant.auth).status_code == 204

    assert shown() == ("course", "default")
    put("appManagement", "all_passed")
    assert shown() == ("all_passed", "application")
    put("courses/safety", "threshold")
    assert shown() == ("threshold", "course")
    put(f"registrations/{player.registration_id}", "all_completed")
    assert shown() == ("all_completed", "registration")
    client.delete(f"/api/v2/registrations/{player.registration_id}/configuration/{name}", headers=tenant.auth)
    assert shown() == ("threshold", "course")


def test_a_setting_takes_effect_with_the_next_launch(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004)
    configure(player, suspendDataMaxLength=10)
    assert player.post(commit(player, {"cmi.suspend_data": "x" * 11})).status_code == 200
    again = player.again()
    answer = again.post(commit(again, {"cmi.suspend_data": "y" * 11}))
    assert (answer.status_code, answer.json["error"]["element"]) == (400, "cmi.suspend_data")


def test_every_level_reaches_the_launch(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"p0": ""}))

    def refused(length: int, learner: str) -> bool:
        player = launch(app, tenant.id, register(tenant.id, course, learner))
        return player.post(commit(player, {"cmi.suspend_data": "x" * length})).status_code == 400

    def put(path: str, value: int) -> None:
        body = {"settings": [{"settingId": "suspendDataMaxLength", "value": value}]}
        assert client.post(f"/api/v2/{path}/configuration", json=body, headers=tenant.auth).status_code == 204

    put("appManagement", 20)
    assert [refused(20, "a"), refused(21, "b")] == [False, True]
    put(f"courses/{course}", 10)
    assert [refused(10, "c"), refused(11, "d")] == [False, True]


def commit(player: Player, changes: dict[str, str]) -> dict[str, Any]:
    player.seq += 1
    return {"session": player.session, "seq": player.seq, "key": f"{player.token}{player.seq}", "changes": changes,
            "initialized": True}  # fmt: skip


# --- status and score -----------------------------------------------------------------------------------------------

SCORES = [{"cmi.completion_status": "completed", "cmi.success_status": "passed", "cmi.score.scaled": "0.9"},
          {"cmi.completion_status": "completed", "cmi.success_status": "failed", "cmi.score.scaled": "0.3"},
          {"cmi.completion_status": "completed"}]  # fmt: skip


def walk(player: Player, sets: list[dict[str, str]]) -> dict[str, Any]:
    for number, changes in enumerate(sets):
        last = number == len(sets) - 1
        player.send(changes, end="terminate", navigate="exitAll" if last else "continue")
    return summary(player)


@pytest.mark.parametrize(
    ("mode", "threshold", "completion", "cause"),
    [
        ("course", 80, "completed", "rollup"),
        ("all_completed", 80, "completed", "rollup"),
        ("all_completed_not_failed", 80, "incomplete", "rollup"),
        ("all_passed", 80, "incomplete", "rollup"),
        ("threshold", 40, "completed", "threshold"),
        ("threshold", 80, "incomplete", "threshold"),
        ("all_completed_and_threshold", 40, "completed", "threshold"),
    ],
)
def test_status_rollup_modes(
    app: Flask, tenant: TestTenant, mode: str, threshold: int, completion: str, cause: str
) -> None:
    player = play(
        app, tenant, MANIFEST_2004, 3,
        statusRollupMode=mode, thresholdScoreForCompletion=threshold, scoreRollupMode="average",
    )  # fmt: skip
    found = walk(player, SCORES)
    assert (found["completion"], found["cause"]) == (completion, cause)


@pytest.mark.parametrize(("mode", "scaled"), [("average", 0.4), ("average_scored", 0.6), ("last", None)])
def test_score_rollup_modes(app: Flask, tenant: TestTenant, mode: str, scaled: float | None) -> None:
    found = walk(play(app, tenant, MANIFEST_2004, 3, scoreRollupMode=mode), SCORES)
    assert (found["score"] or {}).get("scaled") == scaled


@pytest.mark.parametrize(("on", "scaled"), [(False, None), (True, 0.25)])
def test_a_raw_score_may_be_scaled(app: Flask, tenant: TestTenant, on: bool, scaled: float | None) -> None:
    player = play(app, tenant, MANIFEST_2004, scaleRawScore=on)
    player.send({"cmi.score.raw": "15", "cmi.score.min": "10", "cmi.score.max": "30"}, end="terminate")
    score = summary(player)["score"]
    assert (score["scaled"], score["raw"]) == (scaled, 15)


# --- data ---------------------------------------------------------------------------------------------------------


def test_runtime_data_begin_anew_as_the_setting_says(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004)
    player.send({"cmi.location": "7"}, end="terminate", navigate="exitAll")
    fresh = player.again()
    assert (fresh.cmi["cmi.entry"], fresh.cmi.get("cmi.location")) == ("ab-initio", None)
    fresh.send({"cmi.location": "8"}, end="terminate", navigate="exitAll")
    configure(player, resetRunTimeDataTiming="never")
    kept = player.again()
    assert (kept.cmi["cmi.entry"], kept.cmi["cmi.location"]) == ("resume", "8")


def test_12_data_go_when_not_suspended_if_wanted(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_12, resetRunTimeDataTiming="exit_not_suspend")
    player.send({"cmi.core.lesson_location": "7", "cmi.core.exit": "suspend"}, end="terminate", navigate="suspendAll")
    resumed = player.again()
    assert (resumed.cmi["cmi.core.entry"], resumed.cmi["cmi.core.lesson_location"]) == ("resume", "7")
    resumed.send({"cmi.core.exit": ""}, end="terminate", navigate="suspendAll")
    fresh = player.again()
    assert (fresh.cmi["cmi.core.entry"], fresh.cmi.get("cmi.core.lesson_location")) == ("ab-initio", None)


def test_tolerance_for_interactions_and_identifiers(app: Flask, tenant: TestTenant) -> None:
    odd = {
        "cmi.interactions.0.id": "not a uri",
        "cmi.interactions.0.type": "true-false",
        "cmi.interactions.0.learner_response": "perhaps",
    }
    strict = play(app, tenant, MANIFEST_2004)
    refused = strict.post(commit(strict, odd)).json["error"]["elements"]
    assert [e["element"] for e in refused] == ["cmi.interactions.0.id", "cmi.interactions.0.type",
                                               "cmi.interactions.0.learner_response"]  # fmt: skip
    configure(strict, validateInteractionResponses=False, strictIdentifiers=False)
    tolerant = strict.again()
    assert tolerant.activity["settings"]["validateInteractionResponses"] is False
    tolerant.send(odd, end="terminate", navigate="exitAll")


# --- exit actions -------------------------------------------------------------------------------------------------


def test_without_exit_actions_an_ended_part_stays(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, 2)
    answer = player.send({"cmi.completion_status": "completed"}, end="terminate")
    assert (answer["activity"], answer["state"]) == (None, "content")


def test_exit_actions_by_place_and_result(app: Flask, tenant: TestTenant) -> None:
    player = play(
        app, tenant, MANIFEST_2004, 2,
        intermediateScoSatisfiedNormalExitAction="continue", finalScoSatisfiedNormalExitAction="exit",
    )  # fmt: skip
    answer = player.send({"cmi.completion_status": "incomplete"}, end="terminate")
    assert answer["activity"] is None, "not satisfied: another setting"
    player = player.again()
    player.send({"cmi.completion_status": "completed"}, end="terminate")
    assert player.activity["id"] == "p1"
    answer = player.send({"cmi.completion_status": "completed"}, end="terminate")
    assert answer["state"] == "ended"


def test_exit_by_suspend_may_leave_the_course_and_resume_finds_it(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, finalScoNotSatisfiedSuspendExitAction="exit")
    answer = player.send({"cmi.exit": "suspend", "cmi.location": "3"}, end="terminate")
    assert answer["state"] == "ended"
    assert player.again().cmi["cmi.location"] == "3"


def test_what_the_content_asks_for_wins_over_an_exit_action(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, 2, intermediateScoSatisfiedNormalExitAction="exit")
    player.send({"cmi.completion_status": "completed"}, end="terminate", navigate="continue")
    assert player.activity["id"] == "p1"


def test_time_out_may_be_made_to_stay(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, finalScoNotSatisfiedTimeoutExitAction="none")
    assert player.send({"cmi.exit": "time-out"}, end="terminate")["state"] == "content"


def test_every_exit_action_has_a_name_that_is_a_setting() -> None:
    for final in (True, False):
        for satisfied in (True, False):
            for kind in ("", "normal", "suspend", "time-out", "logout"):
                assert settings.exit_action_name(final=final, satisfied=satisfied, kind=kind) in settings.SETTINGS


# --- attempts -----------------------------------------------------------------------------------------------------


def test_a_launch_beyond_the_last_attempt_is_told_and_its_link_stays_good(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, maxAttempts=1)
    player.send({"cmi.location": "1"}, end="terminate", navigate="exitAll")
    link = f"/launch/{ticket(tenant.id, player.registration_id)}"
    refused = player.client.get(link)
    assert refused.status_code == 403
    assert "All attempts have been used" in refused.text
    configure(player, maxAttempts=2)
    assert player.client.get(link).status_code == 303


def test_a_suspended_attempt_may_go_on_whatever_the_limit(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, maxAttempts=1)
    player.send({"cmi.location": "1", "cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    assert player.again().cmi["cmi.location"] == "1"


def test_review_is_open_after_the_last_attempt(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant, MANIFEST_2004, maxAttempts=1)
    player.send({"cmi.location": "5"}, end="terminate", navigate="exitAll")
    body = {"mode": "review"}
    link = client.post(
        f"/api/v2/registrations/{player.registration_id}/launchLink", json=body, headers=tenant.auth
    ).json["launchLink"]
    opened = player.client.get("/launch/" + link.rsplit("/", 1)[1])
    look = Player(app, tenant.id, player.registration_id, opened.headers["Location"].split("/")[2], player.client)
    look.start()
    assert (look.cmi["cmi.mode"], look.cmi["cmi.credit"], look.cmi["cmi.location"]) == ("review", "no-credit", "5")


@pytest.mark.parametrize(
    ("manifest", "element", "goes_on"), [(MANIFEST_12, "cmi.core.exit", True), (MANIFEST_2004, "cmi.exit", False)]
)
def test_logout_ends_the_course_but_not_where_the_learner_of_12_goes_on(
    app: Flask, tenant: TestTenant, manifest: str, element: str, goes_on: bool
) -> None:
    # RTE 4.2.8 for SCORM 2004. In SCORM 1.2 a widely used wrapper says logout whenever its part has been completed.
    player = play(app, tenant, manifest, 2)
    answer = player.send({element: "logout"}, end="terminate", navigate="continue")
    assert (answer["state"] == "content", bool(answer["activity"])) == (goes_on, goes_on)
