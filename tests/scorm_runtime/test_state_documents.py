"""State documents by the ADL SCORM profile, as any xAPI client reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from scorm_runtime import state_documents
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_12, MANIFEST_2004, Player, launch, load, package, register

AGENT = json.dumps({"objectType": "Agent", "account": {"homePage": "http://localhost", "name": "ayu"}})
SCO = "http://localhost/courses/safety/activities/intro"
# What the profile's schema of the attempt state allows.
ALLOWED = {"comments_from_lms", "credit", "mode", "location", "preferences", "total_time", "adl_data"}


def document(client: FlaskClient, tenant: TestTenant, activity: str, state_id: str) -> Any:
    answer = client.get(
        "/xapi/activities/state",
        query_string={"activityId": activity, "agent": AGENT, "stateId": state_id},
        headers=tenant.auth | {"X-Experience-API-Version": "1.0.3"},
    )
    assert answer.status_code in (200, 404), answer.text
    return answer.json if answer.status_code == 200 else None


def attempts(client: FlaskClient, tenant: TestTenant) -> list[str]:
    found = document(client, tenant, SCO, "https://w3id.org/xapi/scorm/activity-state")
    assert found is None or list(found) == ["attempts"]
    return found["attempts"] if found else []


def play(app: Flask, tenant: TestTenant, manifest: str = MANIFEST_2004, **options: Any) -> Player:
    course = load(tenant.id, package(manifest, {"intro": ""}))
    return launch(app, tenant.id, register(tenant.id, course, **options))


def test_each_attempt_is_listed_once_and_resuming_begins_none(
    app: Flask, tenant: TestTenant, client: FlaskClient
) -> None:
    player = play(app, tenant)
    assert attempts(client, tenant) == []
    player.send({"cmi.exit": "suspend"}, end="terminate", navigate="suspendAll")
    again = player.again()
    again.send({"cmi.location": "2"}, end="terminate", navigate="exitAll")
    assert len(attempts(client, tenant)) == 1
    player.again().send({"cmi.location": "1"})
    first, second = attempts(client, tenant)
    assert first != second
    assert first.startswith(f"{SCO}?attemptId=")


def test_the_list_names_the_attempts_of_the_statements(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant)
    player.send({"cmi.location": "2"}, end="terminate", navigate="exitAll")
    answer = client.get(
        "/xapi/statements", query_string={"activity": attempts(client, tenant)[0], "related_activities": "true"},
        headers=tenant.auth | {"X-Experience-API-Version": "1.0.3"},
    )  # fmt: skip
    verbs = {s["verb"]["id"].rsplit("/", 1)[1] for s in answer.json["statements"]}
    assert {"initialized", "terminated"} <= verbs


def test_the_state_of_an_attempt_tells_how_it_was_left(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant)
    player.send(
        {
            "cmi.location": "page-9", "cmi.session_time": "PT1M30S", "cmi.exit": "suspend",
            "cmi.suspend_data": "not for reporting", "cmi.learner_preference.audio_level": "0.5",
            "cmi.learner_preference.language": "id", "cmi.learner_preference.audio_captioning": "-1",
        },
        end="terminate", navigate="suspendAll",
    )  # fmt: skip
    (attempt,) = attempts(client, tenant)
    state_id = "https://w3id.org/xapi/scorm/attempt-state"
    found = document(client, tenant, attempt, state_id)
    assert found == {
        "credit": "credit", "mode": "normal", "location": "page-9", "total_time": "PT1M30S",
        "preferences": {"audio_level": 0.5, "language": "id", "audio_captioning": -1},
    }  # fmt: skip
    again = player.again()
    again.send({"cmi.location": "page-10", "cmi.session_time": "PT30S"}, end="terminate", navigate="exitAll")
    found = document(client, tenant, attempt, state_id)
    assert (found["location"], found["total_time"]) == ("page-10", "PT2M")


def test_12_speaks_the_same_words(app: Flask, tenant: TestTenant, client: FlaskClient) -> None:
    player = play(app, tenant, MANIFEST_12)
    player.send({"cmi.core.lesson_location": "7", "cmi.core.session_time": "00:00:10"}, end="terminate")
    (attempt,) = attempts(client, tenant)
    found = document(client, tenant, attempt, "https://w3id.org/xapi/scorm/attempt-state")
    assert found == {"credit": "credit", "mode": "normal", "location": "7", "total_time": "PT10S"}


@pytest.mark.parametrize("level", ["rollup", "activities"])
def test_documents_belong_to_the_level_of_activities(
    app: Flask, tenant: TestTenant, client: FlaskClient, level: str
) -> None:
    player = play(app, tenant, overrides={"statementLevel": level})
    player.send({"cmi.location": "1"}, end="terminate")
    assert len(attempts(client, tenant)) == (0 if level == "rollup" else 1)


@pytest.mark.parametrize("rubbish", [b"[1]", b'{"attempts": 7}', b"plain words"])
def test_what_a_client_left_there_does_not_stop_the_learner(
    app: Flask, tenant: TestTenant, client: FlaskClient, rubbish: bytes
) -> None:
    query = {"activityId": SCO, "agent": AGENT, "stateId": "https://w3id.org/xapi/scorm/activity-state"}
    answer = client.put(
        "/xapi/activities/state", query_string=query, data=rubbish, content_type="text/plain",
        headers=tenant.auth | {"X-Experience-API-Version": "1.0.3", "If-None-Match": "*"},
    )  # fmt: skip
    assert answer.status_code == 204
    play(app, tenant).send({"cmi.location": "1"})
    assert len(attempts(client, tenant)) == 1


def test_values_the_schema_refuses_are_left_out() -> None:
    odd = {"cmi.learner_preference.audio_level": "nan", "cmi.learner_preference.language": "Bahasa",
           "cmi.learner_preference.audio_captioning": "2", "cmi.location": "x"}  # fmt: skip
    made = state_documents.attempt_state(odd, 0)
    assert set(made) <= ALLOWED
    assert "preferences" not in made
