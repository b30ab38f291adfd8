"""The trace of a registration: what its content called and was answered, and what the server made of it.

Entries are JSON objects with ``at`` (RFC 3339) and ``kind``:

- ``call``: ``activity, call, args, result, error`` as the page saw them; ``refused`` is what the server did not take
- ``request``: ``activity, seq, changes`` (elements), ``end, navigate`` as the server received them
- ``status``: ``activity, completion, success, scaled, cause`` as the server judged them after the request
- ``decision``: ``request, target, delivered, ended, exception, reason, steps`` ({code, text} of the pseudo-code)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from core import clock
from core.db import session
from core.ids import new_id
from registrations.models import Learner, Registration
from scorm_runtime.facts import Facts
from scorm_runtime.models import RuntimeSession, TracePart

if TYPE_CHECKING:
    from scorm_runtime.run import Run
    from scorm_runtime.sessions import RuntimeRequest, TracedCall

KEPT = timedelta(days=30)
# Comparing two recordings takes time by the square of their length.
COMPARED = 3000
# What differs from session to session though nothing else does.
_VOLATILE = ("session_time", "total_time", "timestamp", "latency", ".time")

Entry = dict[str, Any]


def record(run: Run, row: RuntimeSession | None, request: RuntimeRequest, facts: Facts | None) -> None:
    """Add what this request brought and led to."""
    activity = row.activity if row is not None else None
    entries: list[Entry] = [_call(call, activity) for call in request.trace]
    now = _text(clock.now())
    navigate = request.navigate and {"request": request.navigate.request, "target": request.navigate.target}
    changes = list(request.changes)
    entries.append(
        {"at": now, "kind": "request", "activity": activity, "seq": request.seq, "changes": changes,
         "end": request.end, "navigate": navigate}
    )  # fmt: skip
    if facts is not None:
        cause = run.touched.cause if run.touched is not None else None
        entries.append(
            {"at": now, "kind": "status", "activity": activity, "completion": facts.completion,
             "success": facts.success, "scaled": facts.score.scaled, "cause": cause}
        )  # fmt: skip
    entries.extend({"at": now, "kind": "decision", **decision} for decision in run.decisions)
    session().add(
        TracePart(
            tenant_id=run.tenant_id,
            id=new_id(),
            registration_id=run.registration.id,
            instance=run.launch.instance,
            launch_id=run.launch.id,
            time=clock.now(),
            entries=entries,
        )
    )


def _call(call: TracedCall, activity: str | None) -> Entry:
    try:
        at = _text(datetime.fromtimestamp(call.at / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        at = _text(clock.now())
    return {"at": at, "kind": "call", "activity": activity, "call": call.call, "args": call.args,
            "result": call.result, "error": call.error}  # fmt: skip


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recording:
    """The trace of one launch; ``entries`` only where they were asked for."""

    launch_id: str
    registration_id: str
    learner_id: str
    instance: int
    began: datetime
    requests: int


def recordings(tenant_id: int, *, registration_id: str = "", course_id: str = "", limit: int = 50) -> list[Recording]:
    """What was recorded for a registration or a course, newest first."""
    query = (
        select(
            TracePart.launch_id,
            TracePart.registration_id,
            Learner.id,
            TracePart.instance,
            func.min(TracePart.time).label("began"),
            func.count(),
        )
        .join(
            Registration,
            (Registration.tenant_id == TracePart.tenant_id) & (Registration.id == TracePart.registration_id),
        )
        .join(Learner, (Learner.tenant_id == Registration.tenant_id) & (Learner.id == Registration.learner_id))
        .where(TracePart.tenant_id == tenant_id)
        .group_by(TracePart.launch_id, TracePart.registration_id, Learner.id, TracePart.instance)
        .order_by(func.min(TracePart.time).desc())
        .limit(limit)
    )
    if registration_id:
        query = query.where(TracePart.registration_id == registration_id)
    if course_id:
        query = query.where(Registration.course_id == course_id)
    return [Recording(*row) for row in session().execute(query)]


def entries(tenant_id: int, launch_id: str, registration_id: str) -> list[Entry]:
    """The entries of a recording, oldest first."""
    query = select(TracePart.entries).where(
        TracePart.tenant_id == tenant_id,
        TracePart.registration_id == registration_id,
        TracePart.launch_id == launch_id,
    )
    return [entry for part in session().scalars(query.order_by(TracePart.id)) for entry in part]


# --- comparing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """A line of a comparison: ``same``, ``changed``, ``left`` (only there) or ``right``."""

    how: str
    left: Entry | None
    right: Entry | None


def compare(left: Sequence[Entry], right: Sequence[Entry]) -> list[Pair]:
    """The calls and decisions of two recordings side by side; times and keys that always differ do not count."""
    a = [entry for entry in left if entry["kind"] in ("call", "decision")][:COMPARED]
    b = [entry for entry in right if entry["kind"] in ("call", "decision")][:COMPARED]
    matcher = SequenceMatcher(None, [_key(entry) for entry in a], [_key(entry) for entry in b], autojunk=False)
    pairs: list[Pair] = []
    for tag, a0, a1, b0, b1 in matcher.get_opcodes():
        if tag == "equal":
            pairs += [Pair("same", x, y) for x, y in zip(a[a0:a1], b[b0:b1], strict=True)]
        else:
            pairs += _unlike(a[a0:a1], b[b0:b1])
    return pairs


def _unlike(left: Sequence[Entry], right: Sequence[Entry]) -> list[Pair]:
    """Neighbours that name the same thing are one changed line; the others stand alone."""
    pairs: list[Pair] = []
    matcher = SequenceMatcher(None, [_name(entry) for entry in left], [_name(entry) for entry in right], autojunk=False)
    for tag, a0, a1, b0, b1 in matcher.get_opcodes():
        if tag == "equal":
            pairs += [Pair("changed", x, y) for x, y in zip(left[a0:a1], right[b0:b1], strict=True)]
        else:
            pairs += [Pair("left", x, None) for x in left[a0:a1]] + [Pair("right", None, y) for y in right[b0:b1]]
    return pairs


def _name(entry: Entry) -> tuple[Any, ...]:
    if entry["kind"] == "decision":
        return ("decision", entry["request"], entry["target"])
    return (entry["call"], entry["args"][0] if entry["args"] else "")


def _key(entry: Entry) -> tuple[Any, ...]:
    if entry["kind"] == "decision":
        return (*_name(entry), entry["delivered"], entry["ended"], entry["exception"])
    volatile = bool(entry["args"]) and entry["args"][0].endswith(_VOLATILE)
    said = () if volatile else (*entry["args"][1:], entry["result"])
    return (*_name(entry), *said, entry["error"])
