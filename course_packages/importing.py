"""Import of a package as a job: staged upload or fetch → archive → manifest → blobs → an immutable version, ready or rejected."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from core import clock, events, outbox
from core.blobs import Blob, blobs
from core.db import dialect, session, unit_of_work
from core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from core.outbox import OutboxRow
from core.settings import Settings, get_settings
from course_packages import media, model, thumbnails
from course_packages.archive import Limits, fold
from course_packages.import_progress import LEASE, Cancelled, Counted, CountedSink, Progress
from course_packages.inspection import Inspection, inspect
from course_packages.mime import mime_of
from course_packages.models import Course, CourseVersion, ImportJob, JobStatus, PackageFile, VersionStatus
from course_packages.parsers.files import PackageFiles
from course_packages.problems import Findings, Report
from course_packages.zip_directory import BadZip

log = logging.getLogger("rekam.import")

KIND = "import_course"
# Fetching counts as so many percent, with reading the manifest so many, storing files as the rest.
_FETCHED = 40
_PARSED = 10
_INSERT_BATCH = 1000
# Storage or database may be back later.
_PASSING = (Unavailable, DBAPIError, OSError)
_MOST_TRIES = 4
# Fetches an address into a file: (url, file). Set by the server, which knows which addresses may be reached.
Fetcher = Callable[[str, IO[bytes]], None]
fetcher: Fetcher | None = None


@dataclass(frozen=True)
class Outcome:
    """What the work came to; without a package it is a rejection. ``stored`` are columns of ``package_files``."""

    report: Report = field(default_factory=Report)
    package: model.CoursePackage | None = None
    stored: list[dict[str, Any]] = field(default_factory=list)
    thumbnail: str | None = None


class FetchFailed(Exception):
    """Raised by the fetcher: nothing usable is at the address, and why."""


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
    source: Blob | str,
    filename: str,
    *,
    may_create_version: bool = True,
    threshold: float | None = None,
) -> ImportJob:
    """Record a new version (status importing) with its job and enqueue the work; needs a unit of work.

    ``source`` is what :func:`stage` stored, or an address that the job fetches. ``threshold`` (0 to 1): from which share of
    pages or time on a course made of a media file is complete.
    :class:`core.errors.Conflict` when the course exists and ``may_create_version`` is false, :class:`core.errors.Invalid`
    for a course id that cannot be one. The job's ``status`` goes from RUNNING to COMPLETE or ERROR.
    """
    _check_id(course_id)
    options: dict[str, Any] = {} if threshold is None else {"threshold": _share(threshold)}
    blob = Blob("", 0) if isinstance(source, str) else source
    if isinstance(source, str):
        options["url"] = source
    course = session().get(Course, (tenant_id, course_id), with_for_update=dialect() == "postgresql")
    if course is None:
        course = Course(tenant_id=tenant_id, id=course_id, title=_name_of(filename))
        session().add(course)
        session().flush()
    elif not may_create_version and (course.current is not None or _is_importing(tenant_id, course_id)):
        raise Conflict(f"there already is a course {course_id!r}", code="course_exists", course=course_id)
    version = CourseVersion(
        tenant_id=tenant_id,
        course_id=course_id,
        number=_next_number(tenant_id, course_id),
        title=course.title,
        filename=_shown_name(filename),
        zip_sha256=blob.sha256,
        zip_size=blob.size,
    )
    session().add(version)
    session().flush()
    job = ImportJob(
        tenant_id=tenant_id, course_id=course_id, version_id=version.id, message="waiting for a worker", options=options
    )
    session().add(job)
    session().flush()
    outbox.enqueue(tenant_id, KIND, {"job": job.id})
    session().flush()
    return job


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
    version = _unfinished(tenant_id, job_id)
    if version is None:
        return
    options = dict(get_job(tenant_id, job_id).options)
    filename, zip_sha256 = version.filename, version.zip_sha256
    progress = Progress(tenant_id, job_id, row_id)
    found = Outcome()
    try:
        if not zip_sha256:
            zip_sha256 = _fetch(tenant_id, job_id, options["url"], progress)
        progress.report(_FETCHED if "url" in options else 1, "reading the package", force=True)
        found = _read(zip_sha256, filename, options, progress)
    except Cancelled:
        return
    except FetchFailed as failure:
        found = Outcome(_sole("fetch_failed", url=options["url"], detail=str(failure)))
    except Exception as error:
        passing = isinstance(error, _PASSING)
        if passing and not last_try:
            raise
        log.exception("import failed", extra={"job": job_id})
        found = Outcome(_sole("import_given_up" if passing else "import_internal"))
    if found.package is None:
        _reject(tenant_id, job_id, found.report)
    else:
        _finish(tenant_id, job_id, found.package, found)


def _sole(code: str, **values: Any) -> Report:
    """A report of one problem."""
    findings = Findings()
    findings.add(code, **values)
    return findings.report()


def _fetch(tenant_id: int, job_id: str, url: str, progress: Progress) -> str:
    """Fetch the package and note it in the version; its hash. A fetch cut off by a crash begins anew."""
    if fetcher is None:
        raise FetchFailed("this server fetches nothing")
    limit = get_settings().upload_limit
    progress.stage(f"fetching {url}", 1, _FETCHED, limit)
    with tempfile.TemporaryFile(dir=blobs().staging) as copy:
        fetcher(url, CountedSink(copy, progress.add))  # type: ignore[arg-type]
        if copy.tell() > limit:
            raise FetchFailed(f"the package is larger than {limit} bytes")
        if not copy.tell():
            raise FetchFailed("the answer is empty")
        copy.seek(0)
        blob = blobs().put(copy)
    with unit_of_work():
        version = _unfinished(tenant_id, job_id, lock=True)
        if version is None:
            raise Cancelled(job_id)
        version.zip_sha256, version.zip_size = blob.sha256, blob.size
    return blob.sha256


def _read(sha256: str, filename: str, options: dict[str, Any], progress: Progress) -> Outcome:
    """Inspect the upload and, when it is good, publish its files."""
    with blobs().as_file(sha256) as path, path.open("rb") as file:
        threshold = options.get("threshold", media.THRESHOLD)
        found = inspect(file, limits(), filename=filename, threshold=threshold)
        if found.package is None:
            return Outcome(found.report)
        if found.files is None:
            # A media file is stored already: it is what was uploaded.
            name = found.package.organization.items[0].launch_facts["path"]
            row = {"path": name, "sha256": sha256, "size": path.stat().st_size, "mime": mime_of(name)}
            progress.report(_FETCHED, "making a thumbnail", force=True)
            return _with_thumbnail(
                Outcome(found.report, found.package, [row]),
                name,
                lambda: thumbnails.of_media(path, name.rpartition(".")[2]),
            )
        try:
            start = _FETCHED if "url" in options else _PARSED
            stored = _store(found.files, progress, start)
        except BadZip as bad:
            return Outcome(_damaged(found, bad))
    outcome = Outcome(found.report, found.package, stored)
    rows = {row["path"]: row for row in stored}
    picture = thumbnails.find(rows, found.package.facts.get("thumbnail"))
    if picture is None:
        return outcome
    return _with_thumbnail(outcome, picture, lambda: thumbnails.of_stored(rows[picture]))


def _with_thumbnail(outcome: Outcome, path: str, make: Callable[[], Blob | None]) -> Outcome:
    """A thumbnail that cannot be made is a warning, never a reason to reject the course."""
    try:
        made = make()
    except thumbnails.NotMade as reason:
        warning = _sole("thumbnail_unreadable", file=path, detail=str(reason))
        report = Report(outcome.report.problems + warning.problems, outcome.report.repairs)
        return replace(outcome, report=report)
    return replace(outcome, thumbnail=made.sha256 if made else None)


def _damaged(found: Inspection, bad: BadZip) -> Report:
    damage = _sole(bad.code, file=bad.entry, **bad.values)
    return Report(found.report.problems + damage.problems, found.report.repairs)


def limits(settings: Settings | None = None) -> Limits:
    """The limits that the settings (default: those in force) put on a package."""
    settings = settings or get_settings()
    return Limits(
        entries=settings.package_entries_limit,
        total_size=settings.package_size_limit,
        ratio=settings.package_ratio_limit,
        manifest_size=settings.manifest_size_limit,
        manifest_elements=settings.manifest_elements_limit,
    )


def _unfinished(tenant_id: int, job_id: str, *, lock: bool = False) -> CourseVersion | None:
    """The version of a job that still has to be done; None when the job is over or was deleted meanwhile."""
    job = session().get(ImportJob, (tenant_id, job_id), with_for_update=lock and dialect() == "postgresql")
    if job is None or job.status != JobStatus.RUNNING:
        return None
    return session().get(CourseVersion, (tenant_id, job.version_id))


def _store(files: PackageFiles, progress: Progress, start: int) -> list[dict[str, Any]]:
    """Publish every file as a blob; columns of ``package_files``. :class:`BadZip` where the data is not what it should be."""
    progress.stage("storing files", start, 98, sum(entry.size for _, entry in files))
    rows = []
    with blobs().batch() as batch:
        for path, entry in files:
            progress.message = path
            with files.archive.open(entry) as reader:
                blob = batch.put(Counted(reader, progress.add))
            rows.append({"path": path, "sha256": blob.sha256, "size": blob.size, "mime": mime_of(path)})
        progress.report(98, "making the files durable", force=True)
    return rows


# --- the end ------------------------------------------------------------------------------------------------------


def _finish(tenant_id: int, job_id: str, package: model.CoursePackage, found: Outcome) -> None:
    """All at once: files, package, version ready, course current, job complete, event."""
    stored, report = found.stored, found.report
    with unit_of_work():
        version = _unfinished(tenant_id, job_id, lock=True)
        if version is None:
            return
        for rows in _batches(tenant_id, version.id, stored):
            session().execute(insert(PackageFile), rows)
        title = package.title or version.title
        version.package, version.report = model.to_json(package), report.to_json()
        version.standard, version.title = package.standard.value, title
        version.file_count, version.total_size = len(stored), sum(row["size"] for row in stored)
        version.thumbnail = found.thumbnail
        version.status, version.finished = VersionStatus.READY, clock.now()
        course = session().get_one(Course, (tenant_id, version.course_id))
        # An older upload that took longer must not undo a newer one.
        if course.current is None or course.current < version.number:
            course.current = version.number
            course.title = course.title if course.own_title else title
        course.updated = clock.now()
        _end(job_id, tenant_id, JobStatus.COMPLETE, "imported", report)
        events.emit(tenant_id, "course.imported", _payload(version, job_id))
    log.info("course imported", extra={"tenant": tenant_id, "course": version.course_id, "version": version.number})


def _batches(tenant_id: int, version_id: str, stored: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    keys = {"tenant_id": tenant_id, "version_id": version_id}
    for start in range(0, len(stored), _INSERT_BATCH):
        yield [{**row, **keys, "folded": fold(row["path"])} for row in stored[start : start + _INSERT_BATCH]]


def _reject(tenant_id: int, job_id: str, report: Report) -> None:
    with unit_of_work():
        version = _unfinished(tenant_id, job_id, lock=True)
        if version is not None:
            _end_rejected(version, job_id, report)


def _end_rejected(version: CourseVersion, job_id: str, report: Report) -> None:
    version.report = report.to_json()
    version.status, version.finished = VersionStatus.REJECTED, clock.now()
    message = "; ".join(problem.sentence() for problem in report.errors[:3])
    _end(job_id, version.tenant_id, JobStatus.ERROR, message, report)
    payload = _payload(version, job_id) | {"message": message, "errors": report.to_json()["errors"]}
    events.emit(version.tenant_id, "course.import_failed", payload)
    log.info("package rejected", extra={"tenant": version.tenant_id, "course": version.course_id, "reason": message})


def cancel(tenant_id: int, job_id: str) -> ImportJob:
    """End a job that is waiting or worked on; needs a unit of work. :class:`core.errors.Conflict` when it is over.

    A worker notices within a second or two and stops; what it stored is left to the sweep of unused blobs.
    """
    job = get_job(tenant_id, job_id)
    version = _unfinished(tenant_id, job_id, lock=True)
    if version is None:
        raise Conflict(f"the import job {job_id} is over", code="job_over", status=str(job.status))
    _end_rejected(version, job_id, _sole("import_cancelled"))
    session().flush()
    return job


def _end(job_id: str, tenant_id: int, status: JobStatus, message: str, report: Report) -> None:
    job = get_job(tenant_id, job_id)
    job.status, job.message, job.progress, job.finished = status, message, 100, clock.now()
    job.parser_warnings = [problem.sentence() for problem in report.warnings]
    job.parser_warnings += [repair.sentence() for repair in report.repairs]


def _payload(version: CourseVersion, job_id: str) -> dict[str, Any]:
    return {
        "course_id": version.course_id,
        "version": version.number,
        "title": version.title,
        "standard": version.standard,
        "job_id": job_id,
        "filename": version.filename,
        "files": version.file_count,
        "size": version.total_size,
        "warnings": len(version.report.get("warnings", [])),
        "repairs": len(version.report.get("repairs", [])),
    }
