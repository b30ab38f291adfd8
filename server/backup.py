"""Backup, restore and verification of a whole installation: one tar of the database, the blobs and a manifest.

The database is copied first. Blobs never change and are deleted only by hand, so every blob the copy speaks of is still
there when its turn comes.
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
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import text

from core import clock
from core.blobs import CHUNK, BlobStore, blobs
from core.db import Model, db, dialect, session
from core.errors import Conflict, Invalid, Unavailable
from core.settings import Settings
from server import database, storage

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_COPY = "database.sqlite3"
POSTGRES_DUMP = "database.pgdump"
SECRET = "secret_key"  # noqa: S105 - the name of a file
_SHA256 = re.compile(r"[0-9a-f]{64}")

# (what, done, of how many)
Tell = Callable[[str, int, int], None]


def _silent(what: str, done: int, total: int) -> None:
    return None


# --- backup -------------------------------------------------------------------------------------------------------


def backup(settings: Settings, target: Path, *, tell: Tell = _silent) -> dict[str, Any]:
    """Write the archive and return its manifest. The file appears under its name only when it is whole."""
    if target.exists():
        raise Conflict(f"{target} exists already")
    part = target.with_name(target.name + ".part")
    store = blobs()
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder, tarfile.open(part, "w") as archive:
            copy = _copy_database(Path(folder), tell)
            counts = row_counts()
            _add_file(archive, copy, copy.name)
            if not settings.secret_key:
                _add_file(archive, settings.data_path / SECRET, SECRET)
            hashes = sorted(stored_hashes(store))
            for index, sha256 in enumerate(hashes):
                tell("blobs", index, len(hashes))
                _add_blob(archive, store, sha256)
            tell("blobs", len(hashes), len(hashes))
            manifest = {
                "format": FORMAT,
                "created": clock.now().isoformat(),
                "dialect": dialect(),
                "database": copy.name,
                "revision": database.current(),
                "rows": counts,
                "blobs": len(hashes),
                "secret_key": not settings.secret_key,
            }
            _add_bytes(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        part.chmod(0o600)
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _copy_database(folder: Path, tell: Tell) -> Path:
    tell("database", 0, 1)
    if dialect() == "postgresql":
        copy = folder / POSTGRES_DUMP
        _postgres_tool("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={copy}")
    else:
        copy = folder / SQLITE_COPY
        _copy_sqlite(copy, tell)
    tell("database", 1, 1)
    return copy


def _copy_sqlite(target: Path, tell: Tell) -> None:
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


def stored_hashes(store: BlobStore) -> Iterator[str]:
    """The hash of every blob in the store."""
    try:
        paths = store.fs.find(store.root)
    except FileNotFoundError:
        return
    for path in paths:
        name = str(path).rpartition("/")[2]
        if _SHA256.fullmatch(name):
            yield name


def row_counts() -> dict[str, int]:
    """Table → number of rows."""
    found: dict[str, int] = {}
    for table in sorted(Model.metadata.tables):
        found[table] = int(session().execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608
    session().rollback()
    return found


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> None:
    archive.add(path, name, recursive=False, filter=_anonymous)


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
    archive.addfile(info, io.BytesIO(content))


def _add_blob(archive: tarfile.TarFile, store: BlobStore, sha256: str) -> None:
    with store.as_file(sha256) as path:
        _add_file(archive, path, f"blobs/{sha256}")


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


def _extract(tar: tarfile.TarFile, name: str, target: Path) -> None:
    member = tar.extractfile(name)
    if member is None:
        raise Invalid(f"the backup lacks {name}")
    with target.open("wb") as handle:
        shutil.copyfileobj(member, handle, CHUNK)
        handle.flush()
        os.fsync(handle.fileno())


# --- restore ------------------------------------------------------------------------------------------------------


def restore(settings: Settings, archive: Path, *, tell: Tell = _silent) -> dict[str, Any]:
    """Bring an archive into an empty installation (no server running) and migrate it; returns its manifest."""
    with _opened(archive) as (tar, manifest):
        if manifest["dialect"] != dialect():
            raise Invalid(f"this is a backup of {manifest['dialect']}, and the database is {dialect()}")
        _check_empty()
        _restore_secret(settings, tar, manifest)
        _restore_blobs(tar, int(manifest["blobs"]), tell)
        tell("database", 0, 1)
        with tempfile.TemporaryDirectory(dir=settings.data_path) as folder:
            copy = Path(folder) / manifest["database"]
            _extract(tar, manifest["database"], copy)
            _restore_database(copy)
        tell("database", 1, 1)
    database.upgrade()
    return manifest


def _check_empty() -> None:
    from sqlalchemy import inspect

    tables = set(inspect(db.engine).get_table_names())
    if "tenants" in tables and session().execute(text("SELECT 1 FROM tenants LIMIT 1")).first():
        raise Conflict("the database is not empty; restore into a fresh data folder or a new database")
    session().rollback()


def _restore_secret(settings: Settings, tar: tarfile.TarFile, manifest: dict[str, Any]) -> None:
    """Without the key it was made under no credential of the backup would be known."""
    if not manifest["secret_key"]:
        return
    if settings.secret_key:
        raise Conflict("the backup brings its own secret key; unset REKAM_SECRET_KEY, or set it to that key afterwards")
    path = settings.data_path / SECRET
    _extract(tar, SECRET, path)
    path.chmod(0o600)


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
        _postgres_tool(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error", str(copy)
        )
        return
    target = Path(str(db.engine.url.database))
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    copy.replace(target)


# --- verification ---------------------------------------------------------------------------------------------------


def verify_archive(archive: Path, *, tell: Tell = _silent) -> list[str]:
    """What is wrong with an archive, in sentences; an empty list when it is sound."""
    problems: list[str] = []
    with _opened(archive) as (tar, manifest):
        names = set(tar.getnames())
        if manifest["database"] not in names:
            problems.append(f"{manifest['database']} is missing")
        done, total = 0, int(manifest["blobs"])
        for member in tar:
            folder, _, name = member.name.partition("/")
            content = tar.extractfile(member) if folder == "blobs" else None
            if content is None:
                continue
            done += 1
            tell("blobs", done, total)
            if _hash(content) != name:
                problems.append(f"the blob {name} is damaged")
        if done != total:
            problems.append(f"there should be {total} blobs, there are {done}")
    return problems


def _hash(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def verify_installation(*, tell: Tell = _silent) -> list[str]:
    """What is wrong with the running installation: database integrity, blobs, statements."""
    problems = _check_database()
    store = blobs()
    hashes = sorted(stored_hashes(store))
    for index, sha256 in enumerate(hashes):
        tell("blobs", index, len(hashes))
        with store.open(sha256) as handle:
            if _hash(handle) != sha256:
                problems.append(f"the blob {sha256} is damaged")
    tell("blobs", len(hashes), len(hashes))
    problems += [
        f"the blob {sha256} of {what} is missing" for sha256, what in storage.wanted() if sha256 not in set(hashes)
    ]
    return problems + _check_statements(tell)


def _check_database() -> list[str]:
    if dialect() != "sqlite":
        session().execute(text("SELECT 1"))
        return []
    found = [str(row[0]) for row in session().execute(text("PRAGMA integrity_check(20)"))]
    broken = [
        f"row {row[1]} of {row[0]} refers to nothing in {row[2]}"
        for row in session().execute(text("PRAGMA foreign_key_check"))
    ]
    session().rollback()
    return [f"SQLite: {line}" for line in found if line != "ok"] + broken[:20]


def _check_statements(tell: Tell) -> list[str]:
    """Every statement is JSON with the id under which it is stored."""
    problems: list[str] = []
    table = Model.metadata.tables.get("statements")
    if table is None:
        return problems
    from sqlalchemy import func, select

    # Rows without a body hold the place of statements still to come.
    there = table.c.body.is_not(None)
    total = int(session().execute(select(func.count()).select_from(table).where(there)).scalar_one())
    query = select(table.c.id, table.c.body).where(there).execution_options(yield_per=1000)
    for index, (statement_id, raw) in enumerate(session().execute(query)):
        if index % 1000 == 0:
            tell("statements", index, total)
        try:
            if str(msgspec.json.decode(raw).get("id")).lower() != str(statement_id):
                problems.append(f"statement {statement_id} holds another id")
        except (msgspec.DecodeError, AttributeError):
            problems.append(f"statement {statement_id} is not JSON")
    session().rollback()
    tell("statements", total, total)
    return problems
