"""Writing an application's records into a folder; begun again it goes on where it stopped, later it adds what has come since."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import func, select

from core.blobs import CHUNK, blobs
from core.db import session
from core.errors import Invalid
from lrs import attachments, consistency, exporting
from lrs.models import Document, StatementRow
from lrs.query import Filters
from server.transfer import folder
from server.transfer.folder import Tell

# Batches between two checkpoints.
EVERY = 20


def export(
    tenant_id: int,
    app_id: str,
    target: Path,
    *,
    filters: Filters | None,
    described: dict[str, Any],
    with_attachments: bool,
    with_documents: bool,
    tell: Tell,
) -> dict[str, Any]:
    """Write into ``target``; returns its manifest, and how many statements are ``new``.

    ``described`` are the filters in words, to know the export again by.
    """
    target.mkdir(parents=True, exist_ok=True)
    manifest = _begin(target, app_id, described)
    before = manifest["statements"]
    through = consistency.consistent_through(tenant_id)
    total = manifest["statements"] + _count(tenant_id, int(manifest["position"]), through, filters)
    path = target / folder.STATEMENTS
    with path.open("ab") as out:
        out.truncate(manifest["bytes"])
        out.seek(manifest["bytes"])
        lines = exporting.statements(tenant_id, filters, after=int(manifest["position"]), through=through)
        for number, batch in enumerate(lines, 1):
            out.writelines(line.body + b"\n" for line in batch)
            if with_attachments:
                manifest["attachments"] += _attachments(tenant_id, target, [line.body for line in batch])
            manifest["statements"] += len(batch)
            manifest["position"] = str(batch[-1].position)
            tell("statements", manifest["statements"], max(total, manifest["statements"]))
            if number % EVERY == 0:
                _checkpoint(target, manifest, out)
        _checkpoint(target, manifest, out)
    if with_documents:
        manifest["documents"] = _documents(tenant_id, target, tell)
    manifest |= {"through": consistency.text_of(through), "complete": True}
    folder.write_json(target / folder.MANIFEST, manifest)
    return manifest | {"new": manifest["statements"] - before}


def _begin(target: Path, app_id: str, described: dict[str, Any]) -> dict[str, Any]:
    known = folder.read_json(target / folder.MANIFEST)
    if known is None:
        if any(target.iterdir()):
            raise Invalid(f"{target} is not empty and holds no export; choose an empty folder")
        return {
            "format": folder.FORMAT, "application": app_id, "filters": described, "through": None, "complete": False,
            "statements": 0, "attachments": 0, "documents": 0, "position": "0", "bytes": 0,
        }  # fmt: skip
    if known.get("format") != folder.FORMAT:
        raise Invalid(f"{target} holds an export of format {known.get('format')!r}, not {folder.FORMAT}")
    if known["application"] != app_id or known["filters"] != described:
        raise Invalid(f"{target} holds the export of another application or with other filters; choose an empty folder")
    return known | {"complete": False}


def _count(tenant_id: int, after: int, through: int, filters: Filters | None) -> int:
    """How many are to come, for the progress bar; with filters that would be the work itself."""
    if filters is not None:
        return 0
    query = select(func.count()).where(
        StatementRow.tenant_id == tenant_id,
        StatementRow.position > after,
        StatementRow.position < through + 1 << consistency.SHIFT,
    )
    found = session().scalar(query) or 0
    session().rollback()
    return found


def _checkpoint(target: Path, manifest: dict[str, Any], out: IO[bytes]) -> None:
    out.flush()
    os.fsync(out.fileno())
    manifest["bytes"] = out.tell()
    folder.write_json(target / folder.MANIFEST, manifest)


def _attachments(tenant_id: int, target: Path, bodies: list[bytes]) -> int:
    with_some = [msgspec.json.decode(body) for body in bodies if b'"attachments"' in body]
    written = 0
    for _, kept in attachments.find(tenant_id, with_some):
        path = folder.attachment(target, kept.sha2)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with blobs().open(kept.blob) as source, part.open("wb") as copy:
            shutil.copyfileobj(source, copy, CHUNK)
        part.replace(path)
        written += 1
    session().rollback()
    return written


def _documents(tenant_id: int, target: Path, tell: Tell) -> int:
    """All of them each time: documents change, statements do not."""
    total = session().scalar(select(func.count()).where(Document.tenant_id == tenant_id)) or 0
    session().rollback()
    path, done = target / folder.DOCUMENTS, 0
    part = path.with_name(path.name + ".part")
    with part.open("wb") as out:
        for line in exporting.documents(tenant_id):
            out.write(line + b"\n")
            done += 1
            tell("documents", done, max(total, done))
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    return done
