"""What the tables of the console share: the page in view, sorting, and addresses that keep the other filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import func, select

from core.db import session

PAGE_SIZE = 25
LAST_PAGE = 10_000


@dataclass(frozen=True)
class Page:
    """One page of a table. ``total`` counts all rows; ``number`` starts at 1."""

    rows: list[Any]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.number - 1) * self.size + len(self.rows)

    @property
    def has_next(self) -> bool:
        return self.last < self.total

    @property
    def has_previous(self) -> bool:
        return self.number > 1


@dataclass(frozen=True)
class Sort:
    """The column a table is sorted by."""

    column: str
    descending: bool

    def aria(self, column: str) -> str:
        if column != self.column:
            return "none"
        return "descending" if self.descending else "ascending"


def page_number() -> int:
    """The ``page`` of the address; anything that is no page is the first."""
    text = request.args.get("page", "1")
    good = text.isascii() and text.isdigit() and len(text) < 8
    return min(max(int(text), 1), LAST_PAGE) if good else 1


def sort_of(columns: Mapping[str, Any], default: str) -> Sort:
    """The ``sort`` of the address: a column's name, with a minus for descending; unknown ones give ``default``."""
    text = request.args.get("sort", default)
    if text.removeprefix("-") not in columns:
        text = default
    return Sort(text.removeprefix("-"), text.startswith("-"))


def paginate(query: Any, order: list[Any], *, scalars: bool = True) -> Page:
    """The page the address asks for."""
    total = session().scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    number = min(page_number(), max(1, -(-total // PAGE_SIZE)))
    windowed = query.order_by(*order).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    found: Any = session().scalars(windowed) if scalars else session().execute(windowed)
    return Page(list(found), number, total)


def here(**changes: Any) -> str:
    """The address of this page with some of its arguments changed (None: left out)."""
    # Names that mean something to url_for are not for visitors.
    arguments = {name: value for name, value in request.args.items() if name != "endpoint" and name[:1] != "_"}
    arguments.update(changes)
    kept: dict[str, Any] = {name: value for name, value in arguments.items() if value not in (None, "")}
    return url_for(request.endpoint or "console.home", **kept)


def like(text: str) -> str:
    """A LIKE pattern that finds ``text`` anywhere, taken literally (escape character: backslash)."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
