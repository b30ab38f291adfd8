"""Backups of a whole installation, made, brought back and checked: one tar of the database, the blobs and a manifest.

The database is copied first. Blobs never change, and a sweep deletes only those of which the database has not spoken for a day: one that
goes before its turn has come is missed only if the copy speaks of it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
from flask import current_app
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from core import clock, crypto
from core.blobs import CHUNK, BlobStore, blobs
from core.db import Model, db, dialect, session
from core.errors import Conflict, Invalid, NotFound, Unavailable
from core.settings import Settings
from server import database, storage

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_COPY = "database.sqlite3"
POSTGRES_DUMP = "database.pgdump"
SECRET = "secret_key"  # noqa: S105 - the name of a file
_SHA256 = re.compile(r"[0-9a-f]{64}")

# SHA-256 and number of bytes of a file.
Facts = dict[str, str | int]
# (what, done, of how many)
Tell = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    return None


# --- backup -------------------------------------------------------------------------------------------------------


def backup(settings: Settings, target: Path, *, tell: Tell = silent) -> dict[str, Any]:
    """Write the archive and return its manifest. The file appears under its name only when it is whole."""
    if target.exists():
        raise Conflict(f"{target} exists already")
    part = target.with_name(target.name + ".part")
    with _private(part) as file, tempfile.TemporaryDirectory(dir=target.parent) as folder:
        with tarfile.open(fileobj=file, mode="w") as archive:
            copy = _copy_database(Path(folder), tell)
            files = {copy.path.name: copy.path}
            if not settings.secret_key:
                files[SECRET] = settings.data_path / SECRET
            written = {name: _add_file(archive, path, name) for name, path in files.items()}
            count = _add_blobs(archive, copy.wanted, tell)
            manifest = {
                "format": FORMAT,
                "created": clock.now().isoformat(),
                "dialect": dialect(),
                "database": copy.path.name,
                "revision": database.current(),
                "rows": copy.rows,
                "blobs": count,
                "files": written,
                "secret_key": not settings.secret_key,
                "key_fingerprint": _key_fingerprint(),
            }
            _add_bytes(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        file.flush()
        os.fsync(file.fileno())
        part.replace(target)
    return manifest


@contextmanager
def _private(part: Path) -> Iterator[IO[bytes]]:
    """A new file that nobody else may read at any time; what is left of it when something fails is deleted."""
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(f"{part} exists: another backup is writing it, or was killed; in that case delete it") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
    finally:
        part.unlink(missing_ok=True)


def _key_fingerprint() -> str:
    """Knows the secret key of this installation again without telling it."""
    return crypto.keyed_hash(current_app.config["SECRET_KEY"], "backup", "fingerprint")[:16]


@dataclass(frozen=True)
class _Copy:
    """A copy of the database, how many rows it has of each table and which blobs it speaks of: others may write on meanwhile."""

    path: Path
    rows: dict[str, int]
    wanted: set[str]


def _copy_database(folder: Path, tell: Tell) -> _Copy:
    tell("database", 0, 1)
    if dialect() == "postgresql":
        copy = _dump_postgres(folder / POSTGRES_DUMP)
    else:
        copy = _copy_sqlite(folder / SQLITE_COPY, tell)
    tell("database", 1, 1)
    return copy


def _dump_postgres(target: Path) -> _Copy:
    """pg_dump, and what is to be known of it, of one snapshot."""
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        # It is idle for as long as the dump takes.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        copy = _Copy(target, row_counts(connection), storage.wanted_in(connection))
        _postgres_tool(
            "pg_dump", f"--snapshot={snapshot}", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"
        )
    return copy


def _copy_sqlite(target: Path, tell: Tell) -> _Copy:
    """SQLite's online backup: a consistent copy while writers go on."""
    import pysqlite3

    source = pysqlite3.connect(db.engine.url.database, timeout=30)
    copy = pysqlite3.connect(target)
    try:
        source.backup(copy, pages=4096, progress=lambda _, left, total: tell("database", total - left, total))
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
        source.close()
    engine = create_engine(f"sqlite:///{target}", module=pysqlite3, poolclass=NullPool)
    with engine.connect() as connection:
        return _Copy(target, row_counts(connection), storage.wanted_in(connection))


def _postgres_tool(tool: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore against our database; the password goes by the environment, not the command line."""
    path = shutil.which(tool)
    if path is None:
        raise Unavailable(f"{tool} is not installed; it comes with the PostgreSQL client programs")
    url = db.engine.url
    environ = {**os.environ, "PGPASSWORD": url.password or ""}
    where = [f"--dbname={url.database}", f"--host={url.host or ''}", f"--port={url.port or 5432}"]
    if url.username:
        where.append(f"--username={url.username}")
    done = subprocess.run([path, *where, *arguments], env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Unavailable(f"{tool} failed: {done.stderr.strip()[:1000]}")


def row_counts(connection: Connection) -> dict[str, int]:
    """Table → number of rows, of the tables there are."""
    tables = sorted(Model.metadata.tables.keys() & set(inspect(connection).get_table_names()))
    return {
        table: int(connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608
        for table in tables
    }


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> Facts:
    archive.add(path, name, recursive=False, filter=_anonymous)
    with path.open("rb") as handle:
        return facts(handle)


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
    archive.addfile(info, io.BytesIO(content))


def _add_blobs(archive: tarfile.TarFile, wanted: set[str], tell: Tell) -> int:
    """Every blob of the store; how many they were. One that goes meanwhile is missed only where it is ``wanted``."""
    hashes = sorted(storage.stored())
    gone = 0
    for index, sha256 in enumerate(hashes):
        tell("blobs", index, len(hashes))
        try:
            _add_blob(archive, blobs(), sha256)
        except (FileNotFoundError, NotFound):
            if sha256 in wanted:
                raise Unavailable(f"the blob {sha256} was deleted while the backup was made; make it again") from None
            gone += 1
    tell("blobs", len(hashes), len(hashes))
    return len(hashes) - gone


def _add_blob(archive: tarfile.TarFile, store: BlobStore, sha256: str) -> None:
    """FileNotFoundError or NotFound where the store no longer has it; then nothing of it is in the archive."""
    with store.as_file(sha256) as path:
        archive.add(path, f"blobs/{sha256}", recursive=False, filter=_anonymous)


# --- reading an archive ---------------------------------------------------------------------------------------------


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    try:
        with tarfile.open(archive, "r:") as tar:
            member = tar.extractfile(MANIFEST)
            manifest = msgspec.json.decode(member.read()) if member else {}
            if manifest.get("format") != FORMAT:
                raise Invalid(f"{archive} is a backup of format {manifest.get('format')!r}, not {FORMAT}")
            yield tar, manifest
    except (tarfile.TarError, KeyError, msgspec.DecodeError) as error:
        raise Invalid(f"{archive} is not a complete backup: {error}") from error


def _single_files(manifest: dict[str, Any]) -> list[str]:
    """What the archive has one of, beside the blobs."""
    return [manifest["database"], *([SECRET] if manifest["secret_key"] else [])]


def _wrong(manifest: dict[str, Any], name: str, content: IO[bytes] | None) -> str | None:
    """What is wrong with one of the single files, in a sentence; archives of earlier versions hold no facts to compare with."""
    if content is None:
        return f"{name} is missing"
    known = manifest.get("files", {}).get(name)
    return f"{name} is damaged" if known is not None and known != facts(content) else None


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes] | None:
    return tar.extractfile(name) if name in tar.getnames() else None


def _extract(tar: tarfile.TarFile, manifest: dict[str, Any], name: str, target: Path) -> None:
    """One of the single files, which must be as it was."""
    content = _member(tar, name)
    problem = _wrong(manifest, name, content)
    if content is None or problem is not None:
        raise Invalid(f"the backup cannot be restored: {problem}")
    content.seek(0)
    with target.open("wb") as handle:
        shutil.copyfileobj(content, handle, CHUNK)
        handle.flush()
        os.fsync(handle.fileno())


# --- restore ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Restored:
    """Rows by table; ``different`` are those of which the backup had another number (table → number there)."""

    rows: dict[str, int]
    different: dict[str, int]
    warnings: list[str]


def restore(settings: Settings, archive: Path, *, tell: Tell = silent) -> Restored:
    """Bring an archive into an empty installation (no server running) and migrate it."""
    with _opened(archive) as (tar, manifest):
        if manifest["dialect"] != dialect():
            raise Invalid(f"this is a backup of {manifest['dialect']}, and the database is {dialect()}")
        if manifest["secret_key"] and settings.secret_key:
            raise Conflict(
                "the backup brings its own secret key; unset REKAM_SECRET_KEY, or set it to that key afterwards"
            )
        _check_empty()
        # Nobody but us looks into a temporary folder.
        with tempfile.TemporaryDirectory(dir=settings.data_path) as folder:
            files = {name: Path(folder) / name for name in _single_files(manifest)}
            for name, path in files.items():
                _extract(tar, manifest, name, path)
            _restore_blobs(tar, int(manifest["blobs"]), tell)
            tell("database", 0, 1)
            if manifest["secret_key"]:
                # Without the key it was made under no credential of the backup would be known.
                files[SECRET].chmod(0o600)
                files[SECRET].replace(settings.data_path / SECRET)
            _restore_database(files[manifest["database"]])
        tell("database", 1, 1)
    with db.engine.connect() as connection:
        rows = row_counts(connection)
    database.upgrade()
    different = {table: count for table, count in manifest["rows"].items() if rows.get(table) != count}
    return Restored(rows, different, _warnings(manifest))


def _warnings(manifest: dict[str, Any]) -> list[str]:
    """A key that was set from outside is not in the archive; one that is not known may be the right one."""
    if manifest["secret_key"] or manifest.get("key_fingerprint") == _key_fingerprint():
        return []
    is_ = "is not the one of this installation" if "key_fingerprint" in manifest else "may be another than the one here"
    return [
        f"The backup was made with REKAM_SECRET_KEY set, and that key {is_}. Set REKAM_SECRET_KEY to it:"
        " under another one no credential works, and secrets of webhooks and forwarders cannot be read."
    ]


def _check_empty() -> None:
    tables = set(inspect(db.engine).get_table_names())
    if "tenants" in tables and session().execute(text("SELECT 1 FROM tenants LIMIT 1")).first():
        raise Conflict("the database is not empty; restore into a fresh data folder or a new database")
    session().rollback()


def _restore_blobs(tar: tarfile.TarFile, total: int, tell: Tell) -> None:
    store, done = blobs(), 0
    for member in tar:
        folder, _, name = member.name.partition("/")
        content = tar.extractfile(member) if folder == "blobs" and _SHA256.fullmatch(name) else None
        if content is None:
            continue
        if store.put(content).sha256 != name:
            raise Invalid(f"the blob {name} is damaged in the backup")
        done += 1
        tell("blobs", done, total)
    if done != total:
        raise Invalid(f"the backup should hold {total} blobs but holds {done}")


def _restore_database(copy: Path) -> None:
    db.engine.dispose()
    if dialect() == "postgresql":
        # All of it or nothing: what was killed can be begun again.
        whole = ("--single-transaction", "--clean", "--if-exists")
        _postgres_tool("pg_restore", *whole, "--no-owner", "--no-privileges", str(copy))
        return
    target = Path(str(db.engine.url.database))
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    copy.replace(target)


# --- checking ---------------------------------------------------------------------------------------------------


def verify_archive(archive: Path, *, tell: Tell = silent) -> list[str]:
    """What is wrong with an archive, in sentences; an empty list when it is sound."""
    problems: list[str] = []
    with _opened(archive) as (tar, manifest):
        for name in _single_files(manifest):
            problem = _wrong(manifest, name, _member(tar, name))
            problems += [problem] if problem is not None else []
        done, total = 0, int(manifest["blobs"])
        for member in tar:
            folder, _, name = member.name.partition("/")
            content = tar.extractfile(member) if folder == "blobs" else None
            if content is None:
                continue
            done += 1
            tell("blobs", done, total)
            if facts(content)["sha256"] != name:
                problems.append(f"the blob {name} is damaged")
        if done != total:
            problems.append(f"there should be {total} blobs, there are {done}")
    return problems


def facts(source: IO[bytes]) -> Facts:
    """Of what is left to read."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return {"sha256": digest.hexdigest(), "bytes": size}
