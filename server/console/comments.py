"""Comments that an instructor leaves on a registration for the content of the course to show."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from core import audit
from core.db import unit_of_work
from core.errors import Invalid
from registrations import registrations
from scorm_runtime import lms_comments
from server.console.access import bp, console_view, me, tenant_id


@bp.post("/registration/comment")
@console_view("instructor")
def registration_comment() -> Any:
    form = request.form
    # A browser sends line ends as CRLF; content counts and shows them as one character.
    text = form.get("comment", "").replace("\r\n", "\n").strip()
    if not text:
        flash(_("A comment needs a text."), "bad")
        return _back()
    try:
        with unit_of_work():
            found = registrations.lock(tenant_id(), form.get("id", ""))
            lms_comments.add(found, text, activity=form.get("activity") or None)
            audit.record(tenant_id(), me().actor, "registration.commented", found.id)
    except Invalid as error:
        flash(_("The comment was not saved: %(reason)s", reason=error.message), "bad")
        return _back()
    flash(_("The comment was saved. The course finds it when it is opened next."), "good")
    return _back()


@bp.post("/registration/comment/delete")
@console_view("instructor")
def registration_comment_delete() -> Any:
    with unit_of_work():
        found = registrations.get(tenant_id(), request.form.get("id", ""))
        lms_comments.remove(lms_comments.get(found, request.form.get("comment", "")))
        audit.record(tenant_id(), me().actor, "registration.comment_deleted", found.id)
    flash(_("The comment was deleted."), "good")
    return _back()


def _back() -> Any:
    return redirect(url_for("console.registration", id=request.form.get("id", ""), _anchor="comments"))
