"""Small real packages, built in memory and brought in by the real import."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from flask import Flask
from flask.testing import FlaskClient

from core.db import session, unit_of_work
from course_packages import importing
from registrations import launches, learners, registrations
from registrations.models import Registration
from tests.conftest import ContentClient

PAGE = "<!doctype html><title>SCO</title><p>A page of the course."

MANIFEST_12 = """<?xml version="1.0"?>
<manifest identifier="m" version="1.2" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="org"><organization identifier="org"><title>Safety</title>{items}</organization></organizations>
  <resources>{resources}</resources>
</manifest>"""

MANIFEST_2004 = """<?xml version="1.0"?>
<manifest identifier="m" version="1" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3"
  xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
  <organizations default="org"><organization identifier="org" {scope}><title>Safety</title>{items}
    <imsss:sequencing><imsss:controlMode choice="true" flow="true"/></imsss:sequencing></organization></organizations>
  <resources>{resources}</resources>
</manifest>"""


def item(identifier: str, title: str, more: str = "") -> str:
    return f'<item identifier="{identifier}" identifierref="r-{identifier}"><title>{escape(title)}</title>{more}</item>'


def package(manifest: str, items: dict[str, str], *, scope: str = "", kind: str = "sco", extra: Any = None) -> bytes:
    """The zip of a course whose ``items`` are identifier → XML inside the item (after its title)."""
    attribute = "adlcp:scormtype" if manifest is MANIFEST_12 else "adlcp:scormType"
    resources = "".join(
        f'<resource identifier="r-{name}" type="webcontent" {attribute}="{kind}" href="{name}.html">'
        f'<file href="{name}.html"/></resource>'
        for name in items
    )
    listed = "".join(item(name, name.title(), more) for name, more in items.items())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("imsmanifest.xml", manifest.format(items=listed, resources=resources, scope=scope))
        for name in items:
            made.writestr(f"{name}.html", PAGE)
        for name, data in (extra or {}).items():
            made.writestr(name, data)
    return buffer.getvalue()


def load(tenant_id: int, data: bytes, course_id: str = "safety") -> str:
    """Import the package; its course id. The import must succeed."""
    blob = importing.stage(io.BytesIO(data))
    with unit_of_work():
        job_id = importing.start_import(tenant_id, course_id, blob, "course.zip").id
    importing.run_import(tenant_id, job_id)
    session().rollback()
    job = importing.get_job(tenant_id, job_id)
    assert job.status == "COMPLETE", job.message
    return course_id


@dataclass
class Player:
    """Speaks to the runtime endpoint as the browser does."""

    app: Flask
    tenant_id: int
    registration_id: str
    token: str
    client: FlaskClient
    session: str | None = None
    seq: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def activity(self) -> dict[str, Any]:
        return self.answer["activity"]

    @property
    def cmi(self) -> dict[str, str]:
        cmi: dict[str, str] = self.activity["cmi"]
        return cmi

    def post(self, body: dict[str, Any] | bytes) -> Any:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.client.post(f"/p/{self.token}/runtime", data=data, content_type="application/json")

    def send(
        self, changes: dict[str, str] | None = None, *, end: str | None = None, navigate: str | None = None,
        target: str | None = None, initialized: bool = True, **more: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """One request that must be answered 200; keeps the session and the answer."""
        self.seq += 1
        body: dict[str, Any] = {
            "session": self.session,
            "seq": self.seq,
            "key": f"{self.registration_id}-{self.token[:6]}-{self.seq}",
            "changes": changes or {},
            "initialized": initialized and self.session is not None,
            "end": end,
            "navigate": {"request": navigate, "target": target} if navigate else None,
        } | more
        response = self.post(body)
        assert response.status_code == 200, response.text
        self.answer = msgspec.json.decode(response.data)
        if self.answer["activity"]:
            self.session = self.answer["activity"]["session"]
        elif end or navigate:
            self.session = None
        return self.answer

    def start(self) -> dict[str, Any]:
        return self.send(navigate="start")

    def again(self, **options: Any) -> Player:
        """The same registration launched once more, started."""
        return launch(self.app, self.tenant_id, self.registration_id, **options)


def register(tenant_id: int, course_id: str, learner_id: str = "ayu", **options: Any) -> str:
    with unit_of_work():
        learner = learners.put(tenant_id, learner_id, first_name="Ayu", last_name="Lestari")
        return registrations.create(tenant_id, course_id=course_id, learner=learner, **options).id


def ticket(tenant_id: int, registration_id: str, **options: Any) -> str:
    with unit_of_work():
        return launches.mint(registrations.get(tenant_id, registration_id), **options)[1]


def launch(app: Flask, tenant_id: int, registration_id: str, *, begin: bool = True, **options: Any) -> Player:
    """A launched player; ``begin`` sends its start."""
    client = ContentClient(app, app.response_class)
    opened = client.get(f"/launch/{ticket(tenant_id, registration_id, **options)}")
    assert opened.status_code == 303, opened.text
    player = Player(app, tenant_id, registration_id, opened.headers["Location"].split("/")[2], client)
    if begin:
        player.start()
    return player


def stored(tenant_id: int, registration_id: str) -> Registration:
    """The registration as the database has it now."""
    session().rollback()
    session().expire_all()
    return registrations.get(tenant_id, registration_id)
