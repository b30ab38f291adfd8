"""Bringing statements and documents in, batch by batch: each batch is one transaction, so that nothing is ever half done."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from core.db import session, unit_of_work
from core.errors import Conflict, Invalid, RekamError
from core.settings import get_settings
from lrs import attachments, importing
from lrs.importing import Incoming, Outcome
from lrs.models import Attachment
from server.transfer import folder
from server.transfer.folder import Tell
from server.transfer.lines import Line, Lines

# An import may meet a live writer on a row; which of the two gives way is the database's choice.
TRIES = 5

# Says a sentence to people.
Say = Callable[[str], None]
# SHA-2 → the bytes, or None where the source does not have them.
Opener = Callable[[str], IO[bytes] | None]


@dataclass
class Totals:
    statements: Outcome = field(default_factory=Outcome)
    documents: Outcome = field(default_factory=Outcome)
    attachments: int = 0
    rejected: int = 0
    # The first hundred reasons.
    problems: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        return asdict(self)


class Importer:
    """Stores lines for one application. ``rejects`` takes lines that cannot be stored; without it the first one ends the import."""

    def __init__(
        self, tenant_id: int, opener: Opener, *, rejects: IO[bytes] | None = None, missing_attachments: bool = False
    ) -> None:
        self.tenant_id = tenant_id
        self.totals = Totals()
        self._opener = opener
        self._rejects = rejects
        self._missing = missing_attachments
        home = get_settings().base_url.rstrip("/")
        self._authority = {"objectType": "Agent", "account": {"homePage": home, "name": "import"}}

    def statements(self, lines: list[Line]) -> list[dict[str, Any]]:
        """Store one batch, all of it or (without ``rejects``) nothing; returns the statements that were not rejected."""
        batch: list[tuple[Incoming, Line]] = []
        for line in lines:
            try:
                one = importing.read(line.data, line.where, self._authority, line.number)
            except Invalid as error:
                self._reject(line, error)
            else:
                batch.append((one, line))
        kept = self._bytes(batch)
        while batch:
            try:
                outcome = self._store([one for one, _ in batch], kept)
            except Conflict as error:
                bad = next((pair for pair in batch if pair[0].line == error.details.get("line")), None)
                if bad is None:
                    raise
                self._reject(bad[1], error)
                batch.remove(bad)
            else:
                _add(self.totals.statements, outcome)
                break
        return [one.received.value for one, _ in batch]

    def documents(self, lines: list[Line]) -> None:
        """Store one batch of documents."""
        batch = []
        for line in lines:
            try:
                batch.append(importing.read_document(self.tenant_id, line.data, line.where, line.number))
            except Invalid as error:
                self._reject(line, error)
        if batch:
            with unit_of_work():
                outcome = importing.store_documents(batch)
            _add(self.totals.documents, outcome)

    def _reject(self, line: Line, error: RekamError) -> None:
        if self._rejects is None:
            raise error
        self._rejects.write(line.data.rstrip(b"\r\n") + b"\n")
        self._rejects.flush()
        self.totals.rejected += 1
        self.totals.problems += [error.message][: 100 - len(self.totals.problems)]

    def _store(self, batch: list[Incoming], kept: list[attachments.Kept]) -> Outcome:
        for left in range(TRIES - 1, -1, -1):
            try:
                with unit_of_work():
                    attachments.record(self.tenant_id, kept)
                    return importing.store_batch(self.tenant_id, batch)
            except (IntegrityError, OperationalError):
                if not left:
                    raise
                time.sleep(0.1 * (TRIES - left))
        raise AssertionError("unreachable")

    def _bytes(self, batch: list[tuple[Incoming, Line]]) -> list[attachments.Kept]:
        """Put the attachments that are not kept yet into the blob store; takes statements out that cannot be without one."""
        wanted = sorted(importing.declared(one for one, _ in batch))
        query = select(Attachment.sha2).where(Attachment.tenant_id == self.tenant_id, Attachment.sha2.in_(wanted))
        known = set(session().scalars(query)) if wanted else set()
        session().rollback()
        kept = []
        for sha2 in wanted:
            if sha2 in known:
                continue
            try:
                kept.append(self._keep(sha2))
            except Invalid as error:
                self._without(batch, sha2, error.message)
        self.totals.attachments += len(kept)
        return kept

    def _keep(self, sha2: str) -> attachments.Kept:
        source = self._opener(sha2)
        if source is None:
            raise Invalid(f"its bytes are not among the attachments ({sha2})")
        with source:
            return attachments.keep(source, sha2)

    def _without(self, batch: list[tuple[Incoming, Line]], sha2: str, reason: str) -> None:
        """Take statements out of ``batch`` that declare an attachment which is not to be had, unless they say where else it is."""
        for pair in list(batch):
            declared = importing.declared([pair[0]]).get(sha2)
            if declared is None or self._missing or declared.has_url:
                continue
            message = f"{pair[0].where}: {declared.path} has no fileUrl, and {reason}"
            self._reject(pair[1], Invalid(message, line=pair[0].line, path=declared.path))
            batch.remove(pair)


def _add(total: Outcome, more: Outcome) -> None:
    total.stored += more.stored
    total.known += more.known
    total.erased += more.erased


# --- folders and files --------------------------------------------------------------------------------------------


def import_path(importer: Importer, source: Path, *, restart: bool, tell: Tell, say: Say) -> None:
    """Import a folder that an export wrote, or a file of statements; what was interrupted goes on where it stopped."""
    if source.is_dir():
        if not any((source / name).exists() for name in (folder.STATEMENTS, folder.DOCUMENTS)):
            raise Invalid(f"{source} holds neither {folder.STATEMENTS} nor {folder.DOCUMENTS}")
        files = [(source / folder.STATEMENTS, importer.statements), (source / folder.DOCUMENTS, importer.documents)]
    else:
        files = [(source, importer.statements)]
    for path, store in files:
        if path.exists():
            _import_file(importer, path, store, restart=restart, tell=tell, say=say)


def opener_of(source: Path) -> Opener:
    """Attachments beside the statements of an export."""

    def find(sha2: str) -> IO[bytes] | None:
        path = folder.attachment(source, sha2)
        return path.open("rb") if source.is_dir() and path.exists() else None

    return find


def import_stream(importer: Importer, source: IO[bytes], tell: Tell) -> None:
    """Import statements from a pipe, which cannot be resumed but may be repeated."""
    lines = Lines(source, "standard input")
    for batch in lines.batches():
        importer.statements(batch)
        tell("statements", lines.number, 0)


def _import_file(
    importer: Importer, path: Path, store: Callable[[list[Line]], object], *, restart: bool, tell: Tell, say: Say
) -> None:
    size = path.stat().st_size
    mark = _mark_path(importer.tenant_id, path)
    with path.open("rb") as source:
        lines = Lines(source, path.name)
        if not restart:
            _go_on(lines, mark, say, path.name)
        for batch in lines.batches():
            store(batch)
            folder.write_json(mark, {"source": str(path), **lines.mark()})
            tell(path.name, lines.offset, size)
    mark.unlink(missing_ok=True)


def _go_on(lines: Lines, mark: Path, say: Say, name: str) -> None:
    known = folder.read_json(mark)
    if known is None:
        return
    if lines.go_on(known):
        say(f"{name}: going on at line {lines.number + 1}")
    else:
        say(f"{name}: not the file whose import stopped at line {known['line']}; beginning at line 1")


def _mark_path(tenant_id: int, path: Path) -> Path:
    name = hashlib.sha256(f"{tenant_id}\n{path.resolve()}".encode()).hexdigest()[:32]
    found = get_settings().data_path / "imports" / f"{name}.json"
    found.parent.mkdir(parents=True, exist_ok=True)
    return found
