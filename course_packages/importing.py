"""Import of a package as a job: staged upload or fetch → archive → manifest → blobs → an immutable version, ready or rejected."""

from __future__ import annotations

import io
import logging
from typing import IO, Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from core import outbox
from core.blobs import Blob, blobs
from core.db import queue_at, session
from core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from core.outbox import OutboxRow
from core.settings import get_settings
from course_packages import import_outcome, import_reading, import_source
from course_packages.assets import Replacement
from course_packages.import_outcome import Outcome, sole, unfinished
from course_packages.import_progress import LEASE, Cancelled, Progress
from course_packages.models import Course, CourseVersion, ImportJob, VersionStatus

log = logging.getLogger("rekam.import")

KIND = "import_course"
# Storage or database may be back later.
_PASSING = (Unavailable, DBAPIError, OSError)
_MOST_TRIES = 4


def stage(source: IO[bytes]) -> Blob:
    """Stream an upload into the blob store; :class:`core.errors.TooLarge` over ``upload_limit``.

    Call it before the unit of work that starts the import, so that no write lock is held while bytes flow.
    """
    return blobs().put(_Capped(source, get_settings().upload_limit))


class _Capped(io.RawIOBase):
    """Reads on until more than ``limit`` bytes came."""

    def __init__(self, source: IO[bytes], limit: int) -> None:
        self._source, self._limit, self._count = source, limit, 0

    def read(self, size: int | None = -1) -> bytes:
        data = self._source.read(-1 if size is None else size)
        self._count += len(data)
        if self._count > self._limit:
            raise TooLarge(f"the package is larger than {self._limit} bytes", limit=self._limit)
        return data


def start_import(
    tenant_id: int,
    course_id: str,
    source: Blob | str | Replacement,
    filename: str,
    *,
    may_create_version: bool = True,
    threshold: float | None = None,
    strict: bool = False,
) -> ImportJob:
    """Record a new version (status importing) with its job and enqueue the work; needs a unit of work.

    ``source`` is what :func:`stage` stored, an address that the job fetches, or a version of which the job replaces one file.
    ``threshold`` (0 to 1): from which share of pages or time on a course made of a media file is complete. ``strict``: nothing is
    repaired (:mod:`course_packages.strictness`).
    :class:`core.errors.Conflict` when the course exists and ``may_create_version`` is false, :class:`core.errors.Invalid`
    for a course id that cannot be one. The job's ``status`` goes from RUNNING to COMPLETE or ERROR.
    """
    _check_id(course_id)
    options: dict[str, Any] = {} if threshold is None else {"threshold": _share(threshold)}
    if strict:
        options["strict"] = True
    if isinstance(source, str):
        options["url"] = source
    elif isinstance(source, Replacement):
        options["replace"] = source.to_json()
    blob = source if isinstance(source, Blob) else Blob("", 0)
    course = _course(tenant_id, course_id, filename, may_exist=may_create_version)
    version = _new_version(course, blob, filename)
    job = ImportJob(
        tenant_id=tenant_id, course_id=course_id, version_id=version.id, message="waiting for a worker", options=options
    )
    session().add(job)
    session().flush()
    outbox.enqueue(tenant_id, KIND, {"job": job.id})
    session().flush()
    return job


def _course(tenant_id: int, course_id: str, filename: str, *, may_exist: bool) -> Course:
    """The course, locked against another import that would take the same number; made where there is none."""
    queue_at("course", tenant_id, course_id)
    course = session().get(Course, (tenant_id, course_id), populate_existing=True, with_for_update=True)
    if course is None:
        course = Course(tenant_id=tenant_id, id=course_id, title=_name_of(filename))
        session().add(course)
        session().flush()
    elif not may_exist and (course.current is not None or _is_importing(tenant_id, course_id)):
        raise Conflict(f"there already is a course {course_id!r}", code="course_exists", course=course_id)
    return course


def _new_version(course: Course, blob: Blob, filename: str) -> CourseVersion:
    version = CourseVersion(
        tenant_id=course.tenant_id,
        course_id=course.id,
        number=_next_number(course.tenant_id, course.id),
        title=course.title,
        filename=_shown_name(filename),
        zip_sha256=blob.sha256,
        zip_size=blob.size,
    )
    session().add(version)
    session().flush()
    return version


def _share(threshold: float) -> float:
    if not 0 < threshold <= 1:
        raise Invalid(f"the completion threshold is a share above 0 and up to 1, not {threshold}", threshold=threshold)
    return threshold


def _check_id(course_id: str) -> None:
    if not course_id.strip() or len(course_id) > 255 or any(ord(c) < 32 or c == "\x7f" for c in course_id):
        raise Invalid("a course id has 1 to 255 characters, none of them a control character", course=course_id[:300])


def _shown_name(filename: str) -> str:
    """The last part of an uploaded file's name, without what could confuse a header or a page."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in name if c.isprintable())[:255] or "package.zip"


def _name_of(filename: str) -> str:
    name = _shown_name(filename)
    stem, dot, extension = name.rpartition(".")
    return stem if dot and stem and extension.isalnum() and len(extension) <= 4 else name


def _is_importing(tenant_id: int, course_id: str) -> bool:
    query = select(CourseVersion.id).where(
        CourseVersion.tenant_id == tenant_id,
        CourseVersion.course_id == course_id,
        CourseVersion.status == VersionStatus.IMPORTING,
    )
    return session().scalar(query.limit(1)) is not None


def _next_number(tenant_id: int, course_id: str) -> int:
    highest = session().scalar(
        select(func.max(CourseVersion.number)).where(
            CourseVersion.tenant_id == tenant_id, CourseVersion.course_id == course_id
        )
    )
    return (highest or 0) + 1


def get_job(tenant_id: int, job_id: str) -> ImportJob:
    """The job; :class:`core.errors.NotFound` when there is none."""
    job = session().get(ImportJob, (tenant_id, job_id))
    if job is None:
        raise NotFound(f"no import job {job_id!r}")
    return job


def cancel(tenant_id: int, job_id: str) -> ImportJob:
    """End a job that is waiting or worked on; needs a unit of work. :class:`core.errors.Conflict` when it is over.

    A worker notices within a second or two and stops; what it stored is left to the sweep of unused blobs.
    """
    job = get_job(tenant_id, job_id)
    version = unfinished(tenant_id, job_id, lock=True)
    if version is None:
        raise Conflict(f"the import job {job_id} is over", code="job_over", status=str(job.status))
    import_outcome.end_rejected(version, job_id, sole("import_cancelled"))
    session().flush()
    return job


# --- the work -----------------------------------------------------------------------------------------------------


@outbox.handler(KIND, lease=LEASE)
def _handle(row: OutboxRow) -> None:
    run_import(row.tenant_id, row.payload["job"], last_try=row.tries >= _MOST_TRIES, row_id=row.id)


def run_import(tenant_id: int, job_id: str, *, last_try: bool = False, row_id: str | None = None) -> None:
    """Do the work of a job: the body of the outbox handler ``import_course``. Opens its own units of work.

    Bad packages end as status ERROR with the reasons; running it again after a crash, or for a finished job, is safe.
    Only what may pass (storage, database) is raised, for another try; on the ``last_try`` that too ends as ERROR.
    ``row_id`` names the outbox row whose lease is renewed with the progress.
    """
    version = unfinished(tenant_id, job_id)
    if version is None:
        return
    progress = Progress(tenant_id, job_id, row_id)
    try:
        found = _read(version, job_id, progress)
    except Cancelled:
        return
    except Exception as error:
        passing = isinstance(error, _PASSING)
        if passing and not last_try:
            raise
        log.exception("import failed", extra={"job": job_id})
        found = Outcome(sole("import_given_up" if passing else "import_internal"))
    if found.package is None:
        import_outcome.reject(tenant_id, job_id, found.report)
    else:
        import_outcome.finish(tenant_id, job_id, found.package, found)


def _read(version: CourseVersion, job_id: str, progress: Progress) -> Outcome:
    """Obtain the bytes where they have not been yet, and read them."""
    options = dict(get_job(version.tenant_id, job_id).options)
    filename, zip_sha256 = version.filename, version.zip_sha256
    if not zip_sha256:
        try:
            zip_sha256 = import_source.obtain(version.tenant_id, job_id, options, progress)
        except import_source.FetchFailed as failure:
            return Outcome(sole("fetch_failed", url=options["url"], detail=str(failure)))
        except import_source.SourceGone:
            return Outcome(sole("base_version_gone"))
    progress.report(import_source.obtained(options) or 1, "reading the package", force=True)
    return import_reading.read(zip_sha256, filename, options, progress)
