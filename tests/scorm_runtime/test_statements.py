"""Statements by the ADL SCORM profile: built from facts, and as they stand in the LRS after real sessions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from lrs.validation import validate
from lrs.versions import of
from registrations import progress
from scorm_runtime import statements
from scorm_runtime.facts import Facts, InteractionFacts, ObjectiveFacts, Score, read
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register, stored

SCENE = statements.Scene(
    home="https://lms.example",
    learner_id="ayu lestari",
    registration="3d1b5a1e-3a3f-4c61-9f3a-0d5d2f1f7c11",
    course_id="safety/1",
    course_title="Safety",
    attempt="9a7b1c55-3f2b-4e80-8a07-4a8f4c1f2d3e",
    time="2026-01-02T03:04:05.678Z",
    activity="item 1",
    title="Fire",
    language="en",
)


def verb(statement: dict[str, Any]) -> str:
    return str(statement["verb"]["id"]).removeprefix(statements.VERBS)


def check_profile(statement: dict[str, Any]) -> None:
    """What the profile asks of every statement."""
    assert statement["actor"] == {
        "objectType": "Agent", "account": {"homePage": SCENE.home, "name": SCENE.learner_id},
    }  # fmt: skip
    assert statement["timestamp"]
    assert statement["context"]["registration"] == SCENE.registration
    activities = statement["context"]["contextActivities"]
    assert [a["id"] for a in activities["category"]] == ["https://w3id.org/xapi/scorm"]
    kinds = [a["definition"]["type"].rsplit("/", 1)[1] for a in activities["grouping"]]
    assert kinds == ["course", "attempt"]


def everything() -> list[dict[str, Any]]:
    facts = Facts(
        completion="completed",
        success="passed",
        score=Score(scaled=0.9, raw=45, min=0, max=50),
        progress_measure=1.0,
        objectives=(ObjectiveFacts(index=0, id="urn:o", completion="completed", success="failed", score=Score(scaled=0.1)),),
        interactions=(
            InteractionFacts(
                index=0, id="q1", type="choice", correct=("a[,]b",), response="a", result="incorrect", latency=3.5,
                timestamp="2026-01-02T03:00:00.0Z", description="Which ones?",
            ),
        ),
        comments=("Nice",),
    )  # fmt: skip
    told: dict[str, Any] = {}
    return [
        statements.initialized(SCENE, resumed=False),
        statements.initialized(SCENE, resumed=True),
        *statements.details(SCENE, facts, told),
        *statements.measures(SCENE, facts, told),
        *statements.status_changes(SCENE, facts, told),
        statements.ended(SCENE, facts, 90.0, suspended=False),
        statements.ended(SCENE, facts, 90.0, suspended=True),
        *statements.course_changes(SCENE, "completed", "passed", Score(scaled=0.9), 90.0, {}),
    ]


def test_all_kinds_follow_the_profile_and_the_xapi_schema() -> None:
    made = everything()
    assert [verb(s) for s in made] == [
        "initialized", "resumed", "responded", "completed", "failed", "scored", "commented", "scored", "progressed",
        "completed", "passed", "terminated", "suspended", "completed", "passed",
    ]  # fmt: skip
    for statement in made:
        check_profile(statement)
    for version in ("1.0.3", "2.0.0"):
        validate(made, of(version))


def test_an_interaction_tells_what_was_answered() -> None:
    responded = everything()[2]
    assert responded["object"]["id"] == "https://lms.example/courses/safety%2F1/activities/item%201/interactions/q1"
    definition = responded["object"]["definition"]
    assert definition["type"] == "http://adlnet.gov/expapi/activities/cmi.interaction"
    assert (definition["interactionType"], definition["correctResponsesPattern"]) == ("choice", ["a[,]b"])
    assert responded["result"] == {"response": "a", "success": False, "duration": "PT3.5S"}
    assert responded["timestamp"] == "2026-01-02T03:00:00.0Z"
    assert responded["context"]["contextActivities"]["parent"][0]["id"] == SCENE.sco_iri


def test_the_end_tells_the_result() -> None:
    ended = statements.ended(SCENE, Facts(completion="incomplete", success="unknown"), 61.25, suspended=False)
    assert ended["result"] == {"completion": False, "duration": "PT1M1.25S"}


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (Score(scaled=0.5), {"scaled": 0.5}),
        (Score(scaled=1.5, raw=7), {"raw": 7}),
        (Score(raw=120, min=0, max=100), {"min": 0, "max": 100}),
        (Score(raw=5, min=9, max=3), {"raw": 5}),
        (Score(), {}),
    ],
)
def test_scores_that_xapi_forbids_are_left_out(score: Score, expected: dict[str, float]) -> None:
    assert statements.score_object(score) == expected


def test_nothing_is_told_twice() -> None:
    facts, told = Facts(completion="completed", comments=("a",)), dict[str, Any]()
    assert [verb(s) for s in statements.status_changes(SCENE, facts, told)] == ["completed"]
    assert list(statements.status_changes(SCENE, facts, told)) == []
    assert len(list(statements.details(SCENE, facts, told))) == 1
    more = Facts(completion="completed", comments=("a", "b"))
    assert [s["result"]["response"] for s in statements.details(SCENE, more, told)] == ["b"]
    # Back to incomplete and complete again is news.
    list(statements.status_changes(SCENE, Facts(completion="incomplete"), told))
    assert [verb(s) for s in statements.status_changes(SCENE, facts, told)] == ["completed"]


def test_what_is_added_to_the_one_text_of_12_is_told() -> None:
    told: dict[str, Any] = {}
    said = [
        [made["result"]["response"] for made in statements.details(SCENE, read(True, {"cmi.comments": text}), told)]
        for text in ("Too long. ", "Too long. ", "Too long. Page 3 is wrong.")
    ]
    assert said == [["Too long. "], [], ["Page 3 is wrong."]]


def test_12_interactions_speak_2004() -> None:
    cmi = {
        "cmi.interactions.0.id": "q", "cmi.interactions.0.type": "matching",
        "cmi.interactions.0.student_response": "1.a,2.b", "cmi.interactions.0.result": "wrong",
        "cmi.interactions.0.correct_responses.0.pattern": "{1.b,2.a}", "cmi.interactions.0.latency": "00:00:02.5",
        "cmi.interactions.1.id": "r", "cmi.interactions.1.type": "true-false", "cmi.interactions.1.student_response": "t",
    }  # fmt: skip
    first, second = read(True, cmi).interactions
    assert (first.response, first.correct, first.result, first.latency) == (
        "1[.]a[,]2[.]b",
        ("1[.]b[,]2[.]a",),
        "incorrect",
        2.5,
    )
    assert second.response == "true"


# --- in the LRS ---------------------------------------------------------------------------------------------------


def in_the_lrs(client: FlaskClient, tenant: TestTenant, player: Player) -> list[dict[str, Any]]:
    """The statements of the player's registration, oldest first."""
    registration = progress.summary(stored(tenant.id, player.registration_id))["xapiRegistration"]
    response = client.get(
        f"/xapi/statements?registration={registration}&ascending=true&limit=500",
        headers=tenant.auth | {"X-Experience-API-Version": "1.0.3"},
    )
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = msgspec.json.decode(response.data)["statements"]
    return found


def test_a_session_in_the_lrs(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.completion_status": "completed"})
    player.send({"cmi.completion_status": "completed", "cmi.location": "2"})
    player.send(
        {
            "cmi.interactions.0.id": "q1", "cmi.interactions.0.type": "true-false",
            "cmi.interactions.0.learner_response": "true", "cmi.interactions.0.result": "correct",
            "cmi.score.scaled": "1", "cmi.success_status": "passed", "cmi.session_time": "PT30S",
        },
        end="terminate",
        navigate="exitAll",
    )  # fmt: skip
    made = in_the_lrs(client, tenant, player)
    assert [verb(s) for s in made] == [
        "initialized", "completed", "completed", "responded", "scored", "passed", "terminated", "passed",
    ]  # fmt: skip
    assert made[-2]["result"]["duration"] == "PT30S"
    assert made[2]["object"]["id"].endswith("/courses/safety")
    assert made[0]["actor"]["account"] == {"homePage": "http://localhost", "name": "ayu"}
    assert "Ayu" not in msgspec.json.encode(made).decode()


def test_resume_goes_on_in_the_same_attempt(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    player = launch(app, tenant.id, register(tenant.id, course))
    player.send({"cmi.exit": "suspend", "cmi.location": "1"}, end="terminate", navigate="suspendAll")
    player.again().send({"cmi.location": "2"})
    made = in_the_lrs(client, tenant, player)
    assert [verb(s) for s in made] == ["initialized", "suspended", "resumed"]
    attempts = {s["context"]["contextActivities"]["grouping"][1]["id"] for s in made}
    assert len(attempts) == 1


@pytest.mark.parametrize(("level", "expected"), [("rollup", 2), ("activities", 6), ("all", 7)])
def test_levels(app: Flask, tenant: TestTenant, client: FlaskClient, level: str, expected: int) -> None:
    course = load(tenant.id, package(MANIFEST_12, {"intro": ""}))
    player = launch(app, tenant.id, register(tenant.id, course, overrides={"statementLevel": level}))
    player.send(
        {
            "cmi.core.lesson_status": "passed", "cmi.interactions.0.id": "q", "cmi.interactions.0.type": "choice",
            "cmi.interactions.0.student_response": "a",
        },
        end="terminate",
    )  # fmt: skip
    assert len(in_the_lrs(client, tenant, player)) == expected


def test_browsing_makes_no_statements(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    player = launch(app, tenant.id, register(tenant.id, course), mode="browse")
    player.send({"cmi.completion_status": "completed"}, end="terminate", navigate="exitAll")
    assert in_the_lrs(client, tenant, player) == []
