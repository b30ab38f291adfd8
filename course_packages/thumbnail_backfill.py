"""Thumbnails for versions that have none: imported before there were any, or before the library for videos was installed.

A version without one may also have nothing to make one of; looking again costs little and changes nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from core.blobs import Blob, blobs
from core.db import session, unit_of_work
from course_packages import catalogue, thumbnails
from course_packages.model import Standard
from course_packages.models import CourseVersion, VersionStatus


def without(tenant_id: int) -> list[str]:
    """The ids of ready versions that have no thumbnail, oldest first."""
    query = select(CourseVersion.id).where(
        CourseVersion.tenant_id == tenant_id,
        CourseVersion.status == VersionStatus.READY,
        CourseVersion.thumbnail.is_(None),
    )
    found = list(session().scalars(query.order_by(CourseVersion.id)))
    session().rollback()
    return found


def fill(tenant_id: int, version_id: str) -> bool:
    """Give a version the thumbnail that an import would give it now; False when there is nothing to make one of.

    Opens a unit of work of its own after the work; :class:`thumbnails.NotMade` says why a picture cannot be used.
    """
    made = _make(tenant_id, version_id)
    if made is None:
        return False
    with unit_of_work() as current:
        version = (CourseVersion.tenant_id == tenant_id, CourseVersion.id == version_id)
        current.execute(update(CourseVersion).where(*version).values(thumbnail=made.sha256))
    return True


def _make(tenant_id: int, version_id: str) -> Blob | None:
    package = catalogue.package(tenant_id, version_id)
    files: dict[str, dict[str, Any]] = {
        file.path: {"sha256": file.sha256, "size": file.size} for file in catalogue.list_files(tenant_id, version_id)
    }
    # No transaction stays open while a decoder works.
    session().rollback()
    if package.standard is Standard.MEDIA:
        path = package.organization.items[0].launch_facts["path"]
        with blobs().as_file(files[path]["sha256"]) as source:
            return thumbnails.of_media(source, path.rpartition(".")[2])
    picture = thumbnails.find(files, package.facts.get("thumbnail"))
    return None if picture is None else thumbnails.of_stored(files[picture])
