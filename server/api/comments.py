"""Comments that an instructor leaves for the content of a registration to show."""

from __future__ import annotations

from typing import Any

from flask import Response

import core.web as web
from core import audit
from core.db import unit_of_work
from registrations import registrations
from scorm_runtime import lms_comments
from scorm_runtime.models import LmsComment
from server.api import openapi
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body


class CommentBody(Body):
    comment: str
    activity_id: str | None = None
    location: str | None = None


def comment_json(comment: LmsComment) -> dict[str, Any]:
    return compact(
        id=comment.id,
        comment=comment.comment,
        activityId=comment.activity,
        location=comment.location or None,
        created=moment(comment.created),
    )


@bp.get("/registrations/<registration_id>/comments")
@web.scope("rest/read")
@openapi.describe("Comments left for the content of a registration, oldest first", returns="LmsCommentList")
def get_registration_comments(registration_id: str) -> Response:
    registration = registrations.get(web.principal().tenant_id, registration_id)
    return answer({"comments": [comment_json(each) for each in lms_comments.find(registration)]})


@bp.post("/registrations/<registration_id>/comments")
@web.scope("rest")
@openapi.describe(
    "Leave a comment that the content reads when it is opened next (cmi.comments_from_lms); without activityId for "
    "every part",
    body=CommentBody,
    returns="LmsComment",
)
def create_registration_comment(registration_id: str) -> Response:
    who, given = web.principal(), body(CommentBody)
    with unit_of_work():
        registration = registrations.lock(who.tenant_id, registration_id)
        made = lms_comments.add(registration, given.comment, activity=given.activity_id, location=given.location or "")
        audit.record(who.tenant_id, f"credential:{who.key}", "registration.commented", registration_id)
        value = comment_json(made)
    return answer(value)


@bp.delete("/registrations/<registration_id>/comments/<comment_id>")
@web.scope("rest")
@openapi.describe("Take a comment back")
def delete_registration_comment(registration_id: str, comment_id: str) -> Response:
    with unit_of_work():
        registration = registrations.get(web.principal().tenant_id, registration_id)
        lms_comments.remove(lms_comments.get(registration, comment_id))
    return nothing()
