"""Statements and completions of each day, for the chart of the first page.

A day that is over never changes, so it is counted once and kept; only today is counted when somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Date, Integer, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Model, dialect, session, unit_of_work
from core.events import Event
from lrs import consistency
from lrs.models import StatementRow


class DayCount(Model):
    """What happened on a day (UTC) that is over."""

    __tablename__ = "day_counts"

    tenant_id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    statements: Mapped[int] = mapped_column(Integer)
    completions: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True)
class Day:
    day: date
    statements: int
    completions: int


def last_days(tenant_id: int, days: int = 14) -> list[Day]:
    """The last ``days`` days up to today, oldest first. Opens a unit of work when a finished day was not counted yet."""
    today = clock.now().date()
    wanted = [today - timedelta(days=back) for back in range(days - 1, 0, -1)]
    query = select(DayCount).where(DayCount.tenant_id == tenant_id, DayCount.day >= wanted[0])
    known = {row.day: Day(row.day, row.statements, row.completions) for row in session().scalars(query)}
    missing = [_count(tenant_id, day) for day in wanted if day not in known]
    if missing:
        _keep(tenant_id, missing)
    known.update({day.day: day for day in missing})
    return [known[day] for day in wanted] + [_count(tenant_id, today)]


def _keep(tenant_id: int, days: list[Day]) -> None:
    insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
    values = [
        {"tenant_id": tenant_id, "day": d.day, "statements": d.statements, "completions": d.completions} for d in days
    ]
    with unit_of_work() as current:
        current.execute(insert(DayCount).values(values).on_conflict_do_nothing())


def _count(tenant_id: int, day: date) -> Day:
    """Both counts are ranges of an index that begins with the tenant."""
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    first, last = (consistency.start_of(consistency.milliseconds(t)) for t in (start, end))
    statements = select(func.count()).where(
        StatementRow.tenant_id == tenant_id, StatementRow.position >= first, StatementRow.position < last
    )
    completions = select(func.count()).where(
        Event.tenant_id == tenant_id,
        Event.time >= start,
        Event.time < end,
        Event.type == "registration.completed",
    )
    return Day(day, session().scalar(statements) or 0, session().scalar(completions) or 0)
