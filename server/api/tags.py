"""Tags: words that clients put on courses, registrations and learners to find them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from flask import Response
from sqlalchemy import ColumnElement, String, delete, exists, func
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Mapped, mapped_column

import core.web as web
from core.db import Json, Model, dialect, queue_at, session, unit_of_work
from core.events import Event
from course_packages import catalogue
from registrations import learners, registrations
from server.api import openapi
from server.api.answers import answer, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body


class Tags(Model):
    """The tags of a registration or learner (``kind``); courses keep their own."""

    __tablename__ = "tags"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    tags: Mapped[list[str]] = mapped_column(Json)


class TagListBody(Body):
    tags: list[str]


class BatchTagsBody(Body):
    ids: list[str]
    tags: list[str]


def of(tenant_id: int, kind: str, subject: str) -> list[str]:
    if kind == "course":
        return list(catalogue.get_course(tenant_id, subject).tags)
    found = session().get(Tags, (tenant_id, kind, subject))
    return list(found.tags) if found else []


def change(tenant_id: int, kind: str, subject: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Add and remove tags of what exists. Needs a unit of work."""
    gone = set(remove)
    if kind == "course":
        course = catalogue.lock_course(tenant_id, subject)
        catalogue.set_tags(tenant_id, subject, [tag for tag in [*course.tags, *add] if tag not in gone])
        return
    queue_at("tags", tenant_id, kind, subject)
    row = session().get(Tags, (tenant_id, kind, subject))
    before = row.tags if row is not None else []
    cleaned = catalogue.clean_tags([tag for tag in [*before, *add] if tag not in gone])
    if not cleaned:
        if row is not None:
            session().delete(row)
    elif row is None:
        session().add(Tags(tenant_id=tenant_id, kind=kind, subject=subject, tags=cleaned))
    else:
        row.tags = cleaned
    session().flush()


def any_of(column: Any, tags: list[str]) -> ColumnElement[bool]:
    """Whether a column of tags holds one of ``tags``."""
    if dialect() == "postgresql":
        return cast(ColumnElement[bool], column.op("?|")(array(tags)))
    each = func.json_each(column).table_valued("value")
    return exists().select_from(each).where(each.c.value.in_(tags))


def has_any(tenant_id: int, kind: str, subject: Any, tags: list[str]) -> ColumnElement[bool]:
    """Whether what ``subject`` names has one of ``tags``."""
    mine = (Tags.tenant_id == tenant_id, Tags.kind == kind, Tags.subject == subject)
    return exists().where(*mine, any_of(Tags.tags, tags))


def follow(event: Event) -> None:
    """The tags of a registration go with it, whoever deleted it: another one of the same id has none."""
    if event.type == "registration.deleted":
        mine = (Tags.tenant_id == event.tenant_id, Tags.kind == "registration")
        session().execute(delete(Tags).where(*mine, Tags.subject == event.payload["registration"]))


def _check(tenant_id: int, kind: str, subject: str) -> None:
    """The thing exists."""
    if kind == "course":
        catalogue.get_course(tenant_id, subject)
    elif kind == "registration":
        registrations.get(tenant_id, subject)
    else:
        learners.get(tenant_id, subject)


def _show(kind: str, subject: str) -> Response:
    tenant_id = web.principal().tenant_id
    _check(tenant_id, kind, subject)
    return answer({"tags": of(tenant_id, kind, subject)})


def _add(kind: str, subjects: list[str], tags: list[str]) -> Response:
    tenant_id = web.principal().tenant_id
    with unit_of_work():
        # Sorted: two requests that name the same things must not wait for each other.
        for subject in sorted(set(subjects)):
            _check(tenant_id, kind, subject)
            change(tenant_id, kind, subject, add=tags)
    return nothing()


def _remove(kind: str, subject: str) -> Response:
    tenant_id, gone = web.principal().tenant_id, body(TagListBody).tags
    with unit_of_work():
        _check(tenant_id, kind, subject)
        change(tenant_id, kind, subject, remove=gone)
    return nothing()


@bp.get("/courses/<course_id>/tags")
@web.scope("rest/read")
@openapi.describe("Tags of a course", returns="TagList")
def get_course_tags(course_id: str) -> Response:
    return _show("course", course_id)


@bp.put("/courses/<course_id>/tags")
@web.scope("rest")
@openapi.describe("Add tags to a course", body=TagListBody)
def put_course_tags(course_id: str) -> Response:
    return _add("course", [course_id], body(TagListBody).tags)


@bp.delete("/courses/<course_id>/tags")
@web.scope("rest")
@openapi.describe("Remove tags from a course", body=TagListBody)
def delete_course_tags(course_id: str) -> Response:
    return _remove("course", course_id)


@bp.put("/courses/tags")
@web.scope("rest")
@openapi.describe("Add tags to several courses", body=BatchTagsBody)
def put_course_tags_batch() -> Response:
    given = body(BatchTagsBody)
    return _add("course", given.ids, given.tags)


@bp.get("/registrations/<registration_id>/tags")
@web.scope("rest/read")
@openapi.describe("Tags of a registration", returns="TagList")
def get_registration_tags(registration_id: str) -> Response:
    return _show("registration", registration_id)


@bp.put("/registrations/<registration_id>/tags")
@web.scope("rest")
@openapi.describe("Add tags to a registration", body=TagListBody)
def put_registration_tags(registration_id: str) -> Response:
    return _add("registration", [registration_id], body(TagListBody).tags)


@bp.delete("/registrations/<registration_id>/tags")
@web.scope("rest")
@openapi.describe("Remove tags from a registration", body=TagListBody)
def delete_registration_tags(registration_id: str) -> Response:
    return _remove("registration", registration_id)


@bp.put("/registrations/tags")
@web.scope("rest")
@openapi.describe("Add tags to several registrations", body=BatchTagsBody)
def put_registration_tags_batch() -> Response:
    given = body(BatchTagsBody)
    return _add("registration", given.ids, given.tags)


@bp.get("/learner/<learner_id>/tags")
@web.scope("rest/read")
@openapi.describe("Tags of a learner", returns="TagList")
def get_learner_tags(learner_id: str) -> Response:
    return _show("learner", learner_id)


@bp.put("/learner/<learner_id>/tags")
@web.scope("rest")
@openapi.describe("Add tags to a learner", body=TagListBody)
def put_learner_tags(learner_id: str) -> Response:
    return _add("learner", [learner_id], body(TagListBody).tags)


@bp.delete("/learner/<learner_id>/tags")
@web.scope("rest")
@openapi.describe("Remove tags from a learner", body=TagListBody)
def delete_learner_tags(learner_id: str) -> Response:
    return _remove("learner", learner_id)


@bp.put("/learner/tags")
@web.scope("rest")
@openapi.describe("Add tags to several learners", body=BatchTagsBody)
def put_learner_tags_batch() -> Response:
    given = body(BatchTagsBody)
    return _add("learner", given.ids, given.tags)
