"""Every route of the REST API: it works, and refuses what is missing, malformed, another tenant's or out of scope.

``CASES`` is the table. A new route needs a line in it, or :func:`test_every_route_has_its_line` fails.
"""

from __future__ import annotations

import copy
import io
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from core import credentials
from core.db import unit_of_work
from tests.conftest import TestTenant, basic, make_tenant
from tests.course_packages.pictures import image
from tests.scorm_runtime.packages import launch
from tests.server.api.conftest import Api, course_zip, operations, work

GIVEN = {"settings": [{"settingId": "showProgressBar", "value": "false"}]}
TAGS = {"tags": ["red", "blue"]}
HOOK = {"url": "https://hooks.example.org/rekam", "events": ["registration.*"]}


FORWARDER = {"url": "https://lrs.example.org/xapi", "key": "k", "secret": "s", "filter": {"verb": "http://e.org/v"}}


@dataclass(frozen=True)
class Case:
    """A call that succeeds. ``{name}`` in path and body are ids of the :class:`World`; ``shows`` must be in the answer."""

    operation: str
    body: Any = None
    query: str = ""
    status: int = 200
    shows: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.operation.split(" ")[0]


def upload() -> dict[str, Any]:
    return {"data": {"file": (io.BytesIO(course_zip()), "a.zip")}, "content_type": "multipart/form-data"}


# In this order; what deletes comes last.
CASES = [
    Case("GET /openapi.json", shows={"openapi": "3.1.0"}),
    Case("GET /about", shows={"distribution": "Rekam"}),
    Case("GET /ping", shows={"apiMessage": "API is up"}),
    Case(
        "POST /oauth/authenticate/application/token",
        options={"data": {"scope": "read:course", "expiration": "60"}},
        shows={"token_type": "bearer", "expires_in": 60, "scope": "read:course"},
    ),
    # applications and credentials
    Case("GET /appManagement/applications"),
    Case("GET /appManagement/applicationList", query="includeCourseCount=true&includeRegistrationCount=true"),
    Case("PUT /appManagement/applications/{childAppId}", {"name": "Renamed"}, status=204),
    Case(
        "GET /appManagement/applications/{childAppId}",
        query="includeCourseCount=true",
        shows={"name": "Renamed", "courseCount": 2},
    ),
    Case("GET /appManagement/{childAppId}/credentials"),
    Case(
        "POST /appManagement/{childAppId}/credentials", {"name": "New", "scopes": ["statements/read"]}, shows={"name": "New"}
    ),
    Case("PUT /appManagement/{childAppId}/credentials/{credentialId}", {"name": "Other"}, status=204),
    Case("POST /appManagement/{childAppId}/credentials/{credentialId}/rotate", {"graceSeconds": 60}),
    Case("DELETE /appManagement/{childAppId}/credentials/{credentialId}", status=204),
    # settings of every level
    Case("POST /appManagement/configuration", GIVEN, status=204),
    Case("GET /appManagement/configuration", query="includeMetadata=true"),
    Case("DELETE /appManagement/configuration/{settingId}", status=204),
    Case("POST /courses/{courseId}/configuration", GIVEN, status=204),
    Case("GET /courses/{courseId}/configuration", query="includeMetadata=true"),
    Case("DELETE /courses/{courseId}/configuration/{settingId}", status=204),
    Case("POST /registrations/{registrationId}/configuration", GIVEN, status=204),
    Case("GET /registrations/{registrationId}/configuration", query="includeMetadata=true"),
    Case("DELETE /registrations/{registrationId}/configuration/{settingId}", status=204),
    # imports and courses
    Case("POST /courses/importJobs/upload", query="courseId=uploaded", options=upload()),
    # The address is refused before anything is fetched: only public networks may be reached.
    Case(
        "POST /courses/importJobs",
        {"fetchRequest": {"url": "http://127.0.0.1:9/course.zip"}},
        query="courseId=fetched",
        status=400,
    ),
    Case(
        "POST /courses/importJobs/noUpload",
        {"fetchRequest": {"url": "http://127.0.0.1:9/course.zip"}},
        query="courseId=fetched",
        status=400,
    ),
    Case("GET /courses/importJobs/{importJobId}", shows={"status": "COMPLETE", "progress": 100}),
    # What is over cannot be cancelled.
    Case("DELETE /courses/importJobs/{importJobId}", status=409),
    Case("GET /courses", query="includeRegistrationCount=true&includeCourseMetadata=true"),
    Case("PUT /courses/{courseId}/title", {"title": "A title"}, status=204),
    Case(
        "GET /courses/{courseId}",
        query="includeRegistrationCount=true&includeCourseMetadata=true",
        shows={"title": "A title", "version": 2, "courseLearningStandard": "SCORM20044THEDITION"},
    ),
    Case("GET /courses/{courseId}/versions", query="includeRegistrationCount=true"),
    Case("GET /courses/{courseId}/versions/{versionId}", shows={"version": 1}),
    Case("GET /courses/{courseId}/asset/list"),
    Case("GET /courses/{courseId}/versions/{versionId}/asset/list"),
    Case("GET /courses/{courseId}/asset", query="relativePath=media/notes.txt"),
    Case("GET /courses/{courseId}/versions/{versionId}/asset", query="relativePath=media/notes.txt"),
    Case("GET /courses/{courseId}/dependents", shows={"registrations": 1, "openLaunches": 1}),
    Case("GET /courses/{courseId}/versions/{versionId}/dependents", shows={"registrations": 0, "completed": 0}),
    Case(
        "POST /courses/{courseId}/asset",
        options={
            "data": {"file": (io.BytesIO(b"other notes"), "notes.txt"), "destination": "media/notes.txt"},
            "content_type": "multipart/form-data",
        },
    ),
    Case(
        "POST /courses/{courseId}/thumbnail",
        options={"data": {"file": (io.BytesIO(image()), "a.png")}, "content_type": "multipart/form-data"},
        status=204,
    ),
    Case("GET /courses/{courseId}/thumbnail"),
    Case("DELETE /courses/{courseId}/thumbnail", status=204),
    Case("PUT /courses/{courseId}/facts", {"description": "How to be safe", "duration": 600}, status=204),
    Case("GET /courses/{courseId}/zip"),
    Case("GET /courses/{courseId}/versions/{versionId}/zip"),
    # tags
    Case("PUT /courses/{courseId}/tags", TAGS, status=204),
    Case("GET /courses/{courseId}/tags", shows=TAGS),
    Case("DELETE /courses/{courseId}/tags", {"tags": ["red"]}, status=204),
    Case("PUT /courses/tags", {"ids": ["{courseId}"], **TAGS}, status=204),
    Case("PUT /registrations/{registrationId}/tags", TAGS, status=204),
    Case("GET /registrations/{registrationId}/tags", shows=TAGS),
    Case("DELETE /registrations/{registrationId}/tags", {"tags": ["red"]}, status=204),
    Case("PUT /registrations/tags", {"ids": ["{registrationId}"], **TAGS}, status=204),
    Case("PUT /learner/{learnerId}/tags", TAGS, status=204),
    Case("GET /learner/{learnerId}/tags", shows=TAGS),
    Case("DELETE /learner/{learnerId}/tags", {"tags": ["red"]}, status=204),
    Case("PUT /learner/tags", {"ids": ["{learnerId}"], **TAGS}, status=204),
    # registrations
    Case(
        "POST /registrations",
        {
            "courseId": "{courseId}",
            "registrationId": "made",
            "learner": {"id": "made", "firstName": "Budi", "lastName": "S", "email": "b@example.org"},
            "learnerTags": ["l"], "registrationTags": ["r"], "courseTags": ["c"], "initialSettings": GIVEN,
            "postBack": {"url": "https://hooks.example.org/postback"},
        },
        query="courseVersion=2",
        status=204,
    ),
    Case("GET /registrations", query="includeChildResults=true&includeRuntime=true&learnerId=ayu"),
    Case("POST /registrations/postBackTest", {"url": "http://127.0.0.1:9/"}, status=400),
    Case(
        "GET /registrations/{registrationId}",
        query="includeChildResults=true&includeInteractionsAndObjectives=true&includeRuntime=true",
        shows={"registrationCompletion": "INCOMPLETE", "instance": 1},
    ),
    Case("GET /registrations/{registrationId}/progress", shows={"instance": 1}),
    Case("POST /registrations/{registrationId}/launchLink", {"expiry": 60, "redirectOnExitUrl": "https://lms.example/"}),
    Case("GET /registrations/{registrationId}/launchHistory", query="includeHistoryLog=true"),
    Case("GET /registrations/{registrationId}/instances"),
    Case("GET /registrations/{registrationId}/instances/{instanceId}", shows={"instance": 0}),
    Case("GET /registrations/{registrationId}/instances/{instanceId}/launchHistory"),
    Case("GET /registrations/{registrationId}/trace"),
    Case("GET /registrations/{registrationId}/sequencing", query="culture=id", shows={"state": "active", "instance": 1}),
    Case(
        "POST /registrations/{registrationId}/comments",
        {"comment": "Well done", "location": "page 3"},
        shows={"comment": "Well done", "location": "page 3"},
    ),
    Case("GET /registrations/{registrationId}/comments"),
    Case("DELETE /registrations/{registrationId}/comments/{commentId}", status=204),
    Case("GET /registrations/{registrationId}/xAPIStatements"),
    Case("GET /registrations/{registrationId}/instances/{instanceId}/xAPIStatements"),
    Case("POST /learner/{learnerId}/updateInfo", {"firstName": "Sari", "email": "s@example.org"}, status=204),
    # webhooks
    Case("GET /webhooks/eventTypes"),
    Case("POST /webhooks", HOOK, shows={"enabled": True}),
    Case("GET /webhooks"),
    Case("GET /webhooks/{webhookId}", shows={"url": HOOK["url"]}),
    Case("PUT /webhooks/{webhookId}", {"description": "Mine"}, shows={"description": "Mine"}),
    Case("POST /webhooks/{webhookId}/rotate", {"graceSeconds": 60}),
    Case("GET /webhooks/{webhookId}/deliveries"),
    Case("GET /webhooks/{webhookId}/deliveries/{deliveryId}", shows={"type": "registration.created"}),
    Case("POST /webhooks/{webhookId}/deliveries/{deliveryId}/replay", status=204),
    Case("POST /webhooks/{webhookId}/replay", {"since": "2026-01-01T00:00:00Z"}),
    Case("DELETE /webhooks/{webhookId}", status=204),
    # removal of records; the dry runs of the world
    Case("POST /statements/purge", {"until": "2020-01-01T00:00:00Z", "verb": "http://e.org/v"}, shows={"dryRun": True}),
    Case("GET /statements/purge/{purgeId}", shows={"status": "COMPLETE"}),
    Case("POST /erasures", {"agents": [{"mbox": "mailto:a@example.org"}], "mode": "delete"}, shows={"dryRun": True}),
    Case("GET /erasures"),
    Case("GET /erasures/{erasureId}", shows={"status": "COMPLETE"}),
    Case("GET /statements/stream", query="seconds=0&since=2026-01-01T00:00:00Z"),
    # rejected requests
    Case("GET /rejectedRequests"),
    Case("GET /rejectedRequests/{rejectedRequestId}", shows={"method": "POST"}),
    Case("POST /rejectedRequests/{rejectedRequestId}/replay", {"body": "[]"}, shows={"statementIds": []}),
    Case("DELETE /rejectedRequests/{rejectedRequestId}", status=204),
    # forwarders
    Case("POST /forwarders", FORWARDER, shows={"enabled": True, "forwarded": 0}),
    Case("GET /forwarders"),
    Case("GET /forwarders/{forwarderId}", shows={"url": FORWARDER["url"]}),
    Case("PUT /forwarders/{forwarderId}", {"enabled": False}, shows={"enabled": False}),
    Case("GET /forwarders/{forwarderId}/refusals"),
    # Nobody is at example.org's address.
    Case("POST /forwarders/{forwarderId}/test", shows={"ok": False, "code": "unreachable"}),
    Case("DELETE /forwarders/{forwarderId}", status=204),
    Case(
        "POST /registrations/{registrationId}/version",
        {"version": 1, "dryRun": True},
        shows={"fromVersion": 2, "toVersion": 1, "keepsProgress": True, "moved": False},
    ),
    Case(
        "POST /courses/{courseId}/versions/{versionId}/registrations/version",
        {"version": 2, "dryRun": True, "beginAnew": True},
        shows={"fromVersion": 1, "toVersion": 2, "registrations": 0, "started": False},
    ),
    Case(
        "GET /courses/{courseId}/versions/{versionId}/registrations/version",
        shows={"version": 1, "registrations": 0, "running": False},
    ),
    # what deletes
    Case("POST /registrations/{registrationId}/instances", status=204),
    Case("DELETE /registrations/{registrationId}/instances/{instanceId}", status=204),
    Case("DELETE /registrations/{registrationId}/progress", status=204),
    Case("DELETE /registrations/{registrationId}", status=204),
    Case("DELETE /courses/{courseId}/versions/{versionId}", status=204),
    Case("DELETE /courses/{courseId}", status=204),
    Case("POST /learner/{learnerId}/delete-information", {"userEmail": "admin@example.org"}, status=204),
]  # fmt: skip
PUBLIC = {"GET /openapi.json"}
# An id in the path, or several in the body: nothing of it may work for another tenant.
OWN_IDS = [c for c in CASES if "Id}" in c.operation.replace("{settingId}", "") or "{" in str((c.body or {}).get("ids"))]


@dataclass
class World:
    """One of everything, in a tenant of its own; ``ids`` maps the names in paths to it."""

    api: Api
    ids: dict[str, str]

    def path(self, case: Case, **instead: str) -> str:
        ids = self.ids | instead
        made = re.sub(r"{(\w+)}", lambda m: ids[m[1]], case.operation.split(" ")[1])
        return f"{made}?{case.query}" if case.query else made

    def body(self, case: Case) -> Any:
        return fill(case.body, self.ids)


def fill(body: Any, ids: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: fill(value, ids) for name, value in body.items()}
    if isinstance(body, list):
        return [fill(value, ids) for value in body]
    return re.sub(r"{(\w+)}", lambda m: ids[m[1]], body) if isinstance(body, str) else body


def make_world(app: Flask, tenant: TestTenant) -> World:
    api = Api(app, tenant)
    job = api.imported(course_zip(), "safety")
    api.imported(course_zip("new"), "safety", mayCreateNewVersion="true")
    api.imported(course_zip(), "second")
    hook = api.call("POST", "/webhooks", HOOK, status=200)
    registration = api.register("safety")
    player = launch(app, tenant.id, registration)
    player.send({"cmi.location": "3", "cmi.interactions.0.id": "q1", "cmi.interactions.0.type": "true-false"})
    player.send({"cmi.completion_status": "completed", "cmi.score.scaled": "0.5"}, end="terminate", navigate="exitAll")
    api.call("POST", f"/registrations/{registration}/instances", status=204)
    launch(app, tenant.id, registration).send({"cmi.location": "1"})
    comment = api.call("POST", f"/registrations/{registration}/comments", {"comment": "Hello"}, status=200)
    purge = api.call("POST", "/statements/purge", {"until": "2020-01-01T00:00:00Z"}, status=200)
    erasure = api.call("POST", "/erasures", {"agents": [{"mbox": "mailto:a@example.org"}]}, status=200)
    headers = tenant.auth | {"X-Experience-API-Version": "2.0.0"}
    app.test_client().post("/xapi/statements", json=[{}], headers=headers)
    (rejected,) = api.get("/rejectedRequests")["rejectedRequests"]
    forwarder = api.call("POST", "/forwarders", FORWARDER, status=200)
    with unit_of_work():
        credential, _ = credentials.create(tenant.id, ["rest"])
        credential_id = credential.key
    for _ in range(3):
        work()
    found = api.get(f"/webhooks/{hook['id']}/deliveries")["deliveries"]
    delivery = next(d for d in found if d["type"] == "registration.created")
    return World(
        api,
        {
            "childAppId": tenant.app_id,
            "credentialId": credential_id,
            "settingId": "showProgressBar",
            "courseId": "safety",
            "versionId": "1",
            "importJobId": job["jobId"],
            "registrationId": registration,
            "instanceId": "0",
            "learnerId": "ayu",
            "commentId": comment["id"],
            "webhookId": hook["id"],
            "deliveryId": delivery["id"],
            "rejectedRequestId": rejected["id"],
            "forwarderId": forwarder["id"],
            "purgeId": purge["jobId"],
            "erasureId": erasure["jobId"],
        },
    )


@pytest.fixture(scope="module")
def one_world(session_app: Flask) -> World:
    with session_app.app_context():
        return make_world(session_app, make_tenant())


@pytest.fixture
def world(app: Flask, one_world: World) -> World:
    """For tests that change nothing in it."""
    return one_world


def call(api: Api, world: World, case: Case, status: int, *, path: str = "", **options: Any) -> Any:
    """Send the case as ``api``, for which ``status`` must come."""
    if not options:
        options = {"body": world.body(case), **options_of(case)}
    return api.call(case.method, path or world.path(case), status=status, **options)


def options_of(case: Case) -> dict[str, Any]:
    return upload() if case.operation.endswith("/upload") else copy.deepcopy(case.options)


def test_every_route_has_its_line(app: Flask) -> None:
    assert sorted(case.operation for case in CASES) == sorted(operations(app))


def test_every_route_works(app: Flask, tenant: TestTenant) -> None:
    world = make_world(app, tenant)
    for case in CASES:
        found = call(world.api, world, case, case.status)
        for name, value in case.shows.items():
            assert (case.operation, name, found[name]) == (case.operation, name, value)


def test_another_tenant_finds_nothing(world: World, other: Api) -> None:
    before = snapshot(world)
    for case in OWN_IDS:
        assert call(other, world, case, 404)["code"] == "not_found", case.operation
    assert snapshot(world) == before
    assert snapshot_of(other, ["/courses", "/registrations", "/webhooks"]) == [
        {"courses": []},
        {"registrations": []},
        {"webhooks": []},
    ]


def snapshot(world: World) -> list[Any]:
    """What the tenant's own lists say."""
    lists = ["/courses", "/registrations", "/learner/ayu/tags", "/webhooks", "/appManagement/configuration"]
    lists += ["/appManagement/applications", f"/appManagement/{world.ids['childAppId']}/credentials"]
    found = snapshot_of(world.api, lists)
    for credential in found[-1]["credentials"]:
        credential.pop("lastUsed", None)
    return found


def snapshot_of(api: Api, lists: list[str]) -> list[Any]:
    return [api.get(path) for path in lists]


def test_what_does_not_exist_is_not_found(world: World) -> None:
    for case in OWN_IDS:
        for name in re.findall(r"{(\w+)}", case.operation):
            if name == "settingId":
                continue
            absent = "77" if name in ("versionId", "instanceId") else "absent"
            path = world.path(case, **{name: absent})
            found = call(world.api, world, case, 404, path=path)
            assert (found["code"], bool(found["message"])) == ("not_found", True), path


def test_an_unknown_setting_is_refused(world: World) -> None:
    for case in CASES:
        if "{settingId}" in case.operation:
            found = call(world.api, world, case, 400, path=world.path(case, settingId="absent"))
            assert "unknown setting 'absent'" in found["message"]


def test_versions_and_instances_are_numbers(world: World) -> None:
    for case in CASES:
        if "versionId" in case.operation or "instanceId" in case.operation:
            for wrong in ("one", "-1", "1.0", "99999999999999999999"):
                path = world.path(case, versionId=wrong, instanceId=wrong)
                assert "must be a whole number" in call(world.api, world, case, 400, path=path)["message"]


def test_a_body_that_is_not_its_object_is_refused(world: World) -> None:
    for case in CASES:
        if case.body is None:
            continue
        for data in (b"", b"[1", b"[]", b"null", b'"text"', b"7", b'{"a": "\xff"}', b"\0"):
            found = call(world.api, world, case, 400, data=data, content_type="application/json")
            assert (found["code"], found["details"]["path"]) == ("invalid", "$"), (case.operation, data)


def test_a_member_of_the_wrong_type_is_named(world: World) -> None:
    for case in CASES:
        for member in case.body or ():
            found = call(world.api, world, case, 400, body=world.body(case) | {member: [[1]]})
            assert found["details"]["path"].startswith(f"$.{member}"), (case.operation, found)


def test_null_characters_are_refused(world: World) -> None:
    for case in CASES:
        for member, value in (case.body or {}).items():
            if isinstance(value, str):
                found = call(world.api, world, case, 400, body=world.body(case) | {member: "a\0b"})
                assert found["details"]["path"] == f"$.{member}", (case.operation, found)
        for name in re.findall(r"{(\w+)}", case.operation):
            assert call(world.api, world, case, 404, path=world.path(case, **{name: "a%00b"}))["code"] == "not_found"
    nested = {"settings": [{"settingId": "showProgressBar", "value": "\0"}]}
    found = world.api.call("POST", "/appManagement/configuration", nested, status=400)
    assert found["details"]["path"] == "$.settings[0].value"
    assert "null character" in world.api.call("GET", "/courses?tags=a%00", status=400)["message"]
    # What only looks like one.
    body = {"version": 1, "dryRun": True, "note": "\\u0000"}
    assert not world.api.call("POST", f"/registrations/{world.ids['registrationId']}/version", body, status=200)[
        "moved"
    ]


def test_a_body_too_deep_or_too_large_is_refused(world: World) -> None:
    path = "/appManagement/configuration"
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert "too deeply" in world.api.call("POST", path, data=deep, status=400)["message"]
    assert world.api.call("POST", path, data=b'{"a":"' + b" " * (9 << 20) + b'"}', status=413)["message"]


def test_versions_in_bodies_are_numbers_of_versions(world: World) -> None:
    for path in ("/registrations/{registrationId}/version", "/courses/safety/versions/1/registrations/version"):
        for wrong in (-1, 1 << 31, 1 << 70):
            body = {"version": wrong, "dryRun": True}
            found = world.api.call("POST", path.format(**world.ids), body, status=400)
            assert found["details"]["path"] == "$.version"


def test_too_little_scope_is_forbidden(world: World) -> None:
    tenant_id = world.api.tenant.id
    with unit_of_work():
        made = [credentials.create(tenant_id, held) for held in (["define"], ["rest/read", "define"], ["rest"])]
        stranger, reader, writer = [basic(credential.key, secret) for credential, secret in made]
    for case in CASES:
        if case.operation in PUBLIC or case.operation.startswith("POST /oauth/"):
            continue
        needs_all = case.operation.endswith("/credentials/{credentialId}/rotate") or (
            "{childAppId}/credentials" in case.operation and case.method != "GET"
        )
        # The stream asks for the scopes of the Statement Resource, which the stranger has.
        stream = case.operation.endswith("/stream")
        headers = writer if stream else stranger if case.method == "GET" else writer if needs_all else reader
        options = {"body": world.body(case), **options_of(case), "headers": headers}
        found = call(world.api, world, case, 403, **options)
        assert (found["code"], bool(found["details"]["needed"])) == ("forbidden", True), case.operation
