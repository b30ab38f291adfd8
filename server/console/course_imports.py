"""How courses come in: the upload, the fetch from an address, and the page of an import."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from core import audit
from core.blobs import Blob
from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, RekamError
from course_packages import catalogue, importing
from course_packages.models import Course, CourseVersion, ImportJob
from course_packages.problems import localized
from server import fetching
from server.console.access import bp, console_view, me, tenant_id
from server.console.messages import say, wants_json

# What the job says of itself while it works; a name of a file stands as it is.
_STAGES = {
    "waiting for a worker": lambda: _("Waiting for a worker"),
    "putting the file into the package": lambda: _("Putting the file into the package"),
    "reading the package": lambda: _("Reading the package"),
    "storing files": lambda: _("Storing the files"),
    "making a thumbnail": lambda: _("Making a thumbnail"),
    "making the files durable": lambda: _("Making the files durable"),
}


@bp.post("/courses/upload")
@console_view("tenant_administrator")
def course_upload() -> Any:
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid(_("Choose a file first."))
    name = _plain(PurePath(given.filename.replace("\\", "/")).name)[-255:] or "package.zip"
    _refuse_known()
    job = _start(importing.stage(given.stream), name, "course.uploaded", file=name)
    target = url_for("console.course_import", id=job)
    return (jsonify({"location": target}), 201) if wants_json() else redirect(target)


@bp.get("/courses/fetch")
@console_view("tenant_administrator")
def course_fetch() -> Any:
    return _fetch_page()


def _fetch_page(error: str = "", status: int = 200) -> Any:
    asked = request.values.get("course_id", "").strip()
    course = session().get(Course, (tenant_id(), asked)) if request.values.get("new") != "yes" and asked else None
    return render_template("console/course_fetch.html", course=course, form=request.form, error=error), status


@bp.post("/courses/fetch")
@console_view("tenant_administrator")
def course_fetch_start() -> Any:
    """The address is checked now, so that a wrong one is said here; the job fetches it."""
    url = request.form.get("url", "").strip()
    try:
        _refuse_known()
        fetching.check(url)
        job = _start(url, _plain(fetching.name_of(url)), "course.fetched", url=url)
    except RekamError as error:
        return _fetch_page(say(error), 422)
    return redirect(url_for("console.course_import", id=job))


def _refuse_known() -> None:
    """Said before a byte is stored: a new course does not take the id of one that is there."""
    course_id = _plain(request.form.get("course_id", "").strip())
    if request.form.get("new") == "yes" and session().get(Course, (tenant_id(), course_id)) is not None:
        raise Conflict(_("There already is a course with this id. Open it to upload a new version."))


def _start(source: Blob | str, name: str, action: str, **details: Any) -> str:
    """Begin the import that the form describes; the id of its job."""
    course_id = _plain(request.form.get("course_id", "").strip())
    with unit_of_work():
        job = importing.start_import(
            tenant_id(),
            course_id or _free_id(name),
            source,
            name,
            may_create_version=request.form.get("new") != "yes",
            threshold=_threshold(),
            strict=request.form.get("strict") == "yes",
        )
        audit.record(tenant_id(), me().actor, action, job.course_id, **details)
        return job.id


def _threshold() -> float | None:
    """The percentage of the form as a share."""
    given = request.form.get("threshold", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:4]) <= 100):
        raise Invalid(_("The percentage must be a whole number from 1 to 100."))
    return int(given) / 100


@bp.post("/courses/import/cancel")
@console_view("tenant_administrator")
def course_import_cancel() -> Any:
    with unit_of_work():
        job = importing.cancel(tenant_id(), request.form.get("id", ""))
        audit.record(tenant_id(), me().actor, "course.import_cancelled", job.course_id, job=job.id)
    return redirect(url_for("console.course_import", id=job.id))


def _plain(text: str) -> str:
    """Without control characters."""
    return "".join(c for c in text if c.isprintable())


def _free_id(filename: str) -> str:
    """A course id made from the name of the file, with a number when there already is such a course."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", PurePath(filename).stem).strip("-").lower()[:80] or "course"
    wanted, number = stem, 1
    while session().get(Course, (tenant_id(), wanted)) is not None:
        number += 1
        wanted = f"{stem}-{number}"
    return wanted


@bp.get("/courses/import")
@console_view("instructor")
def course_import() -> Any:
    job = importing.get_job(tenant_id(), request.args.get("id", ""))
    version = catalogue.version_by_id(tenant_id(), job.version_id)
    return render_template(
        "console/course_import.html", job=job, version=version, report=report_of(version), doing=_doing(job)
    )


def _doing(job: ImportJob) -> str:
    known = _STAGES.get(job.message)
    if job.message.startswith("fetching "):
        return str(_("Fetching %(url)s", url=job.message.removeprefix("fetching ")))
    return str(known()) if known else job.message


def report_of(version: CourseVersion) -> dict[str, Any]:
    """The findings in the reader's language; empty lists while there is no report yet."""
    found = localized(version.report or {}, str(get_locale()))
    return {"errors": [], "warnings": [], "repairs": []} | found
