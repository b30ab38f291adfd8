"""The files of a version: the list, one file, and a file put in place of another as a new version."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from core import audit
from core.db import session, unit_of_work
from core.errors import Invalid, NotFound
from course_packages import assets, catalogue, importing
from course_packages.models import Course, CourseVersion, PackageFile
from server.console.access import bp, console_view, me, tenant_id
from server.console.listing import like, paginate, sort_of
from server.console.messages import wants_json
from server.downloads import send_blob

SORTS = {"path": PackageFile.folded, "size": PackageFile.size}


def asked_version(course: Course) -> CourseVersion:
    """The version that the address names, the one in use where it names none."""
    text = request.args.get("version", "")
    if not text:
        return catalogue.current_version(tenant_id(), course.id)
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise NotFound(_("There is no such version of the course."))
    return catalogue.get_version(tenant_id(), course.id, int(text))


@bp.get("/course/files")
@console_view("instructor")
def course_files() -> Any:
    course = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    version, sort = asked_version(course), sort_of(SORTS, "path")
    word = request.args.get("q", "").strip()[:100]
    query = select(PackageFile).where(PackageFile.tenant_id == tenant_id(), PackageFile.version_id == version.id)
    if word:
        query = query.where(func.lower(PackageFile.path).like(like(word), escape="\\"))
    column = SORTS[sort.column]
    page = paginate(query, [column.desc() if sort.descending else column, PackageFile.folded])
    return render_template(
        "console/course_files.html", course=course, version=version, page=page, sort=sort, word=word, can=_can(version)
    )


def _can(version: CourseVersion) -> bool:
    """Whether the visitor may change files: those of the newest version, where the course has more than one file."""
    course = catalogue.get_course(tenant_id(), version.course_id)
    newest = version.number == course.current and version.standard != "media"
    return newest and me().may("tenant_administrator")


@bp.get("/course/file")
@console_view("instructor")
def course_file() -> Any:
    course = catalogue.get_course(tenant_id(), request.args.get("id", ""))
    version = asked_version(course)
    return render_template(
        "console/course_file.html", course=course, version=version, file=_file(version), can=_can(version)
    )


def _file(version: CourseVersion) -> PackageFile:
    found = catalogue.find_file(tenant_id(), version.id, request.args.get("path", ""))
    if found is None:
        raise NotFound(_("There is no such file in this version of the course."))
    return found


@bp.get("/course/file/content")
@console_view("instructor")
def course_file_content() -> Response:
    """Always a download: course files are foreign content and must not open on this origin."""
    file = _file(asked_version(catalogue.get_course(tenant_id(), request.args.get("id", ""))))
    return send_blob(file.sha256, "application/octet-stream", file.path.rpartition("/")[2])


@bp.post("/course/file")
@console_view("tenant_administrator")
def course_file_save() -> Any:
    course_id, path = request.form.get("id", ""), request.form.get("path", "").strip()
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid(_("Choose a file first."))
    if path.endswith("/"):
        path += given.filename.replace("\\", "/").rpartition("/")[2]
    version = catalogue.current_version(tenant_id(), course_id)
    assets.check(version, path)
    replacement = assets.Replacement(version.id, path, importing.stage(given.stream).sha256)
    session().rollback()
    with unit_of_work():
        job = importing.start_import(tenant_id(), course_id, replacement, f"{course_id[:200]}.zip")
        audit.record(tenant_id(), me().actor, "course.asset_replaced", course_id, path=path, job=job.id)
        target = url_for("console.course_import", id=job.id)
    return (jsonify({"location": target}), 201) if wants_json() else redirect(target)
