"""Moving registrations to another version of their course: one, or all of a version."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import Response

import core.web as web
from core import audit
from core.db import unit_of_work
from course_packages import catalogue
from registrations import registrations
from scorm_runtime import upgrading, upgrading_many
from server.api import openapi, reading
from server.api.answers import answer
from server.api.blueprint import bp
from server.api.reading import Body, body


class MoveBody(Body):
    version: Annotated[int, msgspec.Meta(ge=0, le=(1 << 31) - 1)]
    dry_run: bool = False


class MoveAllBody(MoveBody):
    """``begin_anew``: those whose progress the new version cannot keep are moved too, into a new instance."""

    begin_anew: bool = False


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
        **_parts_json(found),
        "moved": moved,
    }


def _parts_json(found: upgrading.Plan | None) -> dict[str, list[str]]:
    return {
        "partsKept": list(found.kept) if found else [],
        "partsAdded": list(found.added) if found else [],
        "partsRemoved": list(found.removed) if found else [],
    }


@bp.post("/courses/<course_id>/versions/<version_id>/registrations/version")
@web.scope("rest")
@openapi.describe(
    "Have all registrations of a version moved to another one in the background, or with dryRun only tell what is kept",
    body=MoveAllBody,
    returns="RegistrationsMove",
)
def move_registrations(course_id: str, version_id: str) -> Response:
    who, before, wanted = web.principal(), reading.whole(version_id, "the version"), body(MoveAllBody)
    found = upgrading_many.survey(who.tenant_id, course_id, before, wanted.version)
    told = {
        "fromVersion": before,
        "toVersion": wanted.version,
        "registrations": found.total,
        "lookedAt": found.looked,
        "keepingProgress": found.keeping,
        "beginningAnew": [registration.id for registration in found.anew],
        **_parts_json(found.plan),
        "started": not wanted.dry_run,
    }
    if not wanted.dry_run:
        actor = f"credential:{who.key}"
        with unit_of_work():
            upgrading_many.start(
                who.tenant_id, course_id, before, wanted.version, actor=actor, only_keeping=not wanted.begin_anew
            )
    return answer(told)


@bp.get("/courses/<course_id>/versions/<version_id>/registrations/version")
@web.scope("rest/read")
@openapi.describe(
    "How many registrations are on a version, and whether those of the course are being moved",
    returns="RegistrationsLeft",
)
def get_registrations_left(course_id: str, version_id: str) -> Response:
    tenant_id, number = web.principal().tenant_id, reading.whole(version_id, "the version")
    catalogue.get_version(tenant_id, course_id, number)
    return answer(
        {
            "version": number,
            "registrations": upgrading_many.count(tenant_id, course_id, number),
            "running": upgrading_many.is_running(tenant_id, course_id),
        }
    )
