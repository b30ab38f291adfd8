"""How an import ends: a ready version with its files, or a rejected one with the reasons; the job, the course and the event with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from core import clock, events
from core.db import dialect, session, unit_of_work
from course_packages import model
from course_packages.archive import fold
from course_packages.models import Course, CourseVersion, ImportJob, JobStatus, PackageFile, VersionStatus
from course_packages.problems import Findings, Report

log = logging.getLogger("rekam.import")

_INSERT_BATCH = 1000


@dataclass(frozen=True)
class Outcome:
    """What the work came to; without a package it is a rejection. ``stored`` are columns of ``package_files``."""

    report: Report = field(default_factory=Report)
    package: model.CoursePackage | None = None
    stored: list[dict[str, Any]] = field(default_factory=list)
    thumbnail: str | None = None


def sole(code: str, **values: Any) -> Report:
    """A report of one problem."""
    findings = Findings()
    findings.add(code, **values)
    return findings.report()


def unfinished(tenant_id: int, job_id: str, *, lock: bool = False) -> CourseVersion | None:
    """The version of a job that still has to be done; None when the job is over or was deleted meanwhile."""
    job = session().get(ImportJob, (tenant_id, job_id), with_for_update=lock and dialect() == "postgresql")
    if job is None or job.status != JobStatus.RUNNING:
        return None
    return session().get(CourseVersion, (tenant_id, job.version_id))


def finish(tenant_id: int, job_id: str, package: model.CoursePackage, found: Outcome) -> None:
    """All at once: files, package, version ready, course current, job complete, event."""
    stored, report = found.stored, found.report
    with unit_of_work():
        version = unfinished(tenant_id, job_id, lock=True)
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


def reject(tenant_id: int, job_id: str, report: Report) -> None:
    with unit_of_work():
        version = unfinished(tenant_id, job_id, lock=True)
        if version is not None:
            end_rejected(version, job_id, report)


def end_rejected(version: CourseVersion, job_id: str, report: Report) -> None:
    version.report = report.to_json()
    version.status, version.finished = VersionStatus.REJECTED, clock.now()
    message = "; ".join(problem.sentence() for problem in report.errors[:3])
    _end(job_id, version.tenant_id, JobStatus.ERROR, message, report)
    payload = _payload(version, job_id) | {"message": message, "errors": report.to_json()["errors"]}
    events.emit(version.tenant_id, "course.import_failed", payload)
    log.info("package rejected", extra={"tenant": version.tenant_id, "course": version.course_id, "reason": message})


def _end(job_id: str, tenant_id: int, status: JobStatus, message: str, report: Report) -> None:
    job = session().get_one(ImportJob, (tenant_id, job_id))
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
