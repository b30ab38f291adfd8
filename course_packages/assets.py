"""A version with one file put in place of another, as a package of its own: versions never change."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from typing import IO

from core.blobs import Blob, blobs
from core.errors import Conflict, Invalid
from course_packages import catalogue, importing
from course_packages.archive import fold
from course_packages.model import Standard
from course_packages.models import CourseVersion


def repack(version: CourseVersion, path: str, content: IO[bytes]) -> Blob:
    """The package of ``version`` with ``content`` at ``path`` (replaced, or added), stored for an import.

    :class:`core.errors.Invalid` for a path that leads out of the package. Call it outside a unit of work: bytes flow.
    """
    parts = path.split("/")
    if not path or "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Invalid(f"{path!r} is not the path of a file in a package", path=path)
    if version.standard == Standard.MEDIA:
        raise Conflict("a media course has one file: upload the new file as a new version", code="media")
    with tempfile.TemporaryFile(dir=blobs().staging) as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for file in catalogue.list_files(version.tenant_id, version.id):
                if file.folded != fold(path):
                    with blobs().open(file.sha256) as source:
                        _add(archive, file.path, source)
            _add(archive, path, content)
        made.seek(0)
        return importing.stage(made)


def _add(archive: zipfile.ZipFile, path: str, source: IO[bytes]) -> None:
    with archive.open(zipfile.ZipInfo(path), "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target, 1 << 20)
