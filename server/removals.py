"""Purging statements and erasing people: jobs in small transactions, resumable, with a receipt that stays.

A removal is a row that knows what was asked, how far it came and what it did. :func:`step` does one transaction of it, so that it can
be interrupted anywhere; a job of the outbox or the command line calls it until it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Boolean, String, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from core import audit, clock, outbox
from core.db import Json, Model, UtcDateTime, again_after_deadlock, session, unit_of_work
from core.errors import Invalid, NotFound
from core.events import Event
from core.ids import new_id
from core.outbox import Continued, OutboxRow
from lrs import consistency, erasure, purging
from lrs.erasure import Mode
from lrs.formats import is_uuid, parse_timestamp
from lrs.query import Filters
from server import cleansing

KIND = "removal"
# One run of the job; then it queues up again behind the others.
RUN_SECONDS = 60.0
# How long a removal rests whose process has died. One that takes longer for a step than is left of it is met by another: both go on.
LEASE = timedelta(minutes=3)
IDS_LIMIT = 10_000
# Where an erasure begins: imports meanwhile must not bring back what it has passed, in no spelling.
_TOMBSTONES = {"step": "tombstones"}
# Where it stands before it looks at the first statement of the first identifier.
_STATEMENTS = {"step": "statements", "identifier": 0, "after": consistency.FIRST}

# By themselves these filters would find everything: each only says how the other one is meant.
_RELATED = {"related_agents": "agent", "related_activities": "activity"}

Tell = Callable[[str, int, int], None]


class Removal(Model):
    """``kind`` is purge or erasure; ``status`` RUNNING, COMPLETE or FAILED (given up, ``result`` says why).

    An erasure's ``request`` is emptied when it is done.
    """

    __tablename__ = "removals"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(8))
    actor: Mapped[str] = mapped_column(String(320))
    dry: Mapped[bool] = mapped_column(Boolean)
    request: Mapped[dict[str, Any]] = mapped_column(Json)
    place: Mapped[dict[str, Any]] = mapped_column(Json)
    result: Mapped[dict[str, Any]] = mapped_column(Json)
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)


# What one transaction of each step looks at: the word for it, and most of how many.
_STEPS = {
    "purge": ("statements", purging.BATCH),
    "tombstones": ("tombstones", 1),
    "spellings": ("statements searched for spellings", erasure.LOOK),
    "statements": ("statements", erasure.BATCH),
    "traces": ("events and other notes", cleansing.BATCH),
    "attachments": ("attachments", 1),
}


# --- asking for one -----------------------------------------------------------------------------------------------


def start_purge(tenant_id: int, actor: str, filters: dict[str, Any], ids: list[str] | None, *, dry: bool) -> Removal:
    """Ask for what ``filters`` (see :func:`filters_of`) and ``ids`` find to be deleted. Needs a unit of work."""
    check_filters(filters)
    if not filters and ids is None:
        raise Invalid("a purge needs a filter or ids: an empty one would delete everything")
    if ids is not None and (len(ids) > IDS_LIMIT or not all(is_uuid(i) for i in ids)):
        raise Invalid(f"the ids must be UUIDs, at most {IDS_LIMIT}")
    ids = None if ids is None else [i.lower() for i in ids]
    asked = {"filters": filters, "ids": ids}

    def same(other: Removal) -> bool:
        return asked == {name: other.request[name] for name in asked}

    request = asked | {"through": consistency.milliseconds(clock.now())}
    return _start(_Wanted(tenant_id, "purge", actor, dry, request, asdict(purging.Outcome()), same))


def start_erasure(tenant_id: int, actor: str, agents: list[dict[str, Any]], mode: Mode, *, dry: bool) -> Removal:
    """Ask for a person to be forgotten; ``agents`` are all that they are known as. Needs a unit of work."""
    who = erasure.identifiers(agents)
    if not who:
        raise Invalid("an erasure needs an agent with an identifier")
    hashes = list(dict.fromkeys(map(erasure.hashed, who)))

    def same(other: Removal) -> bool:
        return other.request.get("mode") == mode and set(hashes).issubset(other.result["identifiers"])

    result = {"mode": mode, "identifiers": hashes, **asdict(erasure.Outcome())}
    return _start(_Wanted(tenant_id, "erasure", actor, dry, {"who": who, "mode": mode}, result, same))


@dataclass(frozen=True)
class _Wanted:
    """What is asked for; ``same`` knows an earlier removal that does just that."""

    tenant_id: int
    kind: str
    actor: str
    dry: bool
    request: dict[str, Any]
    result: dict[str, Any]
    same: Callable[[Removal], bool]


def _start(wanted: _Wanted) -> Removal:
    """A new removal, or the one that was interrupted, with what it has done so far: it must not keep for ever whom it is about."""
    found = None if wanted.dry else _interrupted(wanted)
    if found is not None:
        if not _has_job(found):
            _begin_anew(found, wanted)
        return found
    made = Removal(
        tenant_id=wanted.tenant_id, id=new_id(), kind=wanted.kind, status="RUNNING", actor=wanted.actor, dry=wanted.dry,
        request=wanted.request, place=_beginning(wanted.request), result=wanted.result, created=clock.now(),
    )  # fmt: skip
    session().add(made)
    session().flush()
    if not wanted.dry:
        _record(made, wanted.actor, "started")
    return made


def _interrupted(wanted: _Wanted) -> Removal | None:
    """The newest that does just that, is not over and has something left to be found by; locked, and it alone."""
    there = (Removal.tenant_id == wanted.tenant_id, Removal.kind == wanted.kind, Removal.dry.is_(False))
    going_on = (*there, Removal.status != "COMPLETE")
    candidates = session().scalars(select(Removal).where(*going_on).order_by(Removal.id.desc())).all()
    for id_ in [r.id for r in candidates if r.request and wanted.same(r)]:
        query = select(Removal).where(*going_on, Removal.id == id_).with_for_update()
        found = session().scalars(query.execution_options(populate_existing=True)).one_or_none()
        if found is not None and found.request:
            return found
    return None


def _begin_anew(row: Removal, wanted: _Wanted) -> None:
    """From the beginning, since more may have come; what is done is not found again, and stays counted."""
    if row.kind == "purge":
        row.request = wanted.request
    row.status, row.place = "RUNNING", _beginning(row.request)
    # What is kept is found again.
    row.result = {name: value for name, value in row.result.items() if name != "error"} | (
        {"kept": 0} if row.kind == "purge" else {}
    )
    _record(row, wanted.actor, "resumed")


def _beginning(request: dict[str, Any]) -> dict[str, Any]:
    if "who" not in request:
        return {"after": consistency.FIRST}
    return dict(_TOMBSTONES)


def _record(row: Removal, actor: str, done: str) -> None:
    told = ("filters", "ids") if row.kind == "purge" else ("mode",)
    audit.record(row.tenant_id, actor, f"{row.kind}.{done}", row.id, **{name: row.request[name] for name in told})


def enqueue(removal: Removal) -> None:
    """Have it done in the background. Needs a unit of work."""
    if not _has_job(removal):
        outbox.enqueue(removal.tenant_id, KIND, {"removal": removal.id})


def _has_job(removal: Removal) -> bool:
    rows = outbox.unfinished(removal.tenant_id, KIND, removal=removal.id)
    return session().scalar(select(OutboxRow.id).where(*rows).limit(1)) is not None


def check_filters(given: dict[str, Any]) -> None:
    """Refuse what :func:`filters_of` cannot read, and what says how an agent or activity is meant where there is none."""
    for name, of in _RELATED.items():
        if given.get(name) and not given.get(of):
            first, last = name.split("_")
            raise Invalid(f"{first} {last}: the {of} is missing", path=f"$.{first}{last.capitalize()}")
    filters_of(given)


def filters_of(given: dict[str, Any]) -> Filters:
    """Filters from the JSON kept of them (names of :class:`Filters`, times as RFC 3339)."""
    values: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name in ("since", "until"):
        if name in values:
            values[name] = parse_timestamp(values[name])
            if values[name] is None:
                raise Invalid(f"{name} must be an RFC 3339 time")
    return Filters(**values)


def get(tenant_id: int, removal_id: str, kind: str) -> Removal:
    found = session().get(Removal, (tenant_id, removal_id))
    if found is None or found.kind != kind:
        raise NotFound(f"no {kind} {removal_id!r}")
    return found


def find(tenant_id: int, kind: str, limit: int = 100) -> list[Removal]:
    """Newest first."""
    query = select(Removal).where(Removal.tenant_id == tenant_id, Removal.kind == kind)
    return list(session().scalars(query.order_by(Removal.id.desc()).limit(limit)))


# --- doing it -----------------------------------------------------------------------------------------------------


def _give_up(row: OutboxRow, reason: str) -> None:
    found = session().get(Removal, (row.tenant_id, row.payload["removal"]), with_for_update=True)
    if found is not None and found.status == "RUNNING":
        found.status, found.result = "FAILED", found.result | {"error": reason}


@outbox.handler(KIND, lease=LEASE, given_up=_give_up)
def _work(row: OutboxRow) -> None:
    identity, until = (row.tenant_id, row.payload["removal"]), time.monotonic() + RUN_SECONDS
    while not step(*identity):
        if time.monotonic() > until:
            raise Continued


def finish(tenant_id: int, removal_id: str, tell: Tell) -> dict[str, Any]:
    """Do it here and now; returns its result. A dry run that is interrupted leaves nothing, least of all whom it was about."""
    try:
        return _finish(tenant_id, removal_id, tell)
    except BaseException:
        with suppress(SQLAlchemyError), unit_of_work() as current:
            row = current.get(Removal, (tenant_id, removal_id))
            if row is not None and row.dry:
                current.delete(row)
        raise


def _finish(tenant_id: int, removal_id: str, tell: Tell) -> dict[str, Any]:
    done: dict[str, int] = {}
    while True:
        row = session().get_one(Removal, (tenant_id, removal_id), populate_existing=True)
        what, size = _STEPS[row.place.get("step", "purge")] if row.status == "RUNNING" else ("", 0)
        session().rollback()
        if step(tenant_id, removal_id):
            break
        done[what] = done.get(what, 0) + size
        tell(what, done[what], 0)
    return dict(session().get_one(Removal, (tenant_id, removal_id)).result)


def step(tenant_id: int, removal_id: str) -> bool:
    """One transaction of a removal; says whether it is over."""
    return again_after_deadlock(lambda: _step(tenant_id, removal_id))


def _step(tenant_id: int, removal_id: str) -> bool:
    found = session().get(Removal, (tenant_id, removal_id))
    if found is None or found.status != "RUNNING":
        return True
    kind, dry, place, who = found.kind, found.dry, dict(found.place), found.request.get("who", [])
    next_step = place.get("step")
    session().rollback()
    read: list[str] = []
    following: Any = None
    # Long reads; the transaction that follows is short.
    if next_step == "attachments" and not dry:
        read, following = purging.orphans(tenant_id, place["orphans"])
    elif next_step == "spellings":
        read, following = erasure.spellings(tenant_id, who, place["after"])
    with unit_of_work() as current:
        row = current.get_one(Removal, (tenant_id, removal_id), with_for_update=True, populate_existing=True)
        if row.status != "RUNNING":
            return True
        if row.place != place:
            return False  # somebody else did this step
        if next_step == "attachments":
            _forget(row, read, following)
        elif next_step == "spellings":
            _know_as(row, read, following)
        elif kind == "purge":
            _purge(row)
        else:
            _erase(row)
        return row.status != "RUNNING"


def _purge(row: Removal) -> None:
    outcome = msgspec.convert(row.result, purging.Outcome)
    after = purging.purge(
        row.tenant_id,
        filters_of(row.request["filters"]),
        row.request["ids"],
        after=row.place["after"],
        through=row.request["through"],
        outcome=outcome,
        dry=row.dry,
    )
    row.result = asdict(outcome)
    row.place = {"after": after} if after is not None else {"step": "attachments", "orphans": ""}


def _know_as(row: Removal, more: list[str], following: int | None) -> None:
    """The person is known as ``more``, too."""
    who = erasure.with_hashes([*row.request["who"], *more])
    _tombstones(row, who)
    row.request = row.request | {"who": who}
    row.result = row.result | {
        "identifiers": list(dict.fromkeys(map(erasure.hashed, who))),
        "spellings": row.result["spellings"] + len(more),
    }
    row.place = dict(_STATEMENTS) if following is None else {"step": "spellings", "after": following}


def _erase(row: Removal) -> None:
    who = row.request["who"]
    outcome = msgspec.convert({k: v for k, v in row.result.items() if k in asdict(erasure.Outcome())}, erasure.Outcome)
    tombstones = _tombstones(row, who)
    place = dict(row.place)
    if place["step"] == "tombstones":
        spellings = {"step": "spellings", "after": consistency.FIRST}
        place = spellings if erasure.has_spellings(who) else dict(_STATEMENTS)
    elif place["step"] == "statements" and place["identifier"] < len(who):
        number = place["identifier"]
        after = erasure.erase_statements(
            row.tenant_id, who[number], who[:number], tombstones, place["after"], outcome, dry=row.dry
        )
        place["after"] = consistency.FIRST if after is None else after
        place["identifier"] += after is None
    elif place["step"] == "statements":
        documents, names = erasure.erase_rest(row.tenant_id, who, dry=row.dry)
        outcome.documents, outcome.names = outcome.documents + documents, outcome.names + names
        place = {"step": "traces", "table": cleansing.after(""), "after": None}
    else:
        place = _cleanse(row, tombstones, outcome)
    row.result, row.place = row.result | asdict(outcome), place


def _tombstones(row: Removal, who: list[str]) -> erasure.Tombstones:
    mode = row.request["mode"]
    return erasure.unburied(who, mode) if row.dry else erasure.bury(row.tenant_id, who, mode, row.id)


def _cleanse(row: Removal, tombstones: erasure.Tombstones, outcome: erasure.Outcome) -> dict[str, Any]:
    """A batch of what is kept beside statements; returns the following place."""
    person, table = cleansing.Person(row.request["who"], tombstones), row.place["table"]
    found, place = cleansing.cleanse(row.tenant_id, person, table, row.place["after"], dry=row.dry)
    if table == Event.__tablename__:
        outcome.events += found
    following = table if place is not None else cleansing.after(table)
    if following is None:
        return {"step": "attachments", "orphans": ""}
    return {"step": "traces", "table": following, "after": place}


def _forget_requests(row: Removal) -> None:
    """Other removals asked for the person, too."""
    person = cleansing.Person(row.request["who"], _tombstones(row, row.request["who"]))
    others = select(Removal).where(Removal.tenant_id == row.tenant_id, Removal.id != row.id)
    for other in session().scalars(others):
        if other.kind == "purge":
            other.request = person.without(other.request)
        elif other.status != "COMPLETE" and set(other.result["identifiers"]).issubset(row.result["identifiers"]):
            other.status, other.finished, other.request, other.place = "FAILED", clock.now(), {}, {}
            other.result = other.result | {"error": f"interrupted; the erasure {row.id} has done all of it"}


def _forget(row: Removal, idle: list[str], following: str | None) -> None:
    if idle:
        # Their bytes go with the next sweep of storage, unless something else needs them.
        gone = purging.forget_attachments(row.tenant_id, idle)
        row.result = row.result | {"attachments": row.result["attachments"] + gone}
    if following is not None:
        row.place = {"step": "attachments", "orphans": following}
        return
    row.status, row.finished, row.place = "COMPLETE", clock.now(), {}
    if row.kind == "erasure":
        if not row.dry:
            _forget_requests(row)
        # The receipt proves what was done without saying to whom.
        row.request = {}
    if not row.dry:
        verb = "purged" if row.kind == "purge" else "finished"
        audit.record(row.tenant_id, row.actor, f"{row.kind}.{verb}", row.id, **row.result)
