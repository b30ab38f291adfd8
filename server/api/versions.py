"""What depends on a version, replacing single files, what is said of a course."""

from __future__ import annotations

from flask import Response, request

import core.web as web
from core import audit
from core.db import session, unit_of_work
from core.errors import Invalid, NotFound
from course_packages import assets, catalogue, importing, thumbnails
from registrations import course_removal
from server.api import openapi, reading
from server.api.answers import answer, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body
from server.downloads import send_blob


class FactsBody(Body):
    description: str | None = None
    duration: float | None = None


@bp.get("/courses/<course_id>/dependents")
@web.scope("rest/read")
@openapi.describe("What would be deleted with a course", returns="Dependents")
def get_course_dependents(course_id: str) -> Response:
    catalogue.get_course(web.principal().tenant_id, course_id)
    return answer(_dependents_json(course_removal.dependents(web.principal().tenant_id, course_id)))


@bp.get("/courses/<course_id>/versions/<version_id>/dependents")
@web.scope("rest/read")
@openapi.describe("What depends on a version of a course", returns="Dependents")
def get_version_dependents(course_id: str, version_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    version = catalogue.get_version(tenant_id, course_id, reading.whole(version_id, "the version"))
    return answer(_dependents_json(course_removal.dependents(tenant_id, course_id, version.number)))


def _dependents_json(found: course_removal.Dependents) -> dict[str, int]:
    return {
        "registrations": found.registrations,
        "completed": found.completed,
        "openLaunches": found.open_launches,
    }


@bp.post("/courses/<course_id>/asset")
@web.scope("rest")
@openapi.describe(
    "Put a file in place of one of the newest version, or add it: imports a new version",
    form={"file": "The file", "destination": "Its path within the package"},
    returns="StringResult",
)
def upload_course_asset(course_id: str) -> Response:
    who = web.principal()
    version = catalogue.current_version(who.tenant_id, course_id)
    upload, path = request.files.get("file"), request.form.get("destination", "")
    if upload is None:
        raise Invalid("the file must be the part `file` of a multipart/form-data body", field="file")
    assets.check(version, path)
    replacement = assets.Replacement(version.id, path, importing.stage(upload.stream).sha256)
    session().rollback()
    with unit_of_work():
        job_id = importing.start_import(who.tenant_id, course_id, replacement, f"{course_id[:200]}.zip").id
        audit.record(who.tenant_id, f"credential:{who.key}", "course.asset_replaced", course_id, path=path, job=job_id)
    return answer({"result": job_id})


@bp.get("/courses/<course_id>/thumbnail")
@web.scope("rest/read")
@openapi.describe("The thumbnail of a course: its own, or that of its newest version", file=True)
def get_course_thumbnail(course_id: str) -> Response:
    version = catalogue.current_version(web.principal().tenant_id, course_id)
    thumbnail = catalogue.thumbnail_of(catalogue.get_course(version.tenant_id, course_id), version)
    if thumbnail is None:
        raise NotFound(f"course {course_id!r} has no thumbnail")
    return send_blob(thumbnail, "image/jpeg")


@bp.post("/courses/<course_id>/thumbnail")
@web.scope("rest")
@openapi.describe(
    "Give a course a thumbnail, which is kept as a JPEG of at most 640 pixels",
    form={"file": "A PNG, JPEG, WebP or GIF"},
)
def set_course_thumbnail(course_id: str) -> Response:
    who, upload = web.principal(), request.files.get("file")
    catalogue.get_course(who.tenant_id, course_id)
    if upload is None:
        raise Invalid("the picture must be the part `file` of a multipart/form-data body", field="file")
    session().rollback()
    _set_thumbnail(course_id, thumbnails.of_upload(upload.stream).sha256)
    return nothing()


@bp.delete("/courses/<course_id>/thumbnail")
@web.scope("rest")
@openapi.describe("Take the thumbnail of a course back; that of its package is shown again")
def delete_course_thumbnail(course_id: str) -> Response:
    _set_thumbnail(course_id, None)
    return nothing()


def _set_thumbnail(course_id: str, thumbnail: str | None) -> None:
    who = web.principal()
    with unit_of_work():
        catalogue.set_thumbnail(who.tenant_id, course_id, thumbnail)
        audit.record(who.tenant_id, f"credential:{who.key}", "course.thumbnail_set", course_id, own=bool(thumbnail))


@bp.put("/courses/<course_id>/facts")
@web.scope("rest")
@openapi.describe("Say what a course is about and how long it takes (seconds); null takes back", body=FactsBody)
def set_course_facts(course_id: str) -> Response:
    who, facts = web.principal(), body(FactsBody)
    with unit_of_work():
        catalogue.set_facts(who.tenant_id, course_id, description=facts.description, duration=facts.duration)
    return nothing()
