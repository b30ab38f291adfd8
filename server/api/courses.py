"""Courses and their versions: listing, reading, renaming, deleting, files, preview, statements."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import ColumnElement, func, select

import core.web as web
from core import audit
from core.db import session, unit_of_work
from core.errors import NotFound
from course_packages import catalogue, importing
from course_packages.mime import mime_of
from course_packages.model import CoursePackage, Item, Standard
from course_packages.models import Course, CourseVersion, JobStatus, PackageFile
from registrations import course_removal, registrations
from registrations.models import Registration
from server.api import openapi, paging, reading, slashes, tags
from server.api.answers import answer, compact, moment, nothing
from server.api.blueprint import bp
from server.api.reading import Body, body
from server.api.results import duration
from server.downloads import send_blob

_STANDARDS: dict[str | None, str] = {
    Standard.SCORM_12: "SCORM12",
    Standard.SCORM_2004_2: "SCORM20042NDEDITION",
    Standard.SCORM_2004_3: "SCORM20043RDEDITION",
    Standard.SCORM_2004_4: "SCORM20044THEDITION",
    Standard.CMI5: "CMI5",
    Standard.XAPI: "XAPI",
    Standard.AICC: "AICC",
}
_ORDERS = {
    "updated": paging.time_order(Course.updated, lambda course: course.updated),
    "created": paging.time_order(Course.created, lambda course: course.created),
    "title": paging.Order(Course.title, lambda course: course.title),
    "id": paging.Order(Course.id, lambda course: course.id),
}
_INCLUDES = {
    "includeRegistrationCount": "Count the registrations of each course",
    "includeCourseMetadata": "Answer what the package says of itself",
}


class TitleBody(Body):
    title: str


# --- JSON ---------------------------------------------------------------------------------------------------------


def course_json(
    course: Course, version: CourseVersion, *, count: bool = False, metadata: bool = False, tree: bool = False
) -> dict[str, Any]:
    """The Course object of one version."""
    package = catalogue.package(version.tenant_id, version.id) if metadata or tree else None
    return compact(
        id=course.id,
        title=course.title if version.number == course.current else version.title,
        created=moment(version.created if version.number != course.current else course.created),
        updated=moment(course.updated),
        version=version.number,
        registrationCount=_count(course, version.number) if count else None,
        activityId=package.organization.identifier if package else None,
        courseLearningStandard=_STANDARDS.get(version.standard, "UNKNOWN"),
        tags=list(course.tags),
        dispatched=False,
        thumbnail=_thumbnail(course, version),
        metadata=_metadata(course, package) if package and metadata else None,
        rootActivity=_root(package) if package and tree else None,
    )


def _thumbnail(course: Course, version: CourseVersion) -> str | None:
    """Where it is; the dialect has no such member."""
    if catalogue.thumbnail_of(course, version) is None:
        return None
    return slashes.address("get_course_thumbnail", course_id=course.id)


def _count(course: Course, version: int) -> int:
    return (
        session().scalar(
            select(func.count()).where(
                Registration.tenant_id == course.tenant_id,
                Registration.course_id == course.id,
                Registration.course_version == version,
            )
        )
        or 0
    )


def _metadata(course: Course, package: CoursePackage) -> dict[str, Any]:
    """What administrators said of the course goes before what its package says."""
    described, seconds = course.description or package.description, course.duration or package.duration
    return compact(
        title=package.title,
        titleLanguage=package.language,
        description=described,
        descriptionLanguage=package.language if described else None,
        duration=duration(seconds) if seconds else None,
        keywords=list(package.keywords),
    )


def _root(package: CoursePackage) -> dict[str, Any]:
    organization = package.organization
    return {
        "itemIdentifier": organization.identifier,
        "activityType": "AGGREGATION",
        "title": organization.title,
        "children": [_activity(item) for item in organization.items],
    }


def _activity(item: Item) -> dict[str, Any]:
    kind = "AGGREGATION" if item.children or not item.launchable else (item.scorm_type or "sco").upper()
    passing = None if item.mastery_score is None else str(item.mastery_score / 100)
    return compact(
        externalIdentifier=item.identifier,
        itemIdentifier=item.identifier,
        resourceIdentifier=item.resource,
        activityType=kind,
        href=item.href,
        scaledPassingScore=passing,
        title=item.title,
        children=[_activity(child) for child in item.children],
    )


def job_state(tenant_id: int, job_id: str) -> dict[str, Any]:
    """The ImportJob object: state, warnings, the course once there is one, and the whole report."""
    job = importing.get_job(tenant_id, job_id)
    result = None
    version = catalogue.version_by_id(tenant_id, job.version_id)
    if job.status == JobStatus.COMPLETE:
        package = catalogue.package(tenant_id, version.id)
        result = compact(
            webPathToCourse="",
            parserWarnings=list(job.parser_warnings),
            courseLanguages=[package.language] if package.language else [],
            course=course_json(catalogue.get_course(tenant_id, job.course_id), version, tree=True),
        )
    return compact(
        jobId=job.id,
        status=str(job.status),
        message=job.message,
        importResult=result,
        progress=job.progress,
        report=version.report or None,
    )


# --- routes -------------------------------------------------------------------------------------------------------


@bp.get("/courses")
@web.scope("rest/read")
@openapi.describe("Courses that can be launched", query={**openapi.PAGED, **_INCLUDES}, returns="CourseList")
def get_courses() -> Response:
    after = paging.resume()
    tenant_id = web.principal().tenant_id
    query = select(Course).where(Course.tenant_id == tenant_id, Course.current.is_not(None))
    column = (
        Course.created
        if reading.word("datetimeFilter", ("created", "updated"), "updated") == "created"
        else Course.updated
    )
    since, until = reading.time("since"), reading.time("until")
    if since is not None:
        query = query.where(column >= since)
    if until is not None:
        query = query.where(column <= until)
    if words := reading.text("filter"):
        query = query.where(
            _contains(reading.word("filterBy", ("course_id", "course_title", "any"), "any") or "any", words)
        )
    if asked := reading.many("tags"):
        query = query.where(tags.any_of(Course.tags, asked))
    page = paging.read(
        query,
        orders=_ORDERS,
        default="updated_desc",
        identity=Course.id,
        id_of=lambda course: str(course.id),
        after=after,
    )
    count, metadata = reading.flag("includeRegistrationCount"), reading.flag("includeCourseMetadata")
    items = []
    for course in page.rows:
        version = catalogue.get_version(tenant_id, course.id, course.current)
        items.append(course_json(course, version, count=count, metadata=metadata))
    return paging.listing("courses", page, items)


def _contains(field: str, words: str) -> ColumnElement[bool]:
    in_id = func.lower(Course.id).contains(words.lower(), autoescape=True)
    in_title = func.lower(Course.title).contains(words.lower(), autoescape=True)
    return {"course_id": in_id, "course_title": in_title}.get(field, in_id | in_title)


@bp.get("/courses/<course_id>")
@web.scope("rest/read")
@openapi.describe("A course in its newest version", query=_INCLUDES, returns="Course")
def get_course(course_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    return _show(tenant_id, course_id, catalogue.current_version(tenant_id, course_id))


def _show(tenant_id: int, course_id: str, version: CourseVersion) -> Response:
    count, metadata = reading.flag("includeRegistrationCount"), reading.flag("includeCourseMetadata")
    course = catalogue.get_course(tenant_id, course_id)
    return answer(course_json(course, version, count=count, metadata=metadata, tree=version.package is not None))


@bp.delete("/courses/<course_id>")
@web.scope("rest")
@openapi.describe("Delete a course with all versions and registrations; statements stay in the record store")
def delete_course(course_id: str) -> Response:
    who = web.principal()
    with unit_of_work():
        course_removal.delete_course(who.tenant_id, course_id)
        audit.record(who.tenant_id, f"credential:{who.key}", "course.deleted", course_id)
    return nothing()


@bp.put("/courses/<course_id>/title")
@web.scope("rest")
@openapi.describe("Give a course a title of its own", body=TitleBody)
def set_course_title(course_id: str) -> Response:
    title = body(TitleBody).title
    with unit_of_work():
        registrations.rename_course(web.principal().tenant_id, course_id, title)
    return nothing()


@bp.get("/courses/<course_id>/versions")
@web.scope("rest/read")
@openapi.describe(
    "The versions of a course", query={**_INCLUDES, "since": "", "until": ""}, returns="CourseVersionList"
)
def get_course_versions(course_id: str) -> Response:
    tenant_id = web.principal().tenant_id
    course = catalogue.get_course(tenant_id, course_id)
    since, until = reading.time("since"), reading.time("until")
    count, metadata = reading.flag("includeRegistrationCount"), reading.flag("includeCourseMetadata")
    versions = [
        version
        for version in catalogue.list_versions(tenant_id, course_id, only_ready=True)
        if (since is None or version.created >= since) and (until is None or version.created <= until)
    ]
    return answer({"courses": [course_json(course, v, count=count, metadata=metadata) for v in versions]})


@bp.get("/courses/<course_id>/versions/<version_id>")
@web.scope("rest/read")
@openapi.describe("One version of a course", query=_INCLUDES, returns="Course")
def get_course_version(course_id: str, version_id: str) -> Response:
    return _show(web.principal().tenant_id, course_id, _version(course_id, version_id))


@bp.delete("/courses/<course_id>/versions/<version_id>")
@web.scope("rest")
@openapi.describe("Delete one version of a course that no registration uses")
def delete_course_version(course_id: str, version_id: str) -> Response:
    who, number = web.principal(), reading.whole(version_id, "the version")
    with unit_of_work():
        course_removal.delete_version(who.tenant_id, course_id, number)
        audit.record(who.tenant_id, f"credential:{who.key}", "course.version_deleted", course_id, version=number)
    return nothing()


def _version(course_id: str, version_id: str) -> CourseVersion:
    number = reading.whole(version_id, "the version")
    return catalogue.get_version(web.principal().tenant_id, course_id, number)


# --- files --------------------------------------------------------------------------------------------------------


@bp.get("/courses/<course_id>/asset/list")
@web.scope("rest/read")
@openapi.describe("The files of a course", returns="FileList")
def get_course_file_list(course_id: str) -> Response:
    return _files(catalogue.current_version(web.principal().tenant_id, course_id))


@bp.get("/courses/<course_id>/versions/<version_id>/asset/list")
@web.scope("rest/read")
@openapi.describe("The files of a version", returns="FileList")
def get_course_version_file_list(course_id: str, version_id: str) -> Response:
    return _files(_version(course_id, version_id))


def _files(version: CourseVersion) -> Response:
    found = catalogue.list_files(version.tenant_id, version.id)
    return answer({"files": [{"path": f.path, "size": f.size, "modified": moment(version.created)} for f in found]})


@bp.get("/courses/<course_id>/asset")
@web.scope("rest/read")
@openapi.describe("One file of a course", query={"relativePath": "Its path in the package"}, file=True)
def get_course_asset(course_id: str) -> Response:
    return _file(catalogue.current_version(web.principal().tenant_id, course_id))


@bp.get("/courses/<course_id>/versions/<version_id>/asset")
@web.scope("rest/read")
@openapi.describe("One file of a version", query={"relativePath": "Its path in the package"}, file=True)
def get_course_version_asset(course_id: str, version_id: str) -> Response:
    return _file(_version(course_id, version_id))


def _file(version: CourseVersion) -> Response:
    path = reading.needed("relativePath").lstrip("/")
    found: PackageFile | None = catalogue.find_file(version.tenant_id, version.id, path)
    if found is None:
        raise NotFound(f"no file {path!r} in version {version.number} of course {version.course_id!r}")
    return _download(found.sha256, found.path.rpartition("/")[2], "application/octet-stream")


@bp.get("/courses/<course_id>/zip")
@web.scope("rest/read")
@openapi.describe("The package as it was uploaded", file=True)
def get_course_zip(course_id: str) -> Response:
    return _zip(catalogue.current_version(web.principal().tenant_id, course_id))


@bp.get("/courses/<course_id>/versions/<version_id>/zip")
@web.scope("rest/read")
@openapi.describe("The package of a version as it was uploaded", file=True)
def get_versioned_course_zip(course_id: str, version_id: str) -> Response:
    return _zip(_version(course_id, version_id))


def _zip(version: CourseVersion) -> Response:
    return _download(catalogue.uploaded(version), version.filename, mime_of(version.filename))


def _download(sha256: str, name: str, mime: str) -> Response:
    """Always as a download: course files are foreign content and must not open on this origin."""
    response = send_blob(sha256, mime, name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
