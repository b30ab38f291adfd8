"""Where the bytes of a package come from when they were not uploaded: an address, or a version with one file replaced."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Any

from core.blobs import blobs
from core.db import unit_of_work
from core.errors import NotFound
from core.settings import get_settings
from course_packages import assets
from course_packages.import_outcome import unfinished
from course_packages.import_progress import Cancelled, CountedSink, Progress

# Bringing the bytes counts as so many percent of an import.
OBTAINED = 40
REPACKING = "putting the file into the package"
# Fetches an address into a file: (url, file). Set by the server, which knows which addresses may be reached.
Fetcher = Callable[[str, IO[bytes]], None]
fetcher: Fetcher | None = None


class FetchFailed(Exception):
    """Raised by the fetcher: nothing usable is at the address, and why."""


class SourceGone(Exception):
    """The version that a package was to be made of, or one of its files, is there no more."""


def obtained(options: dict[str, Any]) -> int:
    """The percentage of an import that is done once the bytes are there."""
    return OBTAINED if "url" in options or "replace" in options else 0


def obtain(tenant_id: int, job_id: str, options: dict[str, Any], progress: Progress) -> str:
    """Bring the package and note it in the version; its hash. What a crash cut off begins anew.

    :class:`FetchFailed` and :class:`SourceGone` say why there is none.
    """
    with tempfile.TemporaryFile(dir=blobs().staging) as copy:
        if "url" in options:
            _fetch(options["url"], copy, progress)
        else:
            _repack(tenant_id, options["replace"], copy, progress)
        copy.seek(0)
        blob = blobs().put(copy)
    with unit_of_work():
        version = unfinished(tenant_id, job_id, lock=True)
        if version is None:
            raise Cancelled(job_id)
        version.zip_sha256, version.zip_size = blob.sha256, blob.size
    return blob.sha256


def _fetch(url: str, copy: IO[bytes], progress: Progress) -> None:
    if fetcher is None:
        raise FetchFailed("this server fetches nothing")
    limit = get_settings().upload_limit
    progress.stage(f"fetching {url}", 1, OBTAINED, limit)
    fetcher(url, CountedSink(copy, progress.add))  # type: ignore[arg-type]
    if copy.tell() > limit:
        raise FetchFailed(f"the package is larger than {limit} bytes")
    if not copy.tell():
        raise FetchFailed("the answer is empty")


def _repack(tenant_id: int, wanted: dict[str, Any], copy: IO[bytes], progress: Progress) -> None:
    replacement = assets.Replacement(wanted["version"], wanted["path"], wanted["content"])
    try:
        assets.repack(
            tenant_id, replacement, copy, lambda total: progress.stage(REPACKING, 1, OBTAINED, total), progress.add
        )
    except NotFound as gone:
        raise SourceGone(gone.message) from None
