"""The REST API spoken to in process; every answer is held against openapi.json."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from core import outbox
from core.db import session
from server.api import openapi
from server.api.blueprint import PREFIX
from server.api.schemas import OBJECTS
from tests.conftest import TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, package


@dataclass
class Api:
    """A client of one tenant. ``call`` answers the response and fails where openapi.json does not describe it."""

    app: Flask
    tenant: TestTenant

    def call(self, method: str, path: str, body: Any = None, *, status: int | None = None, **options: Any) -> Any:
        """``status`` is what must come; its JSON is answered (None without a body, the response where it is a file)."""
        response = self.send(method, path, body, **options)
        if status is not None:
            assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text[:500]}"
        conforms(self.app, method, path, response)
        return response.json if response.is_json else response if response.data else None

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, status=200, **options)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        if body is not None:
            options["json"] = body
        headers = options.pop("headers", self.tenant.auth)
        # A context of its own, as in production: the request sees what is stored, not what the test has in hand.
        with self.app.app_context():
            return self.app.test_client().open(PREFIX + path, method=method, headers=headers, buffered=True, **options)

    def upload(self, data: bytes, course: str, *, status: int = 200, **query: str) -> Any:
        """Upload a package; the import is not run yet."""
        return self.call(
            "POST",
            "/courses/importJobs/upload",
            status=status,
            query_string={"courseId": course, **query},
            data={"file": (io.BytesIO(data), "course.zip")},
            content_type="multipart/form-data",
        )

    def imported(self, data: bytes, course: str, **query: str) -> dict[str, Any]:
        """Upload a package and run its import; the job as it then is."""
        job = self.upload(data, course, **query)["result"]
        work()
        found: dict[str, Any] = self.get(f"/courses/importJobs/{job}")
        return found

    def register(self, course: str, learner: str = "ayu", **more: Any) -> str:
        registration = f"registration-{uuid.uuid4().hex[:12]}"
        given = {"courseId": course, "registrationId": registration, "learner": {"id": learner, "firstName": "Ayu"}}
        self.call("POST", "/registrations", given | more, status=204)
        return registration


def work() -> None:
    """Let everything that is due happen now."""
    while outbox.drain(50):
        pass
    session().rollback()


def rule_of(app: Flask, method: str, path: str) -> Rule:
    adapter = app.url_map.bind("localhost")
    rule, _ = adapter.match(PREFIX + path.partition("?")[0], method=method, return_rule=True)
    assert isinstance(rule, Rule)
    return rule


@lru_cache(maxsize=2)
def operations(app: Flask) -> dict[str, dict[str, Any]]:
    """``"GET /courses/{courseId}"`` → what openapi.json says of it."""
    with app.app_context():
        document = openapi.specification()
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def conforms(app: Flask, method: str, path: str, response: TestResponse) -> None:
    """The answer is one that openapi.json promises, member by member."""
    template = "/".join(
        "{" + openapi.camel(part[1:-1].rpartition(":")[2]) + "}" if part.startswith("<") else part
        for part in rule_of(app, method, path).rule.removeprefix(PREFIX).split("/")
    )
    promised = operations(app)[f"{method} {template}"]["responses"]
    told = promised.get(str(response.status_code)) or promised["default"]
    assert str(response.status_code) in promised or response.status_code >= 400, f"{response.status_code} is not told"
    content = told.get("content", {})
    if "application/json" not in content:
        assert not response.is_json
        return
    schema = content["application/json"]["schema"] | {"components": components(app)}
    problems = [f"{e.json_path}: {e.message[:300]}" for e in Draft202012Validator(schema).iter_errors(response.json)]
    assert problems == [], f"{method} {path}: {problems}"


@lru_cache(maxsize=2)
def components(app: Flask) -> dict[str, Any]:
    """The schemas of openapi.json, made exact: a member that it does not know is a lie too."""
    with app.app_context():
        schemas = openapi.specification()["components"]["schemas"]
    closed = {name: schemas[name] | {"additionalProperties": False} for name in OBJECTS}
    return {"schemas": schemas | closed}


@pytest.fixture
def api(app: Flask, tenant: TestTenant) -> Api:
    return Api(app, tenant)


@pytest.fixture
def other(app: Flask, other_tenant: TestTenant) -> Api:
    """The same API for a tenant that must see nothing of ``api``'s."""
    return Api(app, other_tenant)


def course_zip(title: str = "") -> bytes:
    extra = {"media/notes.txt": title or "notes"}
    return package(MANIFEST_2004, {"intro": "", "quiz": ""}, extra=extra)


@pytest.fixture
def course(api: Api) -> str:
    """An imported course; its id."""
    job = api.imported(course_zip(), "safety")
    assert job["status"] == "COMPLETE", job
    return "safety"
