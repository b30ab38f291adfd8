"""What depends on a version, moving registrations between versions, replacing single files, what is said of a course."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import ColumnElement, func, select

import core.web as web
from core import audit
from core.db import session, unit_of_work
from core.errors import Invalid
from course_packages import assets, catalogue, importing
from registrations import registrations
from registrations.models import Instance, Launch, Registration
from scorm_runtime import upgrading
from server.api import openapi, reading
from server.api.answers import answer, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body


class MoveBody(Body):
    version: int
    dry_run: bool = False


class FactsBody(Body):
    description: str | None = None
    duration: float | None = None


@bp.post("/registrations/<registration_id>/version")
@web.scope("rest")
@openapi.describe(
    "Move a registration to another version of its course, or with dryRun only tell what is kept",
    body=MoveBody,
    returns="VersionMove",
)
def move_registration(registration_id: str) -> Response:
    who, wanted = web.principal(), body(MoveBody)
    if wanted.dry_run:
        return answer(
            _plan_json(upgrading.plan(registrations.get(who.tenant_id, registration_id), wanted.version), False)
        )
    with unit_of_work():
        done = upgrading.move(registrations.get(who.tenant_id, registration_id), wanted.version)
        audit.record(
            who.tenant_id, f"credential:{who.key}", "registration.moved", registration_id, version=wanted.version
        )
    return answer(_plan_json(done, True))


def _plan_json(found: upgrading.Plan, moved: bool) -> dict[str, Any]:
    return {
        "fromVersion": found.before,
        "toVersion": found.after,
        "keepsProgress": found.keeps_progress,
        "partsKept": list(found.kept),
        "partsAdded": list(found.added),
        "partsRemoved": list(found.removed),
        "moved": moved,
    }


@bp.get("/courses/<course_id>/dependents")
@web.scope("rest/read")
@openapi.describe("What would be deleted with a course", returns="Dependents")
def get_course_dependents(course_id: str) -> Response:
    catalogue.get_course(web.principal().tenant_id, course_id)
    return answer(dependents(web.principal().tenant_id, course_id))


@bp.get("/courses/<course_id>/versions/<version_id>/dependents")
@web.scope("rest/read")
@openapi.describe("What depends on a version of a course", returns="Dependents")
def get_version_dependents(course_id: str, version_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    version = catalogue.get_version(tenant_id, course_id, reading.whole(version_id, "the version"))
    return answer(dependents(tenant_id, course_id, version.number))


def dependents(tenant_id: int, course_id: str, version: int | None = None) -> dict[str, int]:
    """How many registrations a course, or one version of it, has; how many of them are complete; how many are open now."""
    mine: list[ColumnElement[bool]] = [Registration.tenant_id == tenant_id, Registration.course_id == course_id]
    if version is not None:
        mine.append(Registration.course_version == version)
    instance = (
        (Instance.tenant_id == Registration.tenant_id)
        & (Instance.registration_id == Registration.id)
        & (Instance.number == Registration.instance)
    )
    launch = (Launch.tenant_id == Registration.tenant_id) & (Launch.registration_id == Registration.id)
    count = select(func.count()).select_from(Registration)
    complete = count.join(Instance, instance).where(*mine, Instance.completion == "completed")
    opened = count.join(Launch, launch).where(*mine, Launch.redeemed.is_not(None), Launch.ended.is_(None))
    return {
        "registrations": session().scalar(count.where(*mine)) or 0,
        "completed": session().scalar(complete) or 0,
        "openLaunches": session().scalar(opened) or 0,
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
    blob = assets.repack(version, path, upload.stream)
    session().rollback()
    with unit_of_work():
        job_id = importing.start_import(who.tenant_id, course_id, blob, f"{course_id[:200]}.zip").id
        audit.record(who.tenant_id, f"credential:{who.key}", "course.asset_replaced", course_id, path=path, job=job_id)
    return answer({"result": job_id})


@bp.put("/courses/<course_id>/facts")
@web.scope("rest")
@openapi.describe("Say what a course is about and how long it takes (seconds); null takes back", body=FactsBody)
def set_course_facts(course_id: str) -> Response:
    who, facts = web.principal(), body(FactsBody)
    with unit_of_work():
        catalogue.set_facts(who.tenant_id, course_id, description=facts.description, duration=facts.duration)
    return nothing()
