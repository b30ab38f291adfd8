"""Content-addressed storage of immutable bytes on a folder or S3 (anything fsspec speaks).

The key of a blob is the SHA-256 of its bytes in hex, so equal files are stored once and a stored blob never changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import fsspec
import msgspec
from flask import current_app

from core.errors import NotFound, Unavailable
from core.settings import Settings

CHUNK = 1 << 20


@dataclass(frozen=True)
class Blob:
    sha256: str
    size: int


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class BlobStore:
    """``put`` is idempotent and atomic; a reader never sees half a blob."""

    def __init__(self, url: str, options: dict[str, Any], staging: Path) -> None:
        self.fs, root = fsspec.core.url_to_fs(url, **options)
        self.root = root.rstrip("/")
        self.local = Path(self.root) if "file" in self.fs.protocol else None
        # Staging lies inside a local store, so that the final rename never crosses file systems.
        self.staging = self.local / "staging" if self.local else staging
        self.staging.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> str:
        return f"{self.root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def put(self, source: _Readable) -> Blob:
        """Store all that ``source`` still has to read, in constant memory."""
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=self.staging)
        try:
            with os.fdopen(handle, "wb") as staged:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    staged.write(chunk)
                staged.flush()
                os.fsync(staged.fileno())
            blob = Blob(digest.hexdigest(), size)
            self._publish(name, blob)
        except OSError as error:
            raise Unavailable(f"cannot store a file: {error.strerror or error}") from error
        finally:
            Path(name).unlink(missing_ok=True)
        return blob

    def _publish(self, staged: str, blob: Blob) -> None:
        target = self.path(blob.sha256)
        if self.local is None:
            if not self.fs.exists(target):
                self.fs.put_file(staged, target)
            return
        final = Path(target)
        if final.exists() and final.stat().st_size == blob.size:
            return
        final.parent.mkdir(parents=True, exist_ok=True)
        Path(staged).replace(final)
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def open(self, sha256: str) -> IO[bytes]:
        """A seekable binary file; :class:`NotFound` when the store does not have it."""
        try:
            handle: IO[bytes] = self.fs.open(self.path(sha256), "rb")
        except FileNotFoundError:
            raise NotFound(f"no blob {sha256}") from None
        return handle

    def read(self, sha256: str) -> bytes:
        with self.open(sha256) as handle:
            return handle.read()

    def local_path(self, sha256: str) -> Path | None:
        """The file itself where the store is a folder: lets the server use sendfile."""
        return Path(self.path(sha256)) if self.local else None

    def exists(self, sha256: str) -> bool:
        return bool(self.fs.exists(self.path(sha256)))

    def delete(self, sha256: str) -> None:
        if self.exists(sha256):
            self.fs.rm_file(self.path(sha256))

    @contextmanager
    def as_file(self, sha256: str) -> Iterator[Path]:
        """The blob as a local file for libraries that need one; a copy is removed afterwards."""
        local = self.local_path(sha256)
        if local is not None:
            yield local
            return
        with tempfile.NamedTemporaryFile(dir=self.staging) as copy:
            with self.open(sha256) as handle:
                shutil.copyfileobj(handle, copy, CHUNK)
            copy.flush()
            yield Path(copy.name)


def make_store(settings: Settings) -> BlobStore:
    url = settings.storage_url or str(settings.data_path / "blobs")
    options = msgspec.json.decode(settings.storage_options) if settings.storage_options else {}
    return BlobStore(url, options, settings.data_path / "staging")


def blobs() -> BlobStore:
    """The store of the running application."""
    store: BlobStore = current_app.extensions["rekam_blobs"]
    return store
