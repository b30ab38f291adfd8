"""Lists as CSV files for spreadsheets: UTF-8 with a byte order mark, times in RFC 3339, nothing that runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import Response, stream_with_context

from core import clock

# Spreadsheets run a cell that begins with one of these as a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer(name: str, titles: list[str], rows: Iterable[list[Any]]) -> Response:
    """A download of ``rows`` as they are found, under ``name`` and the day."""
    response = Response(stream_with_context(_lines(titles, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"'
    return response


def _lines(titles: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    # Without the mark spreadsheets guess another encoding.
    yield "\ufeff" + _line(titles)
    for row in rows:
        yield _line(row)


def _line(cells: list[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def percent(share: float | None) -> float | None:
    """0 to 1 as a percentage."""
    return None if share is None else round(share * 100, 2)


def time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
