"""Postbacks: what is posted where, and what a deleted registration leaves behind (nothing)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

import pytest

from server import outbound
from tests.scorm_runtime.packages import launch
from tests.server.api.conftest import Api, course_zip, work

URL = "https://lms.example.org/back"


@dataclass(frozen=True)
class Sent:
    url: str
    headers: Mapping[str, str]
    body: bytes


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """Every request that would have gone out; each is answered 200."""
    found: list[Sent] = []

    def request(method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> outbound.Answer:
        found.append(Sent(url, headers, body))
        return outbound.Answer(200, {}, b"", 0.1)

    monkeypatch.setattr(outbound, "request", request)
    return found


@pytest.mark.parametrize(("data", "status"), [(course_zip(), "COMPLETE"), (b"no zip", "ERROR")])
def test_an_import_is_posted_when_it_is_over(api: Api, sent: list[Sent], data: bytes, status: str) -> None:
    job = api.imported(data, "safety", postbackUrl=URL)
    work()
    assert [(each.url, json.loads(each.body)) for each in sent] == [(URL, job)]
    assert job["status"] == status


def test_progress_is_posted_with_user_name_and_password(api: Api, course: str, sent: list[Sent]) -> None:
    target = {"url": URL, "authType": "form", "userName": "lms", "password": "pass", "resultsFormat": "full"}
    registration = api.register(course, postBack=target)
    player = launch(api.app, api.tenant.id, registration)
    player.send({"cmi.completion_status": "completed"}, end="terminate", navigate="exitAll")
    work()
    fields = parse_qs(sent[-1].body.decode())
    assert (fields["username"], fields["password"]) == (["lms"], ["pass"])
    posted = json.loads(fields["data"][0])
    assert posted["id"] == registration
    assert "runtime" in posted["activityDetails"]["children"][0]


def test_nothing_of_a_deleted_registration_is_found_by_the_next(api: Api, course: str, sent: list[Sent]) -> None:
    given = {"courseId": course, "registrationId": "again", "learner": {"id": "ayu"}}
    api.call("POST", "/registrations", given | {"registrationTags": ["old"], "postBack": {"url": URL}}, status=204)
    # At once: no worker has come by yet.
    api.call("DELETE", "/registrations/again", status=204)
    api.call("POST", "/registrations", given | {"registrationTags": ["new"]}, status=204)
    work()
    assert api.get("/registrations/again/tags")["tags"] == ["new"]
    api.call("POST", "/registrations/again/instances", status=204)
    work()
    assert sent == []
    api.call("DELETE", "/registrations/again", status=204)
    api.call("POST", "/registrations", given | {"postBack": {"url": URL}}, status=204)
    api.call("POST", "/registrations/again/instances", status=204)
    work()
    assert [each.url for each in sent] == [URL]
