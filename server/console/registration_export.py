"""Registrations as a CSV file, for spreadsheets: the rows of the list as it is filtered, all pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Response, stream_with_context
from flask_babel import gettext as _

from core import clock
from core.db import session
from registrations.models import Instance, Learner, Registration
from server.console.access import bp, console_view
from server.console.registrations import filtered

CHUNK = 500
# Spreadsheets run a cell that begins with one of these as a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@bp.get("/registrations/export")
@console_view("instructor")
def registrations_export() -> Response:
    """UTF-8 with a byte order mark, without which spreadsheets guess another encoding; times are RFC 3339 in UTC."""
    response = Response(stream_with_context(_lines()), mimetype="text/csv")
    name = f"registrations-{clock.now():%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines() -> Iterator[str]:
    yield "\ufeff" + _line(_titles())
    query = filtered().order_by(Registration.updated.desc(), Registration.id).execution_options(yield_per=CHUNK)
    for registration, instance, learner in session().execute(query):
        yield _line(_row(registration, instance, learner))


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
        _percent(instance.progress_measure), _percent(instance.score_scaled), instance.score_raw,
        round(instance.total_seconds), _time(registration.created), _time(instance.first_access),
        _time(instance.last_access), _time(instance.completed),
    ]  # fmt: skip


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _line(cells: list[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell
