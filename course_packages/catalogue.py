"""Courses, versions and files as the rest of Rekam asks for them.

Every function works in the session it finds (``core.db.session()``); those that write need a unit of work and flush.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, func, select

from core import clock, events
from core.db import hold, session
from core.errors import Conflict, Invalid, NotFound
from course_packages import model
from course_packages.archive import fold
from course_packages.models import Course, CourseVersion, ImportJob, PackageFile, VersionStatus

# A year.
_LONGEST_SECONDS = 366 * 86_400
_MOST_TAGS, _LONGEST_TAG = 100, 255


def get_course(tenant_id: int, course_id: str) -> Course:
    """The course, imported successfully or not; :class:`NotFound` when there is none."""
    course = session().get(Course, (tenant_id, course_id))
    if course is None:
        raise NotFound(f"no course {course_id!r}")
    return hold(course)


def lock_course(tenant_id: int, course_id: str) -> Course:
    """The course as it is now, its row locked until the unit of work ends: whoever changes a part of a list or table in it holds it."""
    course = session().get(Course, (tenant_id, course_id), populate_existing=True, with_for_update=True)
    if course is None:
        raise NotFound(f"no course {course_id!r}")
    return hold(course)


def list_courses(
    tenant_id: int,
    *,
    search: str = "",
    tag: str | None = None,
    only_ready: bool = True,
    after: str = "",
    limit: int = 100,
) -> list[Course]:
    """Courses in the order of their ids, from the first id greater than ``after``; ``search`` looks in id and title."""
    query = select(Course).where(Course.tenant_id == tenant_id, Course.id > after).order_by(Course.id).limit(limit)
    if only_ready:
        query = query.where(Course.current.is_not(None))
    if search:
        word = search.lower()
        query = query.where(
            func.lower(Course.title).contains(word, autoescape=True)
            | func.lower(Course.id).contains(word, autoescape=True)
        )
    courses = session().scalars(query if tag is None else query.limit(None))
    if tag is None:
        return list(courses)
    return [course for course in courses if tag in course.tags][:limit]


def set_title(tenant_id: int, course_id: str, title: str) -> Course:
    """Give the course a title of its own, which later versions do not change."""
    course = get_course(tenant_id, course_id)
    if not title.strip():
        raise Invalid("a course title cannot be empty")
    course.title, course.own_title, course.updated = title.strip(), True, clock.now()
    session().flush()
    return course


def title_of(version: CourseVersion) -> str:
    """What the course is called for those on this version: the title it was given, else that of the package."""
    course = get_course(version.tenant_id, version.course_id)
    return course.title if course.own_title else version.title


def set_facts(tenant_id: int, course_id: str, *, description: str | None, duration: float | None) -> Course:
    """Say what the course is about and how many seconds it takes; None leaves it to the package."""
    course = get_course(tenant_id, course_id)
    if duration is not None and not 0 <= duration <= _LONGEST_SECONDS:
        raise Invalid(
            f"the duration is a number of seconds up to {_LONGEST_SECONDS}, not {duration}", duration=duration
        )
    course.description, course.duration, course.updated = description or None, duration, clock.now()
    session().flush()
    return course


def set_thumbnail(tenant_id: int, course_id: str, thumbnail: str | None) -> Course:
    """Give the course a thumbnail of its own (the hash of a JPEG that is stored), or with None that of its package again."""
    course = get_course(tenant_id, course_id)
    course.thumbnail, course.updated = thumbnail, clock.now()
    session().flush()
    return course


def thumbnail_of(course: Course, version: CourseVersion | None) -> str | None:
    """The hash of the JPEG to show for a course whose version in use is ``version``."""
    return course.thumbnail or (version.thumbnail if version else None)


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Each once, without empty ones; :class:`Invalid` for more or longer ones than can be kept."""
    cleaned = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(cleaned) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in cleaned):
        raise Invalid(f"at most {_MOST_TAGS} tags of at most {_LONGEST_TAG} characters", code="tags", path="$.tags")
    return cleaned


def set_tags(tenant_id: int, course_id: str, tags: Sequence[str]) -> Course:
    course = get_course(tenant_id, course_id)
    course.tags, course.updated = clean_tags(tags), clock.now()
    session().flush()
    return course


def set_settings(tenant_id: int, course_id: str, settings: dict[str, Any]) -> Course:
    """Replace the compatibility settings of the course."""
    course = get_course(tenant_id, course_id)
    course.settings, course.updated = dict(settings), clock.now()
    session().flush()
    return course


def list_versions(tenant_id: int, course_id: str, *, only_ready: bool = False) -> list[CourseVersion]:
    """Versions of a course, oldest first."""
    query = select(CourseVersion).where(CourseVersion.tenant_id == tenant_id, CourseVersion.course_id == course_id)
    if only_ready:
        query = query.where(CourseVersion.status == VersionStatus.READY)
    return list(session().scalars(query.order_by(CourseVersion.number)))


def get_version(tenant_id: int, course_id: str, number: int) -> CourseVersion:
    version = session().scalar(
        select(CourseVersion).where(
            CourseVersion.tenant_id == tenant_id, CourseVersion.course_id == course_id, CourseVersion.number == number
        )
    )
    if version is None:
        raise NotFound(f"no version {number} of course {course_id!r}")
    return version


def version_by_id(tenant_id: int, version_id: str) -> CourseVersion:
    version = session().get(CourseVersion, (tenant_id, version_id))
    if version is None:
        raise NotFound(f"no course version {version_id!r}")
    return version


def current_version(tenant_id: int, course_id: str) -> CourseVersion:
    """The newest ready version: what new registrations get. :class:`NotFound` when nothing is ready."""
    course = get_course(tenant_id, course_id)
    if course.current is None:
        raise NotFound(f"course {course_id!r} has no imported version yet")
    return get_version(tenant_id, course_id, course.current)


def uploaded(version: CourseVersion) -> str:
    """The hash of what was uploaded or fetched; :class:`NotFound` while, or because, nothing was."""
    if not version.zip_sha256:
        raise NotFound(f"there is no package of version {version.number} of course {version.course_id!r}")
    return version.zip_sha256


def package(tenant_id: int, version_id: str) -> model.CoursePackage:
    """The parsed package of a ready version. Cheap to ask for: versions are immutable, so the last ones stay in memory."""
    return _package(tenant_id, version_id)


@lru_cache(maxsize=128)
def _package(tenant_id: int, version_id: str) -> model.CoursePackage:
    stored = session().scalar(
        select(CourseVersion.package).where(CourseVersion.tenant_id == tenant_id, CourseVersion.id == version_id)
    )
    if stored is None:
        raise NotFound(f"course version {version_id!r} is not ready")
    return model.from_json(stored)


def find_file(tenant_id: int, version_id: str, path: str) -> PackageFile | None:
    """The file at ``path`` (decoded, without a leading slash, relative to the package root), matched without case."""
    return session().get(PackageFile, (tenant_id, version_id, fold(path)))


def list_files(tenant_id: int, version_id: str) -> list[PackageFile]:
    """All files of a version in the order of their paths."""
    query = select(PackageFile).where(PackageFile.tenant_id == tenant_id, PackageFile.version_id == version_id)
    return list(session().scalars(query.order_by(PackageFile.folded)))


def delete_version(tenant_id: int, course_id: str, number: int) -> None:
    """Delete one version; registrations on it must have been deleted before. The newest ready one left becomes current."""
    version = get_version(tenant_id, course_id, number)
    if version.status == VersionStatus.IMPORTING:
        raise Conflict(f"version {number} of course {course_id!r} is being imported")
    _delete_rows(tenant_id, [version.id])
    course = get_course(tenant_id, course_id)
    course.current = session().scalar(
        select(func.max(CourseVersion.number)).where(
            CourseVersion.tenant_id == tenant_id,
            CourseVersion.course_id == course_id,
            CourseVersion.status == VersionStatus.READY,
        )
    )
    course.updated = clock.now()
    session().flush()


def delete_course(tenant_id: int, course_id: str) -> None:
    """Delete a course with all versions and jobs; its registrations must have been deleted before. Emits course.deleted."""
    course = get_course(tenant_id, course_id)
    _delete_rows(tenant_id, [version.id for version in list_versions(tenant_id, course_id)])
    session().execute(delete(ImportJob).where(ImportJob.tenant_id == tenant_id, ImportJob.course_id == course_id))
    session().delete(course)
    events.emit(tenant_id, "course.deleted", {"course_id": course_id, "title": course.title})
    session().flush()


def _delete_rows(tenant_id: int, version_ids: Sequence[str]) -> None:
    for version_id in version_ids:
        session().execute(
            delete(PackageFile).where(PackageFile.tenant_id == tenant_id, PackageFile.version_id == version_id)
        )
        session().execute(
            delete(CourseVersion).where(CourseVersion.tenant_id == tenant_id, CourseVersion.id == version_id)
        )
