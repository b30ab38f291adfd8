"""Content-addressed storage of immutable bytes on a folder or S3 (anything fsspec speaks).

The key of a blob is the SHA-256 of its bytes in hex, so equal files are stored once and a stored blob never changes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

import fsspec
from flask import current_app

from core.errors import Invalid, NotFound, Unavailable
from core.settings import Settings

CHUNK = 1 << 20


@dataclass(frozen=True)
class Blob:
    sha256: str
    size: int


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


_KEY_LENGTH = 64
# Waits for the disk overlap; more threads gain nothing.
_SYNC_THREADS = 8
# On S3 a blob older than this is written again when it is needed again.
_FRESH_SECONDS = 3600.0
# What is read from S3 at a time: a player that seeks in a video asks for some kilobytes, a download for all of it.
_BLOCK = 1 << 20


def _written(entry: dict[str, Any]) -> float:
    """When a listed file was written, as seconds since 1970: folders say a number, S3 a datetime."""
    when = entry.get("mtime") or entry.get("LastModified") or 0.0
    return when.timestamp() if isinstance(when, datetime) else float(when)


class BlobStore:
    """``put`` is idempotent and atomic; a reader never sees half a blob."""

    def __init__(self, url: str, options: dict[str, Any], staging: Path) -> None:
        # A remembered listing would hide what other processes store after it.
        self.fs, root = fsspec.core.url_to_fs(url, **{"use_listings_cache": False, **options})
        self.root = root.rstrip("/")
        self.local = Path(self.root) if "file" in self.fs.protocol else None
        # Staging lies inside a local store, so that the final rename never crosses file systems.
        self.staging = self.local / "staging" if self.local else staging
        self.staging.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> str:
        return f"{self.root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def put(self, source: _Readable) -> Blob:
        """Store all that ``source`` still has to read, in constant memory."""
        with self.batch() as batch:
            return batch.put(source)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Store many files and make them durable together, at the end: one wait for the disk instead of two a file.

        Until the block ends none of its files is to be found; when it raises, none ever is.
        """
        batch = Batch(self)
        try:
            yield batch
            batch.publish()
        except OSError as error:
            raise Unavailable(f"cannot store a file: {error.strerror or error}") from error
        finally:
            batch.discard()

    def open(self, sha256: str) -> IO[bytes]:
        """A seekable binary file; :class:`NotFound` when the store does not have it."""
        try:
            handle: IO[bytes] = self.fs.open(self.path(sha256), "rb", block_size=_BLOCK)
        except FileNotFoundError:
            raise NotFound(f"no blob {sha256}") from None
        return handle

    def read(self, sha256: str) -> bytes:
        with self.open(sha256) as handle:
            return handle.read()

    def local_path(self, sha256: str) -> Path | None:
        """The file itself where the store is a folder: lets the server use sendfile."""
        return Path(self.path(sha256)) if self.local else None

    def renew(self, blob: Blob) -> bool:
        """Whether the store has the blob, whole; its age begins anew, so that a sweep leaves it alone."""
        try:
            if self.local is None:
                # An object has no age that could be renewed but by writing it again.
                return self.age(blob.sha256) < _FRESH_SECONDS
            path = Path(self.path(blob.sha256))
            if path.stat().st_size != blob.size:
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def age(self, sha256: str) -> float:
        """Seconds since the blob was written or renewed; FileNotFoundError when there is none."""
        return time.time() - _written(self.fs.info(self.path(sha256)))

    def exists(self, sha256: str) -> bool:
        return bool(self.fs.exists(self.path(sha256)))

    def delete(self, sha256: str) -> None:
        if self.exists(sha256):
            self.fs.rm_file(self.path(sha256))

    def list_old(self, seconds: float) -> Iterator[str]:
        """The keys of all blobs written more than ``seconds`` ago, in no order."""
        now = time.time()
        for folder in self._folders(self._folders([self.root])):
            for entry in self.fs.ls(folder, detail=True, refresh=True):
                name = entry["name"].rpartition("/")[2]
                if len(name) == _KEY_LENGTH and now - _written(entry) > seconds:
                    yield name

    def _folders(self, above: Iterable[str]) -> Iterator[str]:
        """The folders of two hex digits below each of ``above``."""
        for folder in above:
            try:
                entries = self.fs.ls(folder, detail=True, refresh=True)
            except FileNotFoundError:
                continue
            for entry in entries:
                name = entry["name"].rstrip("/").rpartition("/")[2]
                if entry["type"] == "directory" and len(name) == 2:
                    yield entry["name"].rstrip("/")

    def drop_staged(self, seconds: float) -> int:
        """Delete what a process that died left in staging more than ``seconds`` ago; returns how many files."""
        old = [p for p in self.staging.iterdir() if p.is_file() and time.time() - p.stat().st_mtime > seconds]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    @contextmanager
    def as_file(self, sha256: str) -> Iterator[Path]:
        """The blob as a local file for libraries that need one; a copy is removed afterwards."""
        local = self.local_path(sha256)
        if local is not None:
            yield local
            return
        with tempfile.NamedTemporaryFile(dir=self.staging) as copy:
            try:
                # One request for the whole object.
                self.fs.get_file(self.path(sha256), copy.name)
            except FileNotFoundError:
                raise NotFound(f"no blob {sha256}") from None
            yield Path(copy.name)


class Batch:
    """Files on their way into a store; see :meth:`BlobStore.batch`."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._staged: dict[str, Path] = {}

    def put(self, source: _Readable) -> Blob:
        """Take all that ``source`` still has to read, in constant memory."""
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=self._store.staging)
        staged = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        blob = Blob(digest.hexdigest(), size)
        if blob.sha256 in self._staged or self._store.renew(blob):
            staged.unlink()
        else:
            self._staged[blob.sha256] = staged
        return blob

    def publish(self) -> None:
        """First the bytes, then the names, then the folders: after a power cut a name never stands for half a file."""
        store = self._store
        targets = {sha256: store.path(sha256) for sha256 in self._staged}
        with ThreadPoolExecutor(min(_SYNC_THREADS, len(targets) or 1)) as pool:
            if store.local is None:
                list(pool.map(lambda key: store.fs.put_file(str(self._staged[key]), targets[key]), targets))
                return
            list(pool.map(_sync, self._staged.values()))
            folders = {Path(target).parent for target in targets.values()}
            new = {folder.parent for folder in folders if not folder.is_dir()}
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            for sha256, target in targets.items():
                self._staged[sha256].replace(target)
            list(pool.map(_sync, [*folders, *new, *([store.local] if new else [])]))

    def discard(self) -> None:
        """Remove what was not published."""
        for staged in self._staged.values():
            staged.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_store(settings: Settings) -> BlobStore:
    url = settings.storage_url or str(settings.data_path / "blobs")
    try:
        return BlobStore(url, settings.storage_arguments, settings.data_path / "staging")
    except (ImportError, ValueError) as error:  # a driver that is not installed, or that nobody knows
        raise Invalid(f"REKAM_STORAGE_URL cannot be used: {error}") from None


def blobs() -> BlobStore:
    """The store of the running application."""
    store: BlobStore = current_app.extensions["rekam_blobs"]
    return store
