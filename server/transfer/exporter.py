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
from core.errors import Conflict, Invalid
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
    without: list[str],
    tell: Tell,
) -> dict[str, Any]:
    """Write into ``target``; returns its manifest, and how many statements are ``new``.

    ``described`` are the filters in words, to know the export again by; ``without`` names ``attachments`` or ``documents`` left out.
    """
    target.mkdir(parents=True, exist_ok=True)
    manifest = _begin(tenant_id, target, {"application": app_id, "filters": described, "without": without})
    before = manifest["statements"]
    through = consistency.consistent_through(tenant_id)
    with (target / folder.STATEMENTS).open("ab") as out:
        out.truncate(manifest["bytes"])
        out.seek(manifest["bytes"])
        try:
            _statements(tenant_id, target, manifest, out, filters, through, tell)
        finally:
            _checkpoint(target, manifest, out)
    if "documents" not in without:
        manifest["documents"] = _documents(tenant_id, target, tell)
    _check_past(tenant_id, target, manifest)
    manifest |= {"through": consistency.text_of(through), "complete": True}
    folder.write_json(target / folder.MANIFEST, manifest)
    return manifest | {"new": manifest["statements"] - before}


def _begin(tenant_id: int, target: Path, asked: dict[str, Any]) -> dict[str, Any]:
    known = folder.read_json(target / folder.MANIFEST)
    if known is None:
        if any(target.iterdir()):
            raise Invalid(f"{target} is not empty and holds no export; choose an empty folder")
        manifest = {
            "format": folder.FORMAT, **asked, "through": None, "complete": False,
            "statements": 0, "attachments": 0, "documents": 0, "rows": 0, "position": "0", "bytes": 0,
        }  # fmt: skip
        # From now on the folder is known for what it is, wherever we are stopped.
        folder.write_json(target / folder.MANIFEST, manifest)
        return manifest
    if known.get("format") != folder.FORMAT:
        raise Invalid(
            f"{target} holds an export of format {known.get('format')!r}, not {folder.FORMAT}; choose an empty folder"
        )
    if any(known[name] != value for name, value in asked.items()):
        raise Invalid(
            f"{target} holds the export of another application, with other filters or with another choice of attachments"
            " and documents; choose an empty folder"
        )
    _check_past(tenant_id, target, known)
    return known | {"complete": False, "attachments": _files(target)}


def _check_past(tenant_id: int, target: Path, manifest: dict[str, Any]) -> None:
    """Going on behind the last position is right only while nothing comes or goes before it: imports bring statements of any time."""
    more = _rows(tenant_id, consistency.FIRST, _reached(manifest)) - manifest["rows"]
    if more:
        what = "brought into" if more > 0 else "deleted from"
        raise Conflict(
            f"{target} cannot be continued: statements {what} the time that it covers: {abs(more)}; export into an empty folder"
        )


def _reached(manifest: dict[str, Any]) -> int:
    """The position of the last statement in the folder, which has it as a cursor."""
    return consistency.position_of(int(manifest["position"]))


def _rows(tenant_id: int, after: int, last: int) -> int:
    """How many statements have a position behind ``after`` up to ``last``, whatever the filters."""
    query = select(func.count()).where(
        StatementRow.tenant_id == tenant_id, StatementRow.position > after, StatementRow.position <= last
    )
    found = session().scalar(query) or 0
    session().rollback()
    return found


def _statements(
    tenant_id: int,
    target: Path,
    manifest: dict[str, Any],
    out: IO[bytes],
    filters: Filters | None,
    through: int,
    tell: Tell,
) -> None:
    """Whole batches: ``manifest`` says how far they came."""
    after = _reached(manifest)
    # For the progress bar; with filters that would be the work itself.
    to_come = _rows(tenant_id, after, consistency.end_of(through)) if filters is None else 0
    total = manifest["statements"] + to_come
    for number, batch in enumerate(exporting.statements(tenant_id, filters, after=after, through=through), 1):
        out.writelines(line.body + b"\n" for line in batch)
        bodies, last = [line.body for line in batch], batch[-1].position
        # In one step, as Ctrl-C comes between any two.
        manifest.update(
            statements=manifest["statements"] + len(batch),
            attachments=manifest["attachments"] + _attachments(tenant_id, target, bodies, manifest["without"]),
            rows=manifest["rows"] + (len(batch) if filters is None else _rows(tenant_id, after, last)),
            bytes=manifest["bytes"] + sum(len(body) + 1 for body in bodies),
            position=str(consistency.cursor_of(last)),
        )
        after = last
        tell("statements", manifest["statements"], max(total, manifest["statements"]))
        if number % EVERY == 0:
            _checkpoint(target, manifest, out)


def _checkpoint(target: Path, manifest: dict[str, Any], out: IO[bytes]) -> None:
    out.flush()
    os.fsync(out.fileno())
    folder.write_json(target / folder.MANIFEST, manifest)


def _files(target: Path) -> int:
    """How many attachments are there, also behind the last checkpoint."""
    return sum(path.suffix != ".part" for path in (target / folder.ATTACHMENTS).glob("*/*"))


def _attachments(tenant_id: int, target: Path, bodies: list[bytes], without: list[str]) -> int:
    """Write those that are not there yet, and say how many."""
    if "attachments" in without:
        return 0
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
