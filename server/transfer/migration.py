"""Moving from another record store: statements page by page, then the documents of the activities and agents seen in them.

How far it came, and which activities and agents were seen, is kept in a small SQLite file of its own in the data folder: a
migration of days can stop anywhere and go on, and nothing of it has to fit into memory.
"""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from core.errors import Invalid
from core.settings import get_settings
from lrs import importing, rows
from lrs.identity import ifi
from lrs.validation import VOIDED
from server.transfer.folder import Tell
from server.transfer.importer import Importer
from server.transfer.lines import Line
from server.transfer.remote import Remote

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS places (
  resource TEXT, activity TEXT, agent TEXT, registration TEXT, done INTEGER DEFAULT 0,
  PRIMARY KEY (resource, activity, agent, registration)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_places ON places (done);
"""
# Resource → the kind of its documents, the parameter that names one.
_RESOURCES = {
    "activities/state": ("state", "stateId"),
    "activities/profile": ("activity_profile", "profileId"),
    "agents/profile": ("agent_profile", "profileId"),
}
# One that keeps the rules: what was rejected is never looked into.
Statement = dict[str, Any]
# After so many documents, bytes or places what was found is stored; a migration that is killed asks for at most that again.
_DOCUMENTS = 200
_DOCUMENTS_BYTES = 8 << 20
_PLACES = 100


class DocumentPlace(NamedTuple):
    """Where documents may be; what a resource does not have is empty. ``agent`` is canonical JSON."""

    resource: str
    activity: str
    agent: str
    registration: str


class Checkpoint:
    """``more`` and ``since`` say where the next page is; places are documents' homes still to be looked at."""

    def __init__(self, tenant_id: int, url: str, *, restart: bool) -> None:
        name = hashlib.sha256(f"{tenant_id}\n{url}".encode()).hexdigest()[:32]
        self.path: Path = get_settings().data_path / "migrations" / f"{name}.sqlite3"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if restart:
            self.path.unlink(missing_ok=True)
        self.base = sqlite3.connect(self.path, isolation_level=None)
        self.base.executescript(_SCHEMA)

    def close(self) -> None:
        self.base.close()

    def fact(self, name: str) -> str | None:
        row = self.base.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def keep(self, places: set[DocumentPlace], **facts: str | None) -> None:
        with self.base:
            self.base.execute("BEGIN")
            self.base.executemany("INSERT OR IGNORE INTO places VALUES (?, ?, ?, ?, 0)", places)
            self.base.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def open_places(self, limit: int) -> list[DocumentPlace]:
        query = "SELECT resource, activity, agent, registration FROM places WHERE done = 0 LIMIT ?"
        return [DocumentPlace(*row) for row in self.base.execute(query, (limit,))]

    def close_places(self, places: list[DocumentPlace]) -> None:
        with self.base:
            self.base.execute("BEGIN")
            self.base.executemany(
                "UPDATE places SET done = 1 WHERE resource = ? AND activity = ? AND agent = ? AND registration = ?",
                places,
            )

    def counts(self) -> tuple[int, int]:
        """(places looked at, all places)"""
        done, total = self.base.execute("SELECT coalesce(sum(done), 0), count(*) FROM places").fetchone()
        return int(done), int(total)


def migrate(
    importer: Importer, remote: Remote, attachments: dict[str, IO[bytes]], *, documents: bool, restart: bool, tell: Tell
) -> None:
    """Bring everything of ``remote`` in. ``attachments`` is what ``importer`` looks in: it holds those of the page in hand."""
    with closing(Checkpoint(importer.tenant_id, remote.url, restart=restart)) as checkpoint:
        _statements(importer, remote, attachments, checkpoint, tell)
        if documents:
            _documents(importer, remote, checkpoint, tell)
        # What comes next time is what has been stored since; documents are looked at anew, as they change.
        with checkpoint.base as base:
            base.execute("UPDATE places SET done = 0")


def _statements(
    importer: Importer, remote: Remote, attachments: dict[str, IO[bytes]], checkpoint: Checkpoint, tell: Tell
) -> None:
    more, since = checkpoint.fact("more"), checkpoint.fact("since")
    done = int(checkpoint.fact("statements") or 0)
    while True:
        try:
            with remote.page(more, since) as page:
                attachments.update(page.attachments)
                listed = _store(importer, page.statements, done)
            voided = _voided(importer, remote, attachments, listed)
        except Invalid as error:
            if more is None or "status" not in error.details:
                raise
            more = None  # the link has expired: go on by the time of the last statement
            continue
        finally:
            attachments.clear()
        done += len(page.statements)
        since = _last_stored(listed) or since
        more = page.more
        checkpoint.keep(_places(listed + voided), more=more, since=since, statements=str(done))
        tell("statements", done, 0)
        if more is None:
            return


def _voided(
    importer: Importer, remote: Remote, attachments: dict[str, IO[bytes]], listed: list[Statement]
) -> list[Statement]:
    """Lists leave out what is voided; the voiding statements say which these are."""
    stored: list[Statement] = []
    for value in listed:
        if value["verb"]["id"] == VOIDED and value["object"].get("objectType") == "StatementRef":
            attachments.clear()  # files live as long as the page they came with
            with remote.voided(value["object"]["id"]) as found:
                attachments.update(found.attachments)
                lines = [Line(s, "a voided statement of the other store", None) for s in found.statements]
                stored += importer.statements(lines)
    return stored


def _store(importer: Importer, statements: list[bytes], done: int) -> list[Statement]:
    lines = [Line(s, f"statement {done + n} of the other store", done + n) for n, s in enumerate(statements, 1)]
    stored: list[Statement] = []
    for start in range(0, len(lines), 500):
        stored += importer.statements(lines[start : start + 500])
    return stored


def _last_stored(listed: list[Statement]) -> str | None:
    """One millisecond is read twice rather than missed: ``since`` excludes its moment, which others may share."""
    stored = listed[-1].get("stored") if listed else None
    return importing.just_before(stored) if stored is not None else None


def _places(statements: list[Statement]) -> set[DocumentPlace]:
    """Where documents may be: profiles of every activity and agent; State of the actor in each activity, by registration."""
    found: set[DocumentPlace] = set()
    for value in statements:
        activities = {a["id"] for a in rows.activities(value)}
        agents = {_text(a) for actor in rows.actors(value) for a in (actor, *actor.get("member", ())) if ifi(a)}
        found.update(DocumentPlace("activities/profile", a, "", "") for a in activities)
        found.update(DocumentPlace("agents/profile", "", a, "") for a in agents)
        if ifi(value["actor"]) is not None:
            registration = str(value.get("context", {}).get("registration", "")).lower()
            for activity in activities:
                found.add(DocumentPlace("activities/state", activity, _text(value["actor"]), ""))
                found.add(DocumentPlace("activities/state", activity, _text(value["actor"]), registration))
    return found


def _text(actor: dict[str, Any]) -> str:
    """Only what identifies: names differ from statement to statement."""
    kept = {k: actor[k] for k in ("objectType", "mbox", "mbox_sha1sum", "openid", "account") if k in actor}
    if kept.get("objectType") == "Agent":
        del kept["objectType"]
    return msgspec.json.encode(kept, order="sorted").decode()


def _documents(importer: Importer, remote: Remote, checkpoint: Checkpoint, tell: Tell) -> None:
    """A place is closed in the same order as always: after its documents are stored. Only the asking is done ahead."""
    done, total = checkpoint.counts()
    pool = ThreadPoolExecutor(remote.connections, thread_name_prefix="documents")
    try:
        while places := checkpoint.open_places(10 * _PLACES):
            for looked_at, lines in _batches(_ahead(pool, remote, places)):
                for start in range(0, len(lines), _DOCUMENTS):
                    importer.documents(lines[start : start + _DOCUMENTS])
                checkpoint.close_places(looked_at)
                done += len(looked_at)
                tell("document lookups", done, total)
    finally:
        # What others are still asking for is not waited for: nothing of it is stored.
        remote.stop()
        pool.shutdown(wait=False, cancel_futures=True)


def _ahead(
    pool: ThreadPoolExecutor, remote: Remote, places: Iterable[DocumentPlace]
) -> Iterator[tuple[DocumentPlace, list[Line]]]:
    """The documents of each place, in order; never more than some places ahead, so that memory stays bounded."""
    asked: deque[tuple[DocumentPlace, Future[list[Line]]]] = deque()
    for place in places:
        asked.append((place, pool.submit(_lines, remote, place)))
        if len(asked) > 4 * remote.connections:
            first, found = asked.popleft()
            yield first, found.result()
    for place, found in asked:
        yield place, found.result()


def _batches(
    found: Iterable[tuple[DocumentPlace, list[Line]]],
) -> Iterator[tuple[list[DocumentPlace], list[Line]]]:
    """Whole places together, until there are enough of them, of documents or of bytes."""
    places: list[DocumentPlace] = []
    lines: list[Line] = []
    size = 0
    for place, its in found:
        places.append(place)
        lines += its
        size += sum(len(line.data) for line in its)
        if len(places) >= _PLACES or len(lines) >= _DOCUMENTS or size >= _DOCUMENTS_BYTES:
            yield places, lines
            places, lines, size = [], [], 0
    if places:
        yield places, lines


def _lines(remote: Remote, place: DocumentPlace) -> list[Line]:
    keys = {"activityId": place.activity, "agent": place.agent, "registration": place.registration}
    keys = {name: value for name, value in keys.items() if value}
    lines = (_line(remote, place.resource, keys, id_) for id_ in remote.ids(place.resource, **keys))
    return [line for line in lines if line is not None]


def _line(remote: Remote, resource: str, keys: dict[str, str], id_: str) -> Line | None:
    """The document as a line of an export."""
    kind, name = _RESOURCES[resource]
    found = remote.document(resource, **keys, **{name: id_})
    if found is None:
        return None
    line: dict[str, Any] = {
        "kind": kind,
        "id": id_,
        "contentType": found.content_type,
        "updated": found.updated.isoformat(),
    }
    line |= {k: v for k, v in keys.items() if k != "agent"}
    if "agent" in keys:
        line["agent"] = msgspec.json.decode(keys["agent"])
    line["contentBase64"] = base64.b64encode(found.content).decode()
    return Line(msgspec.json.encode(line), f"{resource} {id_[:200]}", None)
