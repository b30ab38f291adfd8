"""Application management: a credential sees and manages its own application, its tenant, and that tenant's credentials."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response
from sqlalchemy import func, select

import core.web as web
from core import audit, clock, credentials, events, tenants
from core.credentials import Credential, Principal
from core.db import session, unit_of_work
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.tenants import Tenant
from course_packages.models import Course
from registrations.models import Registration
from server.api import openapi, reading
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body

_COUNTS = {"includeCourseCount": "", "includeRegistrationCount": ""}


class UpdateApplicationBody(Body):
    name: str | None = None


class CredentialBody(Body):
    """``active`` false revokes. ``scopes`` and ``expires`` are Rekam's own."""

    name: str | None = None
    active: bool | None = None
    scopes: list[str] | None = None
    expires: str | None = None


class RotateBody(Body):
    grace_seconds: int = 86_400


def _mine(app_id: str) -> tuple[Principal, Tenant]:
    """The tenant of the caller, if that is the one it named."""
    who = web.principal()
    tenant = tenants.get(who.tenant_id)
    if app_id != tenant.app_id:
        raise NotFound(f"no application {app_id!r}")
    return who, tenant


@bp.get("/appManagement/applications")
@web.scope("rest/read")
@openapi.describe("The application of this credential", returns="ApplicationList")
def get_applications() -> Response:
    tenant = tenants.get(web.principal().tenant_id)
    return answer({"applications": [{"id": tenant.app_id, "name": tenant.name}]})


@bp.get("/appManagement/applicationList")
@web.scope("rest/read")
@openapi.describe("The application of this credential, with counts", query=_COUNTS, returns="ApplicationInfoList")
def get_application_list() -> Response:
    return answer({"applications": [_info(tenants.get(web.principal().tenant_id))]})


@bp.get("/appManagement/applications/<child_app_id>")
@web.scope("rest/read")
@openapi.describe("An application", query=_COUNTS, returns="ApplicationInfo")
def get_application_info(child_app_id: str) -> Response:
    _, tenant = _mine(child_app_id)
    return answer(_info(tenant))


def _info(tenant: Tenant) -> dict[str, Any]:
    return compact(
        id=tenant.app_id,
        name=tenant.name,
        createDate=moment(tenant.created),
        updateDate=moment(tenant.created),
        allowDelete=False,
        courseCount=_count(Course, tenant.id) if reading.flag("includeCourseCount") else None,
        registrationCount=_count(Registration, tenant.id) if reading.flag("includeRegistrationCount") else None,
    )


def _count(table: type[Course | Registration], tenant_id: int) -> int:
    return session().scalar(select(func.count()).select_from(table).where(table.tenant_id == tenant_id)) or 0


@bp.put("/appManagement/applications/<child_app_id>")
@web.scope("rest")
@openapi.describe("Rename an application", body=UpdateApplicationBody)
def update_application(child_app_id: str) -> Response:
    name = body(UpdateApplicationBody).name
    with unit_of_work():
        who, tenant = _mine(child_app_id)
        if name is not None:
            if not name.strip() or len(name) > 255:
                raise Invalid("the name must have 1 to 255 characters", path="$.name")
            tenant.name = name.strip()
            audit.record(tenant.id, f"credential:{who.key}", "tenant.renamed", tenant.app_id, name=tenant.name)
    return nothing()


# --- credentials ----------------------------------------------------------------------------------------------------


def credential_json(found: Credential, secret: str | None = None) -> dict[str, Any]:
    """``credential`` is the secret: only in the answer that makes it."""
    ended = found.revoked is not None or (found.expires is not None and found.expires <= clock.now())
    return compact(
        id=found.key,
        name=found.name,
        credential=secret,
        status="Inactive" if ended else "Active",
        created=moment(found.created),
        updated=moment(found.revoked or found.created),
        scopes=list(found.scopes),
        expires=moment(found.expires),
        lastUsed=moment(found.last_used),
    )


@bp.get("/appManagement/<child_app_id>/credentials")
@web.scope("rest/read")
@openapi.describe("Credentials of an application, without their secrets", returns="CredentialList")
def get_credentials(child_app_id: str) -> Response:
    _, tenant = _mine(child_app_id)
    query = select(Credential).where(Credential.tenant_id == tenant.id).order_by(Credential.created, Credential.key)
    return answer({"credentials": [credential_json(found) for found in session().scalars(query)]})


@bp.post("/appManagement/<child_app_id>/credentials")
@web.scope("all")
@openapi.describe(
    "Make a credential; the answer holds its secret, which is not shown again",
    body=CredentialBody,
    returns="Credential",
)
def create_credential(child_app_id: str) -> Response:
    given = body(CredentialBody)
    expires = reading.moment(given.expires, "expires") if given.expires else None
    with unit_of_work():
        who, tenant = _mine(child_app_id)
        made, secret = credentials.create(
            tenant.id, given.scopes or ["rest"], name=(given.name or "")[:255], expires=expires
        )
        if given.active is False:
            credentials.revoke(tenant.id, made.key)
        _note(who, "created", made)
        value = credential_json(made, secret)
    return answer(value)


@bp.put("/appManagement/<child_app_id>/credentials/<credential_id>")
@web.scope("all")
@openapi.describe("Rename a credential, or revoke it with active false", body=CredentialBody)
def update_credential(child_app_id: str, credential_id: str) -> Response:
    given = body(CredentialBody)
    with unit_of_work():
        who, tenant = _mine(child_app_id)
        found = credentials.get(tenant.id, credential_id)
        if given.name is not None:
            found.name = given.name[:255]
        if given.active is True and found.revoked is not None:
            raise Conflict(f"credential {credential_id!r} is revoked for good; make a new one")
        if given.active is False and found.revoked is None:
            _revoke(who, found)
    return nothing()


@bp.delete("/appManagement/<child_app_id>/credentials/<credential_id>")
@web.scope("all")
@openapi.describe("Revoke a credential")
def delete_credential(child_app_id: str, credential_id: str) -> Response:
    with unit_of_work():
        who, tenant = _mine(child_app_id)
        _revoke(who, credentials.get(tenant.id, credential_id))
    return nothing()


@bp.post("/appManagement/<child_app_id>/credentials/<credential_id>/rotate")
@web.scope("all")
@openapi.describe(
    "Give a credential a new secret; the old one stays good for a while", body=RotateBody, returns="Credential"
)
def rotate_credential(child_app_id: str, credential_id: str) -> Response:
    grace = body(RotateBody).grace_seconds
    if not 0 <= grace <= 90 * 86_400:
        raise Invalid("graceSeconds must be 0 to 7776000", path="$.graceSeconds")
    with unit_of_work():
        who, tenant = _mine(child_app_id)
        secret = credentials.rotate(tenant.id, credential_id, grace=timedelta(seconds=grace))
        found = credentials.get(tenant.id, credential_id)
        _note(who, "rotated", found)
        value = credential_json(found, secret)
    return answer(value)


def _revoke(who: Principal, found: Credential) -> None:
    if found.key == who.key:
        raise Forbidden("a credential cannot revoke itself; use another one or the console")
    credentials.revoke(found.tenant_id, found.key)
    _note(who, "revoked", found)


def _note(who: Principal, what: str, found: Credential) -> None:
    audit.record(who.tenant_id, f"credential:{who.key}", f"credential.{what}", found.key)
    events.emit(
        who.tenant_id, f"credential.{what}", {"key": found.key, "name": found.name, "scopes": list(found.scopes)}
    )
