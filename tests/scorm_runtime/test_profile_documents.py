"""Activity Profile and Agent Profile documents by the ADL SCORM profile, as any xAPI client reads them.

The two schemas below say what those of the profile (document-schemas) say.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from core.db import unit_of_work
from registrations import registrations
from scorm_runtime import lms_comments, profile_documents
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register
from tests.scorm_runtime.test_queries import counted
from tests.scorm_runtime.test_state_documents import AGENT, SCO, attempts, document

PROFILE = "https://w3id.org/xapi/scorm/"
UNIT = {"type": "number", "minimum": 0, "maximum": 1}
FREE = {"type": "number", "minimum": 0}
ACTIVITY_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "properties": {
        "completion_threshold": UNIT, "launch_data": {"type": "string"}, "max_time_allowed": FREE,
        "scaled_passing_score": {"type": "number", "minimum": -1, "maximum": 1},
        "time_limit_action": {"enum": ["exit,message", "continue,message", "exit,no message", "continue,no message"]},
    },
}  # fmt: skip
AGENT_SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "properties": {
        "learner_id": {"type": "string"}, "learner_name": {"type": "string"},
        "preferences": {"type": "object", "additionalProperties": False, "properties": {
            "audio_level": FREE, "delivery_speed": FREE, "audio_captioning": {"enum": [-1, 0, 1]},
            "language": {"type": "string", "pattern": "^[a-z]{2,3}(?:-[A-Z]{2,3}(?:-[a-zA-Z]{4})?)?$"},
        }},
    },
}  # fmt: skip
ITEM_2004 = (
    "<adlcp:timeLimitAction>exit,message</adlcp:timeLimitAction><adlcp:dataFromLMS>level=3</adlcp:dataFromLMS>"
    '<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.75"/><imsss:sequencing>'
    '<imsss:limitConditions attemptAbsoluteDurationLimit="PT1H30M"/><imsss:objectives><imsss:primaryObjective '
    'objectiveID="main" satisfiedByMeasure="true"><imsss:minNormalizedMeasure>0.6</imsss:minNormalizedMeasure>'
    "</imsss:primaryObjective></imsss:objectives></imsss:sequencing>"
)
ITEM_12 = (
    "<adlcp:maxtimeallowed>00:10:00</adlcp:maxtimeallowed><adlcp:timelimitaction>continue,no message"
    "</adlcp:timelimitaction><adlcp:datafromlms>x=1</adlcp:datafromlms><adlcp:masteryscore>70</adlcp:masteryscore>"
)


def profile(client: FlaskClient, tenant: TestTenant, which: str) -> Any:
    path = {"activity-profile": "/xapi/activities/profile", "agent-profile": "/xapi/agents/profile"}[which]
    query = {"activityId": SCO} if which == "activity-profile" else {"agent": AGENT}
    answer = client.get(
        path, query_string=query | {"profileId": PROFILE + which},
        headers=tenant.auth | {"X-Experience-API-Version": "1.0.3"},
    )  # fmt: skip
    assert answer.status_code in (200, 404), answer.text
    if answer.status_code == 404:
        return None
    assert answer.content_type == "application/json"
    schema = ACTIVITY_SCHEMA if which == "activity-profile" else AGENT_SCHEMA
    assert list(Draft202012Validator(schema).iter_errors(answer.json)) == []
    return answer.json


def play(app: Flask, tenant: TestTenant, manifest: str, more: str = "", **options: Any) -> Player:
    course = load(tenant.id, package(manifest, {"intro": more}))
    return launch(app, tenant.id, register(tenant.id, course, **options))


def test_a_2004_sco_tells_what_it_asks_of_everybody(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant, MANIFEST_2004, ITEM_2004)
    assert profile(client, tenant, "activity-profile") is None
    player.send()
    assert profile(client, tenant, "activity-profile") == {
        "completion_threshold": 0.75, "launch_data": "level=3", "max_time_allowed": 5400, "scaled_passing_score": 0.6,
        "time_limit_action": "exit,message",
    }  # fmt: skip


def test_a_12_sco_too(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    play(app, tenant, MANIFEST_12, ITEM_12).send()
    assert profile(client, tenant, "activity-profile") == {
        "launch_data": "x=1", "max_time_allowed": 600, "scaled_passing_score": 0.7, "time_limit_action": "continue,no message",
    }  # fmt: skip


def test_a_sco_that_asks_nothing_has_none(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    play(app, tenant, MANIFEST_2004).send()
    assert profile(client, tenant, "activity-profile") is None


def test_a_new_version_of_the_course_changes_it(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    play(app, tenant, MANIFEST_2004, ITEM_2004).send()
    play(app, tenant, MANIFEST_2004, "<adlcp:dataFromLMS>level=4</adlcp:dataFromLMS>").send()
    assert profile(client, tenant, "activity-profile") == {"launch_data": "level=4"}


def test_the_learner_is_told_by_id_and_preferences_never_by_name(
    app: Flask, tenant: TestTenant, client: FlaskClient
) -> None:
    player = play(app, tenant, MANIFEST_2004)
    player.send()
    assert profile(client, tenant, "agent-profile") == {"learner_id": "ayu"}
    liked = {"cmi.learner_preference.language": "id", "cmi.learner_preference.audio_level": "0.5"}
    player.send(liked, end="terminate", navigate="exitAll")
    wanted = {"learner_id": "ayu", "preferences": {"language": "id", "audio_level": 0.5}}
    assert profile(client, tenant, "agent-profile") == wanted
    # Another part finds them, and its newer word counts.
    player.again().send({"cmi.learner_preference.language": "en"}, end="terminate", navigate="exitAll")
    assert profile(client, tenant, "agent-profile")["preferences"] == {"language": "en", "audio_level": 0.5}


@pytest.mark.parametrize("level", ["rollup", "activities"])
def test_they_belong_to_the_level_of_activities(
    app: Flask, tenant: TestTenant, client: FlaskClient, level: str
) -> None:
    play(app, tenant, MANIFEST_2004, ITEM_2004, overrides={"statementLevel": level}).send(end="terminate")
    for which in ("activity-profile", "agent-profile"):
        assert (profile(client, tenant, which) is None) == (level == "rollup")


def test_review_and_browsing_write_none(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant, MANIFEST_2004, ITEM_2004)
    for mode in ("review", "browse"):
        player.again(mode=mode).send(end="terminate")
    assert profile(client, tenant, "agent-profile") is None


@pytest.mark.parametrize("rubbish", [b"[1]", b'{"learner_id": 7, "theirs": true}', b"plain words"])
def test_what_a_client_left_there_does_not_stop_the_learner(
    app: Flask, tenant: TestTenant, client: FlaskClient, rubbish: bytes
) -> None:
    query = {"agent": AGENT, "profileId": PROFILE + "agent-profile"}
    headers = tenant.auth | {"X-Experience-API-Version": "1.0.3"}
    answer = client.put(
        "/xapi/agents/profile", query_string=query, data=rubbish, content_type="text/plain",
        headers=headers | {"If-None-Match": "*"},
    )  # fmt: skip
    assert answer.status_code == 204
    play(app, tenant, MANIFEST_2004).send()
    found = client.get("/xapi/agents/profile", query_string=query, headers=headers).json
    assert found == {"learner_id": "ayu"} | ({"theirs": True} if b"theirs" in rubbish else {})


def test_what_is_true_already_is_not_written_again(app: Flask, tenant: TestTenant) -> None:
    player = play(app, tenant, MANIFEST_2004, ITEM_2004)
    player.send({"cmi.learner_preference.language": "id"}, end="terminate", navigate="exitAll")
    player = player.again()
    with counted() as seen:
        player.send({"cmi.learner_preference.language": "id"}, end="terminate", navigate="exitAll")
    profiles = [s for s in seen if "documents" in s and not s.startswith("SELECT")]
    # The two State documents alone: the attempt is listed, and how it was left.
    assert len(profiles) == 2, profiles


def test_comments_of_instructors_belong_to_the_attempt(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant, MANIFEST_2004)
    with unit_of_work():
        registration = registrations.get(tenant.id, player.registration_id)
        lms_comments.add(registration, "Well done", location="page 3")
    player = player.again()
    player.send(end="terminate", navigate="exitAll")
    attempt = attempts(client, tenant)[-1]
    (told,) = document(client, tenant, attempt, PROFILE + "attempt-state")["comments_from_lms"]
    assert (told["comment"], told["location"]) == ("Well done", "page 3")
    assert told["timestamp"].endswith("Z")


def test_values_the_schema_refuses_are_left_out() -> None:
    odd = {
        "cmi.completion_threshold": "nan", "cmi.student_data.mastery_score": "700", "cmi.max_time_allowed": "soon",
        "cmi.launch_data": "",
    }  # fmt: skip
    assert profile_documents.activity_profile(odd) == {}
    assert json.dumps(profile_documents.activity_profile({"cmi.scaled_passing_score": "-0.5"})) == (
        '{"scaled_passing_score": -0.5}'
    )
