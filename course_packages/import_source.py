"""Where the bytes of a package come from when they were not uploaded: an address, fetched by the job."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO

from core.blobs import blobs
from core.db import unit_of_work
from core.settings import get_settings
from course_packages.import_outcome import unfinished
from course_packages.import_progress import Cancelled, CountedSink, Progress

# Fetching counts as so many percent of an import.
FETCHED = 40
# Fetches an address into a file: (url, file). Set by the server, which knows which addresses may be reached.
Fetcher = Callable[[str, IO[bytes]], None]
fetcher: Fetcher | None = None


class FetchFailed(Exception):
    """Raised by the fetcher: nothing usable is at the address, and why."""


def fetch(tenant_id: int, job_id: str, url: str, progress: Progress) -> str:
    """Fetch the package and note it in the version; its hash. A fetch cut off by a crash begins anew."""
    if fetcher is None:
        raise FetchFailed("this server fetches nothing")
    limit = get_settings().upload_limit
    progress.stage(f"fetching {url}", 1, FETCHED, limit)
    with tempfile.TemporaryFile(dir=blobs().staging) as copy:
        fetcher(url, CountedSink(copy, progress.add))  # type: ignore[arg-type]
        if copy.tell() > limit:
            raise FetchFailed(f"the package is larger than {limit} bytes")
        if not copy.tell():
            raise FetchFailed("the answer is empty")
        copy.seek(0)
        blob = blobs().put(copy)
    with unit_of_work():
        version = unfinished(tenant_id, job_id, lock=True)
        if version is None:
            raise Cancelled(job_id)
        version.zip_sha256, version.zip_size = blob.sha256, blob.size
    return blob.sha256
