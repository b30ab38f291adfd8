"""What is kept beside statements and documents and may speak of a person: events, audit log, rejected requests, answers of other servers.

Whoever keeps such a thing says so by :func:`speaks`; an erasure goes over all of it, batch by batch. Operations work in the current
unit of work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, literal, or_, select, tuple_

from core.audit import AuditEntry
from core.db import Model, session
from core.events import Event
from core.outbox import OutboxRow
from lrs import erasure
from lrs.erasure import Tombstones
from lrs.rejections import Rejection

BATCH = 50
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class _Kept:
    """``columns`` of ``table`` may speak of people; ``whole``: a row that does is of no use without them, and goes."""

    table: type[Model]
    columns: tuple[str, ...]
    whole: bool


_kept: dict[str, _Kept] = {}


def speaks(table: type[Model], *columns: str, whole: bool = False) -> None:
    """Columns that hold JSON lose the person; texts that speak of them are replaced. ``whole``: the row is deleted."""
    _kept[table.__tablename__] = _Kept(table, columns, whole)


speaks(Event, "payload")
speaks(AuditEntry, "details")
speaks(OutboxRow, "error")
speaks(Rejection, "body", "message", "path", "statement_id", whole=True)


def after(name: str) -> str | None:
    """The table that follows the one called ``name`` (``""``: the first one), or None."""
    return next((other for other in sorted(_kept) if other > name), None)


class Person:
    """Recognises whoever is known as ``who``."""

    def __init__(self, who: list[str], tombstones: Tombstones) -> None:
        self.tombstones = tombstones
        self.addresses = [_name(i) for i in who if i.startswith("mbox\x1f")]
        # The name of an account may be a mere number: only as a whole string. Case says something only in accounts and OpenIDs.
        self._exactly = [f'"{_name(i)}"' if i.startswith("account\x1f") else _name(i) for i in who if not _is_mail(i)]
        self._folded = [_name(i).lower() for i in who if _is_mail(i)]
        self._names = {_name(i) for i in who}

    def may_be_in(self, column: Any) -> ColumnElement[bool]:
        """No row speaks of them for which this does not hold: JSON may write every character as an escape."""
        text = cast(column, Text)
        there = (text.icontains(_surely(name), autoescape=True) for name in self._names)
        return or_(text.contains("\\", autoescape=True), *there)

    def is_in(self, text: str) -> bool:
        """Whether a text speaks of them, as it is or as JSON, whole or in pieces."""
        said = (text, unescaped(text))
        return any(word in t for t in said for word in self._exactly) or any(
            word in t.lower() for t in said for word in self._folded
        )

    def without(self, value: Any) -> Any:
        """What is left of a column: of JSON everything but the person, of a text that speaks of them nothing."""
        if isinstance(value, str):
            return "erased" if self.is_in(value) else value
        return erasure.cleanse_payload(value, self.tombstones, self.addresses)


def _is_mail(identifier: str) -> bool:
    return identifier.startswith(("mbox\x1f", "mbox_sha1sum\x1f"))


def _name(identifier: str) -> str:
    return identifier.split("\x1f")[-1].removeprefix("mailto:")


def _surely(name: str) -> str:
    """A part of ``name`` that databases find however it is written: not all of them know the case of other letters than ASCII's."""
    return max(re.findall("[ -~]+", name), key=len, default="")


def unescaped(text: str) -> str:
    """``text`` with the escapes of JSON undone, wherever they are."""

    def plain(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _CONTROLS.get(match[2], match[2])

    # Pairs of surrogates become one character.
    return _ESCAPE.sub(plain, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cleanse(
    tenant_id: int, person: Person, name: str, place: list[Any] | None, *, dry: bool
) -> tuple[int, list[Any] | None]:
    """(how many rows of the table ``name`` spoke of the person, where to go on or None) among the next :data:`BATCH` beyond ``place``."""
    kept = _kept[name]
    table: Any = kept.table
    key = [c for c in table.__table__.primary_key if c.name != "tenant_id"]
    query = select(table).where(
        table.tenant_id == tenant_id, or_(*(person.may_be_in(getattr(table, c)) for c in kept.columns))
    )
    if place is not None:
        query = query.where(tuple_(*key) > tuple_(*(literal(v, c.type) for v, c in zip(place, key, strict=True))))
    rows = list(session().scalars(query.order_by(*key).limit(BATCH)))
    following = [getattr(rows[-1], c.name) for c in key] if len(rows) == BATCH else None
    return sum(_cleanse(row, kept, person, dry=dry) for row in rows), following


def _cleanse(row: Any, kept: _Kept, person: Person, *, dry: bool) -> bool:
    was = {name: value for name in kept.columns if (value := getattr(row, name)) is not None}
    left = {name: person.without(value) for name, value in was.items()}
    if left == was:
        return False
    if dry:
        return True
    if kept.whole:
        session().delete(row)
    else:
        for name, value in left.items():
            setattr(row, name, value)
    return True
