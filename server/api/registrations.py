"""Registrations: creating, listing, progress, launch links, launch history, instances."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response
from sqlalchemy import ColumnElement, func, select

import core.web as web
from core import audit
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid
from registrations import launches, learners, registrations
from registrations.models import Instance, Launch, Registration
from scorm_runtime.models import RuntimeSession
from server.api import openapi, paging, reading, tags
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.configuration import SettingsBody
from server.api.reading import Body, body
from server.api.results import Wanted, completion, preload, registration_json, score, success
from server.webhooks import postbacks

_ORDERS = {
    "updated": paging.time_order(Registration.updated, lambda row: row.updated),
    "created": paging.time_order(Registration.created, lambda row: row.created),
    "id": paging.Order(Registration.id, lambda row: row.id),
}
_INCLUDES = {
    "includeChildResults": "Answer every activity, not only the course",
    "includeInteractionsAndObjectives": "Answer interactions and objectives",
    "includeRuntime": "Answer the runtime data",
}
_FIELDS = {
    "registration_id": Registration.id,
    "course_id": Registration.course_id,
    "learner_id": Registration.learner_id,
    "course_title": Registration.course_title,
}
# The dialect's keywords for pages of its own; the player has its own last page.
_EXIT_PAGES = ("closer", "blank", "message")


class LearnerBody(Body):
    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


class PostBackBody(Body):
    url: str
    auth_type: str | None = None
    user_name: str | None = None
    password: str | None = None
    results_format: str | None = None

    def target(self) -> postbacks.Target:
        return postbacks.Target(
            url=self.url,
            auth_type=(self.auth_type or "UNDEFINED").upper(),
            user_name=self.user_name,
            password=self.password,
            results_format=(self.results_format or "COURSE").upper(),
        )


class CreateRegistrationBody(Body):
    course_id: str
    learner: LearnerBody
    registration_id: str
    xapi_registration_id: str | None = None
    learner_tags: list[str] | None = None
    course_tags: list[str] | None = None
    registration_tags: list[str] | None = None
    post_back: PostBackBody | None = None
    initial_settings: SettingsBody | None = None
    initial_registration_state: dict[str, Any] | None = None


class LaunchLinkBody(Body):
    expiry: int | None = None
    redirect_on_exit_url: str | None = None
    tracking: bool | None = None
    mode: str | None = None
    start_sco: str | None = None
    culture: str | None = None


def wanted() -> Wanted:
    return Wanted(
        reading.flag("includeChildResults"),
        reading.flag("includeInteractionsAndObjectives"),
        reading.flag("includeRuntime"),
    )


def state(tenant_id: int, registration_id: str, *, children: bool, details: bool, runtime: bool) -> dict[str, Any]:
    """The Registration object of the current instance (postbacks)."""
    registration = registrations.get(tenant_id, registration_id)
    return registration_json(registration, registrations.instance_of(registration), Wanted(children, details, runtime))


# --- list and create ----------------------------------------------------------------------------------------------


@bp.get("/registrations")
@web.scope("rest/read")
@openapi.describe(
    "Registrations with their progress",
    query={"courseId": "Only of this course", "learnerId": "Only of this learner", **openapi.PAGED, **_INCLUDES},
    returns="RegistrationList",
)
def get_registrations() -> Response:
    after = paging.resume()
    tenant_id = web.principal().tenant_id
    page = paging.read(
        _query(tenant_id),
        orders=_ORDERS,
        default="updated_desc",
        identity=Registration.id,
        id_of=lambda row: str(row.id),
        after=after,
    )
    instances, how = preload(page.rows), wanted()
    return paging.listing(
        "registrations", page, [registration_json(row, instances[row.id, row.instance], how) for row in page.rows]
    )


def _query(tenant_id: int) -> Any:
    query = select(Registration).where(Registration.tenant_id == tenant_id)
    if course_id := reading.text("courseId"):
        query = query.where(Registration.course_id == course_id)
    if learner_id := reading.text("learnerId"):
        query = query.where(Registration.learner_id == learner_id)
    filtered = reading.word("datetimeFilter", ("created", "updated"), "updated")
    column = Registration.created if filtered == "created" else Registration.updated
    since, until = reading.time("since"), reading.time("until")
    if since is not None:
        query = query.where(column >= since)
    if until is not None:
        query = query.where(column <= until)
    if words := reading.text("filter"):
        query = query.where(_contains(reading.word("filterBy", [*_FIELDS, "any"], "any") or "any", words))
    if asked := reading.many("tags"):
        query = query.where(tags.has_any(tenant_id, "registration", Registration.id, asked))
    return query


def _contains(field: str, words: str) -> ColumnElement[bool]:
    columns = [_FIELDS[field]] if field in _FIELDS else list(_FIELDS.values())
    found: list[ColumnElement[bool]] = [func.lower(c).contains(words.lower(), autoescape=True) for c in columns]
    first, *rest = found
    for condition in rest:
        first = first | condition
    return first


@bp.post("/registrations")
@web.scope("rest")
@openapi.describe(
    "Register a learner for a course", query={"courseVersion": "A version other than the newest"},
    body=CreateRegistrationBody,
)  # fmt: skip
def create_registration() -> Response:
    who, given = web.principal(), body(CreateRegistrationBody)
    version = reading.number("courseVersion")
    if given.initial_registration_state:
        raise Invalid(
            "progress comes from the runtime; a registration cannot begin with a state",
            path="$.initialRegistrationState",
        )
    with unit_of_work():
        learner = learners.put(
            who.tenant_id,
            given.learner.id,
            first_name=given.learner.first_name,
            last_name=given.learner.last_name,
            email=given.learner.email,
        )
        registration = registrations.create(
            who.tenant_id,
            course_id=given.course_id,
            learner=learner,
            registration_id=given.registration_id,
            version=version,
            overrides=given.initial_settings.values() if given.initial_settings else None,
            xapi_registration=_uuid(given.xapi_registration_id),
        )
        for kind, subject, words in (
            ("learner", learner.id, given.learner_tags),
            ("course", given.course_id, given.course_tags),
            ("registration", registration.id, given.registration_tags),
        ):
            if words:
                tags.change(who.tenant_id, kind, subject, add=words)
        if given.post_back is not None:
            postbacks.put(who.tenant_id, f"registration:{registration.id}", given.post_back.target())
    return nothing()


def _uuid(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Invalid(f"xapiRegistrationId must be a UUID, not {text[:50]!r}", path="$.xapiRegistrationId") from None


@bp.post("/registrations/postBackTest")
@web.scope("rest")
@openapi.describe("Send a postback to see whether its receiver takes it", body=PostBackBody)
def test_registration_postback() -> Response:
    target = body(PostBackBody).target()
    target.check()
    problem = postbacks.send(target, {"message": "This is a test of the postback address."})
    if problem is not None:
        raise Invalid(f"the postback was not taken: {problem}", path="$.url")
    return nothing()


# --- one registration ---------------------------------------------------------------------------------------------


@bp.get("/registrations/<registration_id>")
@web.scope("rest/read")
@openapi.describe("Progress of a registration", query=_INCLUDES, returns="Registration")
def get_registration_progress(registration_id: str) -> Response:
    return _show(registration_id, None)


@bp.get("/registrations/<registration_id>/progress")
@web.scope("rest/read")
@openapi.describe("Progress of a registration", query=_INCLUDES, returns="Registration")
def get_registration_progress_too(registration_id: str) -> Response:
    return _show(registration_id, None)


def _show(registration_id: str, number: int | None) -> Response:
    registration = registrations.get(web.principal().tenant_id, registration_id)
    return answer(registration_json(registration, registrations.instance_of(registration, number), wanted()))


@bp.delete("/registrations/<registration_id>")
@web.scope("rest")
@openapi.describe("Delete a registration with its runtime data; statements stay in the record store")
def delete_registration(registration_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        registrations.delete(registrations.get(who.tenant_id, registration_id))
        audit.record(who.tenant_id, f"credential:{who.key}", "registration.deleted", registration_id)
    return nothing()


@bp.delete("/registrations/<registration_id>/progress")
@web.scope("rest")
@openapi.describe("Begin again: a new instance without progress")
def delete_registration_progress(registration_id: str) -> Response:
    return create_new_registration_instance(registration_id)


@bp.post("/registrations/<registration_id>/launchLink")
@web.scope("rest")
@openapi.describe("A link that opens the course once", body=LaunchLinkBody, returns="LaunchLink")
def build_registration_launch_link(registration_id: str) -> Response:
    given = body(LaunchLinkBody)
    redirect = given.redirect_on_exit_url
    if redirect is not None and redirect.lower() in _EXIT_PAGES:
        redirect = None
    with unit_of_work():
        _, ticket = launches.mint(
            registrations.get(web.principal().tenant_id, registration_id),
            mode=given.mode or ("normal" if given.tracking in (None, True) else "browse"),
            redirect_url=redirect,
            locale=given.culture,
            start_activity=given.start_sco,
            ticket_seconds=given.expiry if given.expiry is not None else launches.TICKET_SECONDS,
        )
    return answer({"launchLink": launches.url(ticket)})


# --- launch history -----------------------------------------------------------------------------------------------


@bp.get("/registrations/<registration_id>/launchHistory")
@web.scope("rest/read")
@openapi.describe("Launches of a registration", query={"includeHistoryLog": ""}, returns="LaunchHistoryList")
def get_registration_launch_history(registration_id: str) -> Response:
    return _history(registration_id, None)


@bp.get("/registrations/<registration_id>/instances/<instance_id>/launchHistory")
@web.scope("rest/read")
@openapi.describe("Launches of an instance", query={"includeHistoryLog": ""}, returns="LaunchHistoryList")
def get_registration_instance_launch_history(registration_id: str, instance_id: str) -> Response:
    return _history(registration_id, reading.whole(instance_id, "the instance"))


def _history(registration_id: str, number: int | None) -> Response:
    registration = registrations.get(web.principal().tenant_id, registration_id)
    instance = registrations.instance_of(registration, number)
    query = select(Launch).where(
        Launch.tenant_id == registration.tenant_id,
        Launch.registration_id == registration.id,
        Launch.instance == instance.number,
        Launch.redeemed.is_not(None),
    )
    found = list(session().scalars(query.order_by(Launch.redeemed.desc())))
    tracked: dict[str, float] = {
        launch_id: seconds
        for launch_id, seconds in session().execute(
            select(RuntimeSession.launch_id, func.sum(RuntimeSession.seconds))
            .where(
                RuntimeSession.tenant_id == registration.tenant_id,
                RuntimeSession.launch_id.in_([launch.id for launch in found]),
            )
            .group_by(RuntimeSession.launch_id)
        )
    }
    rows = [
        _launch_json(launch, instance, tracked.get(launch.id, 0.0), newest=i == 0) for i, launch in enumerate(found)
    ]
    return answer({"launchHistory": rows})


def _launch_json(launch: Launch, instance: Instance, seconds: float, *, newest: bool) -> dict[str, Any]:
    """Only the newest launch can say where the instance stands now."""
    return compact(
        id=launch.registration_id,
        instance=launch.instance,
        score=score(instance.score_scaled) if newest else None,
        completionStatus=completion(instance.completion) if newest else "UNKNOWN",
        successStatus=success(instance.success) if newest else "UNKNOWN",
        totalSecondsTracked=seconds,
        launchTime=moment(launch.redeemed),
        exitTime=moment(launch.ended),
        lastRuntimeUpdate=moment(launch.last_seen),
        launchHistoryId=launch.id,
    )


# --- instances ----------------------------------------------------------------------------------------------------


@bp.get("/registrations/<registration_id>/instances")
@web.scope("rest/read")
@openapi.describe("The instances of a registration, oldest first", query=_INCLUDES, returns="RegistrationList")
def get_registration_instances(registration_id: str) -> Response:
    registration = registrations.get(web.principal().tenant_id, registration_id)
    how = wanted()
    found = [registration_json(registration, instance, how) for instance in registrations.instances(registration)]
    return answer({"registrations": found})


@bp.post("/registrations/<registration_id>/instances")
@web.scope("rest")
@openapi.describe("Begin a new instance without progress; the present one is kept")
def create_new_registration_instance(registration_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        instance = registrations.reset(registrations.get(who.tenant_id, registration_id))
        audit.record(
            who.tenant_id, f"credential:{who.key}", "registration.reset", registration_id, instance=instance.number
        )
    return nothing()


@bp.get("/registrations/<registration_id>/instances/<instance_id>")
@web.scope("rest/read")
@openapi.describe("Progress of an instance", query=_INCLUDES, returns="Registration")
def get_registration_instance_progress(registration_id: str, instance_id: str) -> Response:
    return _show(registration_id, reading.whole(instance_id, "the instance"))


@bp.delete("/registrations/<registration_id>/instances/<instance_id>")
@web.scope("rest")
@openapi.describe("Delete an instance that is not the current one")
def delete_registration_instance(registration_id: str, instance_id: str) -> Response:
    number = reading.whole(instance_id, "the instance")
    with unit_of_work():
        registration = registrations.lock(web.principal().tenant_id, registration_id)
        instance = registrations.instance_of(registration, number)
        if number == registration.instance:
            raise Conflict(
                f"instance {number} is the current one; delete the registration, or begin a new instance first"
            )
        session().delete(instance)
        session().flush()
        session().expire_all()
    return nothing()
