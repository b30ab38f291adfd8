"""A browser signed in to the console, a tenant with something in it, and texts that must never become markup."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core import credentials, outbox
from core.credentials import Principal
from core.db import session, unit_of_work
from course_packages import importing
from lrs import store
from registrations import learners, progress, registrations
from server import people
from tests.conftest import TestTenant

ORIGIN = "http://localhost"
PASSWORD = "a sentence of few words"
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


class Browser:
    """A client that keeps cookies and sends what a browser sends with a form.

    Each request has an application context of its own, as in production: the one of the test would be shared by all.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.csrf = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        with self.app.app_context():
            answer = self.client.get(path, **options)
        found = (
            re.search(r'<meta name="csrf" content="([^"]+)"', answer.text) if answer.mimetype == "text/html" else None
        )
        self.csrf = found[1] if found else self.csrf
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        options.setdefault("headers", {"Origin": ORIGIN})
        with self.app.app_context():
            return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **options)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", {"email": email, "password": password})
        self.get("/password")
        return answer


@pytest.fixture(autouse=True)
def quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2id with little memory: hundreds of sign-ins would take minutes. `real_hashes` marks who looks at the real one."""
    if "real_hashes" not in request.fixturenames:
        cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        monkeypatch.setattr(people, "_hasher", lambda: cheap)


@pytest.fixture
def real_hashes() -> None:
    """The parameters of production."""


@dataclass
class Account:
    email: str
    id: str
    tenant_id: int


def make_person(role: str, tenant_id: int, **more: Any) -> Account:
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    home = people.INSTALLATION if role == "system_administrator" else tenant_id
    if role == "learner":
        more.setdefault("learner_id", "nobody")
    with unit_of_work():
        person, _word = people.create_person(email, role, home, password=PASSWORD, **more)
        return Account(email, person.id, home)


def browser_of(app: Flask, role: str, tenant_id: int, **more: Any) -> Browser:
    browser = Browser(app)
    answer = browser.sign_in(make_person(role, tenant_id, **more).email)
    assert answer.status_code == 302, answer.text
    if role == "system_administrator":
        browser.get("/tenants")
        assert browser.post("/tenant", {"tenant": str(tenant_id)}).status_code == 302
        browser.get("/tenants")
    return browser


@pytest.fixture
def admin(app: Flask, tenant: TestTenant) -> Browser:
    """An administrator of ``tenant``."""
    return browser_of(app, "tenant_administrator", tenant.id)


@pytest.fixture
def instructor(app: Flask, tenant: TestTenant) -> Browser:
    return browser_of(app, "instructor", tenant.id)


@pytest.fixture
def system(app: Flask, tenant: TestTenant) -> Browser:
    """A system administrator who looks at ``tenant``."""
    return browser_of(app, "system_administrator", tenant.id)


def package(title: str = "A course", *, item: str = "A lesson", missing: bool = False) -> io.BytesIO:
    """A small SCORM 1.2 package."""
    escape = {ord("<"): "&lt;", ord("&"): "&amp;", ord('"'): "&quot;"}
    manifest = (
        '<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"'
        ' xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schema>ADL SCORM</schema>'
        '<schemaversion>1.2</schemaversion></metadata><organizations default="o"><organization identifier="o">'
        f'<title>{title.translate(escape)}</title><item identifier="i1" identifierref="r1">'
        f"<title>{item.translate(escape)}</title></item></organization></organizations><resources>"
        '<resource identifier="r1" type="webcontent" adlcp:scormtype="sco" href="index.html">'
        '<file href="index.html"/></resource></resources></manifest>'
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("imsmanifest.xml", manifest)
        if not missing:
            archive.writestr("index.html", "<p>content")
    content.seek(0)
    return content


def make_course(tenant_id: int, course_id: str, title: str = "A course", **more: Any) -> None:
    """Import a small package as the job would."""
    blob = importing.stage(package(title, **more))
    with unit_of_work():
        job = importing.start_import(tenant_id, course_id, blob, f"{course_id}.zip").id
    importing.run_import(tenant_id, job)


def make_registration(tenant_id: int, course_id: str, learner_id: str = "learner-1", **names: str) -> tuple[str, str]:
    """Register a learner; returns the registration's id and the UUID its statements carry."""
    with unit_of_work():
        learner = learners.put(tenant_id, learner_id, **names)
        made = registrations.create(tenant_id, course_id=course_id, learner=learner)
        return made.id, registrations.instance_of(made).xapi_registration


def complete(tenant_id: int, registration_id: str, score: float = 0.8) -> None:
    with unit_of_work():
        found = registrations.lock(tenant_id, registration_id)
        progress.record(
            found,
            progress.Report(
                completion="completed",
                success="passed",
                cause="mastery_score",
                score=progress.Score(scaled=score, raw=score * 100, min=0, max=100),
                total_seconds=754,
                progress_measure=1.0,
            ),
        )


def make_statement(tenant_id: int, *, name: str = "Siti", verb: str = "completed", **more: Any) -> str:
    statement = {
        "actor": {"objectType": "Agent", "name": name, "account": {"homePage": ORIGIN, "name": "learner-1"}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}", "display": {"en": verb}},
        "object": {"id": "http://example.org/activity", "definition": {"name": {"en": "Safety", "id": "Keselamatan"}}},
        **more,
    }
    authority = {"objectType": "Agent", "account": {"homePage": ORIGIN, "name": "test"}}
    with unit_of_work():
        return store.store(tenant_id, [statement], authority)[0]


def make_statements(tenant_id: int, names: list[str]) -> None:
    """One statement of each, stored together in this order."""
    statements = [
        {
            "actor": {"name": name, "mbox": "mailto:a@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "http://example.org/activity"},
        }
        for name in names
    ]
    authority = {"objectType": "Agent", "account": {"homePage": ORIGIN, "name": "test"}}
    with unit_of_work():
        store.store(tenant_id, statements, authority)


def present() -> Session:
    """The session with nothing remembered from before, so that it sees what requests have written."""
    session().rollback()
    return session()


def authenticate(key: str, secret: str) -> Principal:
    present()
    return credentials.authenticate(key, secret)


def drain() -> None:
    """Let everything that is due happen now."""
    while outbox.drain(50):
        pass
