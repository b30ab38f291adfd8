"""Which blobs there are, which the database speaks of, and the sweep of the others: rejected and deleted uploads, cut-off imports."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from core.blobs import blobs
from core.db import Model, session

log = logging.getLogger("rekam.storage")

# Where the database speaks of blobs: table, column, what it is.
BLOB_COLUMNS = (
    ("course_versions", "zip_sha256", "an uploaded package"),
    ("package_files", "sha256", "a course file"),
    ("courses", "thumbnail", "a thumbnail"),
    ("course_versions", "thumbnail", "a thumbnail of a version"),
    ("attachments", "blob", "an attachment"),
)
# A blob is stored before the row that names it: what is younger than this may still be waited for.
GRACE_SECONDS = 24 * 3600.0
_BATCH = 400
_SHA256 = re.compile(r"[0-9a-f]{64}")


def stored() -> Iterator[str]:
    """The hash of every blob in the store."""
    store = blobs()
    try:
        paths = store.fs.find(store.root)
    except FileNotFoundError:
        return
    for path in paths:
        name = str(path).rpartition("/")[2]
        if _SHA256.fullmatch(name):
            yield name


def wanted() -> Iterator[tuple[str, str]]:
    """(hash, what needs it) of every blob the database speaks of, over all tenants."""
    yield from _wanted(session(), _columns())
    session().rollback()


def wanted_in(copy: Connection) -> set[str]:
    """The hashes that a snapshot or copy of the database speaks of; its schema may be older than ours."""
    inspector = inspect(copy)
    tables = set(inspector.get_table_names())
    there = [
        (table, column, what)
        for table, column, what in _columns()
        if table in tables and any(known["name"] == column for known in inspector.get_columns(table))
    ]
    return {sha256 for sha256, _what in _wanted(copy, there)}


def _wanted(source: Connection | Session, columns: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    for table, column, what in columns:
        query = text(f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" <> \'\'')  # noqa: S608
        for (sha256,) in source.execute(query):
            yield str(sha256), what


def _columns() -> list[tuple[str, str, str]]:
    return [entry for entry in BLOB_COLUMNS if entry[0] in Model.metadata.tables]


def sweep(grace: float = GRACE_SECONDS) -> int:
    """Delete blobs that nothing names and that are older than ``grace`` seconds; returns how many.

    Storing a blob again that is there already renews its age, so an import going on now keeps all it has found.
    """
    store = blobs()
    old = store.list_old(grace)
    deleted = 0
    while batch := list(islice(old, _BATCH)):
        for sha256 in _unnamed(batch):
            if store.age(sha256) > grace:
                store.delete(sha256)
                deleted += 1
    staged = store.drop_staged(grace)
    if deleted or staged:
        log.info("unused blobs deleted", extra={"blobs": deleted, "staged": staged})
    return deleted


def _unnamed(batch: Iterable[str]) -> list[str]:
    """Those of ``batch`` that no row names."""
    left = set(batch)
    for table, column, _ in _columns():
        names = {f"h{index}": sha256 for index, sha256 in enumerate(left)}
        if not names:
            break
        holders = ", ".join(f":{name}" for name in names)
        query = text(f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" IN ({holders})')  # noqa: S608
        left -= {str(row[0]) for row in session().execute(query, names)}
    session().rollback()
    return sorted(left)
