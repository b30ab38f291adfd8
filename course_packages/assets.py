"""A version with one file put in place of another, as a package of its own: versions never change."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from core.blobs import blobs
from core.db import session
from core.errors import Conflict, Invalid
from course_packages import catalogue
from course_packages.archive import fold
from course_packages.import_progress import Counted
from course_packages.model import Standard
from course_packages.models import CourseVersion


@dataclass(frozen=True)
class Replacement:
    """The content (hash of a blob) of the file at ``path``, replaced or added, and the version that has the other files."""

    version_id: str
    path: str
    content: str

    def to_json(self) -> dict[str, Any]:
        return {"version": self.version_id, "path": self.path, "content": self.content}


def check(version: CourseVersion, path: str) -> None:
    """:class:`core.errors.Invalid` for a path that leads out of the package, :class:`Conflict` for a version of one file."""
    parts = path.split("/")
    if not path or "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Invalid(f"{path!r} is not the path of a file in a package", path=path)
    if version.standard == Standard.MEDIA:
        raise Conflict("a media course has one file: upload the new file as a new version", code="media")


def repack(
    tenant_id: int, wanted: Replacement, into: IO[bytes], begin: Callable[[int], None], tell: Callable[[int], None]
) -> None:
    """Write the package that ``wanted`` describes: ``begin`` is told how many bytes there are, ``tell`` each time how many are done.

    :class:`core.errors.NotFound` when the version, or one of its files, is there no more. Call it outside a unit of work.
    """
    version = catalogue.version_by_id(tenant_id, wanted.version_id)
    total, changed = version.total_size, fold(wanted.path)
    files = [(f.path, f.sha256) for f in catalogue.list_files(tenant_id, version.id) if f.folded != changed]
    session().rollback()
    begin(total)
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        for path, sha256 in [*files, (wanted.path, wanted.content)]:
            with (
                blobs().open(sha256) as source,
                archive.open(zipfile.ZipInfo(path), "w", force_zip64=True) as target,
            ):
                shutil.copyfileobj(Counted(source, tell), target, 1 << 20)
