"""Attachments: which parts a request must bring, their hashes and signatures, and where their bytes are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from core.blobs import CHUNK, BlobStore, blobs
from core.db import dialect, session
from core.errors import Invalid
from lrs import multipart, signatures
from lrs.models import Attachment
from lrs.validation import SIGNATURE

_ALGORITHMS = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
SIGNATURE_LIMIT = 1 << 20


@dataclass(frozen=True)
class Kept:
    """An attachment whose bytes are in the blob store."""

    sha2: str
    blob: str
    size: int


class _Hashing:
    """A part that is hashed while the blob store reads it."""

    def __init__(self, part: multipart.Readable, algorithm: str) -> None:
        self.part = part
        self.digest = hashlib.new(algorithm)

    def read(self, size: int = -1, /) -> bytes:
        piece = self.part.read(size)
        self.digest.update(piece)
        return piece


def declared(statement: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(JSON path, attachment) of everything attached to a statement, and to the SubStatement that is its object (1.0.3 Data 2.4.4.3)."""
    target = statement["object"]
    # No other kind of object has attachments, and hardly any statement.
    if "attachments" not in statement and "attachments" not in target:
        return []
    return [
        (f"{path}.attachments[{number}]", attachment)
        for path, holder in (("$", statement), ("$.object", target))
        for number, attachment in enumerate(holder.get("attachments", ()))
    ]


def receive(parts: Iterable[multipart.Part], statements: list[dict[str, Any]]) -> list[Kept]:
    """Store the parts after the first and check them against the attachments that ``statements`` declare (1.0.3 Data 2.4.11)."""
    wanted = {a["sha2"].lower() for s in statements for _, a in declared(s)}
    kept: dict[str, Kept] = {}
    for part in parts:
        sha2 = part.headers.get("x-experience-api-hash", "").lower()
        if part.headers.get("content-transfer-encoding", "").lower() != "binary":
            raise Invalid("an attachment part needs Content-Transfer-Encoding: binary", code="attachment")
        if not sha2:
            raise Invalid("an attachment part needs the header X-Experience-API-Hash", code="attachment")
        if sha2 not in wanted:
            raise Invalid(f"no statement has an attachment with the hash {sha2[:128]!r}", code="attachment")
        kept[sha2] = keep(part, sha2)
    require(statements, kept.keys())
    _check_signatures(statements, kept)
    return list(kept.values())


def keep(source: multipart.Readable, sha2: str) -> Kept:
    """Store bytes as a blob; :class:`Invalid` unless ``sha2`` (a SHA-2 of any length, in lower case) is their hash."""
    if len(sha2) not in _ALGORITHMS:
        raise Invalid(f"{sha2[:128]!r} is not a SHA-2 in hex", code="attachment")
    hashing = _Hashing(source, _ALGORITHMS[len(sha2)])
    blob = blobs().put(hashing)
    if hashing.digest.hexdigest() != sha2:
        raise Invalid(f"the bytes of the attachment {sha2} do not have that hash", code="attachment")
    return Kept(sha2, blob.sha256, blob.size)


def require(statements: list[dict[str, Any]], present: Iterable[str] = ()) -> None:
    """Every attachment must come with the request or have a fileUrl."""
    known = set(present)
    for index, statement in enumerate(statements):
        for path, attachment in declared(statement):
            if attachment["sha2"].lower() in known or "fileUrl" in attachment:
                continue
            raise Invalid(
                f"statement {index}: {path} has neither a fileUrl nor a part with its bytes",
                code="attachment",
                index=index,
                path=path,
            )


def _check_signatures(statements: list[dict[str, Any]], kept: dict[str, Kept]) -> None:
    """Those of SubStatements are not looked at: only statements are signed (1.0.3 Data 2.6)."""
    for index, statement in enumerate(statements):
        for attachment in statement.get("attachments", ()):
            found = kept.get(attachment["sha2"].lower())
            if attachment["usageType"] != SIGNATURE or found is None:
                continue
            if attachment["contentType"].partition(";")[0].strip().lower() != "application/octet-stream":
                raise Invalid(
                    f"statement {index}: a signature must have the contentType application/octet-stream",
                    code="signature",
                    index=index,
                )
            if found.size > SIGNATURE_LIMIT:
                raise Invalid(f"statement {index}: its signature is larger than 1 MiB", code="signature", index=index)
            signatures.verify(blobs().read(found.blob), statement, index)


def record(tenant_id: int, kept: Iterable[Kept]) -> None:
    """Remember in the current transaction where the bytes are."""
    values = [
        {"tenant_id": tenant_id, "sha2": k.sha2, "blob": k.blob, "size": k.size}
        for k in sorted(kept, key=lambda k: k.sha2)
    ]
    if values:
        insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
        session().execute(insert(Attachment).on_conflict_do_nothing(), values)


def find(
    tenant_id: int, statements: Iterable[dict[str, Any]], *, brought: bool = False
) -> list[tuple[dict[str, Any], Kept]]:
    """(attachment as declared, where it is) of those ``statements`` whose bytes are kept; each hash once.

    ``brought``: only bytes that surely came with these statements. Who names the hash of a file need not have it where the attachment has
    a fileUrl; without one the statement was only stored with the bytes (:func:`require`).
    """
    wanted = {a["sha2"].lower(): a for s in statements for _, a in declared(s) if not brought or "fileUrl" not in a}
    if not wanted:
        return []
    query = select(Attachment).where(Attachment.tenant_id == tenant_id, Attachment.sha2.in_(sorted(wanted)))
    return [(wanted[row.sha2], Kept(row.sha2, row.blob, row.size)) for row in session().scalars(query)]


def one(tenant_id: int, sha2: str) -> Kept | None:
    """Where the bytes with this hash are, or None."""
    row = session().get(Attachment, (tenant_id, sha2.lower()))
    return None if row is None else Kept(row.sha2, row.blob, row.size)


def answer(boundary: str, first: bytes, found: list[tuple[dict[str, Any], Kept]], store: BlobStore) -> Iterator[bytes]:
    """A multipart/mixed body: ``first`` is JSON, then the attachments, streamed."""
    yield multipart.head(boundary, {"Content-Type": "application/json"}) + first + b"\r\n"
    for attachment, kept in found:
        yield multipart.head(
            boundary,
            {
                "Content-Type": attachment["contentType"],
                "Content-Transfer-Encoding": "binary",
                "X-Experience-API-Hash": attachment["sha2"],
            },
        )
        with store.open(kept.blob) as handle:
            while chunk := handle.read(CHUNK):
                yield chunk
        yield b"\r\n"
    yield multipart.tail(boundary)
