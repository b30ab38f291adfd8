"""The first start: schema, first tenant, administrator, credential, demo course. Every step is skipped where it was done."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from core import credentials, tenants
from core.credentials import Credential
from core.db import session, unit_of_work
from core.errors import Invalid
from core.events import Event
from core.settings import Settings
from core.tenants import Tenant
from course_packages import catalogue, importing
from server import database, demo, jobs, people

TENANT = "Default"
APP_ID = "default"
ADMIN_EMAIL = "admin@rekam.local"


@dataclass
class Outcome:
    """What was made now; secrets are None unless they were generated and must be shown this once."""

    tenant: str
    administrator: str | None = None
    password: str | None = None
    credential: str | None = None
    secret: str | None = None
    course: str | None = None


def run(settings: Settings, *, demo: bool = True, tell: Callable[[str], None] = lambda step: None) -> Outcome:
    """Do what is missing, within an application context; ``tell`` hears the name of each step."""
    if bool(settings.bootstrap_key) != bool(settings.bootstrap_secret):
        raise Invalid("REKAM_BOOTSTRAP_KEY and REKAM_BOOTSTRAP_SECRET must be set together")
    tell("Bringing the database up to date")
    database.upgrade()
    tell("Looking for tenant, administrator and credential")
    with unit_of_work():
        tenant = session().scalar(select(Tenant).order_by(Tenant.id).limit(1)) or tenants.create(TENANT, APP_ID)
        outcome = Outcome(tenant.app_id)
        tenant_id = tenant.id
        _administrator(settings, outcome)
        _credential(settings, tenant_id, outcome)
    if demo and _wants_demo(tenant_id):
        tell("Importing the demo course")
        outcome.course = _import_demo(tenant_id)
    return outcome


def _administrator(settings: Settings, outcome: Outcome) -> None:
    if people.count_administrators():
        return
    given = settings.admin_password or None
    person, password = people.create_person(
        settings.admin_email or ADMIN_EMAIL, "system_administrator", password=given, name="Administrator"
    )
    outcome.administrator = person.email
    outcome.password = None if given else password


def _credential(settings: Settings, tenant_id: int, outcome: Outcome) -> None:
    if settings.bootstrap_key:
        exists = session().scalar(select(Credential.key).where(Credential.key == settings.bootstrap_key))
        key, secret = settings.bootstrap_key, settings.bootstrap_secret
    else:
        exists = session().scalar(select(Credential.key).where(Credential.tenant_id == tenant_id).limit(1))
        key, secret = None, None
    if exists is not None:
        return
    made, shown = credentials.create(tenant_id, ["all"], name="First credential", key=key, secret=secret)
    outcome.credential = made.key
    outcome.secret = None if secret else shown


def _wants_demo(tenant_id: int) -> bool:
    """Whether the tenant never had a course: one that was deleted must not come back at the next start."""
    session().rollback()
    if catalogue.list_courses(tenant_id, only_ready=False, limit=1):
        return False
    deleted = select(Event.id).where(Event.tenant_id == tenant_id, Event.type == "course.deleted").limit(1)
    return session().scalar(deleted) is None


def _import_demo(tenant_id: int) -> str:
    blob = importing.stage(io.BytesIO(demo.build_zip()))
    with unit_of_work():
        job_id = importing.start_import(tenant_id, demo.COURSE_ID, blob, "demo.zip").id
    jobs.run_import(tenant_id, job_id)
    job = importing.get_job(tenant_id, job_id)
    if job.status != "COMPLETE":
        raise Invalid(f"the demo course was not imported: {job.message}")
    return demo.COURSE_ID
