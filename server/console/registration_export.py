"""Registrations as a CSV file, for spreadsheets: the rows of the list as it is filtered, all pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from flask_babel import gettext as _

from core.db import session
from registrations.models import Instance, Learner, Registration
from server.console import spreadsheets
from server.console.access import bp, console_view
from server.console.registrations import filtered
from server.console.spreadsheets import percent, time

CHUNK = 500


@bp.get("/registrations/export")
@console_view("instructor")
def registrations_export() -> Response:
    return spreadsheets.answer("registrations", _titles(), _rows())


def _rows() -> Iterator[list[Any]]:
    query = filtered().order_by(Registration.updated.desc(), Registration.id).execution_options(yield_per=CHUNK)
    for registration, instance, learner in session().execute(query):
        yield _row(registration, instance, learner)


def _titles() -> list[str]:
    return [
        _("Registration"), _("Learner id"), _("First name"), _("Last name"), _("Email address"), _("Course id"), _("Course"),
        _("Version"), _("Attempt"), _("Completion"), _("Success"), _("Progress (percent)"), _("Score (percent)"),
        _("Raw score"), _("Time (seconds)"), _("Registered"), _("First opened"), _("Last opened"), _("Completed"),
    ]  # fmt: skip


def _row(registration: Registration, instance: Instance, learner: Learner) -> list[Any]:
    return [
        registration.id, learner.id, learner.first_name, learner.last_name, learner.email, registration.course_id,
        registration.course_title, registration.course_version, instance.number + 1, instance.completion, instance.success,
        percent(instance.progress_measure), percent(instance.score_scaled), instance.score_raw,
        round(instance.total_seconds), time(registration.created), time(instance.first_access),
        time(instance.last_access), time(instance.completed),
    ]  # fmt: skip
