"""How the registrations of a tenant, or of one of its courses, have turned out so far."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from core.db import session
from registrations.models import Instance, Registration
from server.console.learners import current_instance


@dataclass(frozen=True)
class Outcomes:
    """Counts of registrations: each is in one of ``parts``; passed and failed say something beside it."""

    all: int
    not_started: int
    incomplete: int
    completed: int
    passed: int
    failed: int
    score: float | None
    seconds: float | None

    @property
    def started(self) -> int:
        return self.all - self.not_started

    @property
    def parts(self) -> list[tuple[str, int]]:
        """(state, count), the furthest first."""
        return [("completed", self.completed), ("incomplete", self.incomplete), ("not_started", self.not_started)]

    @property
    def verdicts(self) -> list[tuple[str, int]]:
        return [("passed", self.passed), ("failed", self.failed)]


def of(tenant_id: int, course_id: str | None = None) -> Outcomes:
    """Counts, the average scaled score of those that have one, and the average time of those that began."""
    completions = [func.count().filter(Instance.completion == word) for word in ("unknown", "incomplete", "completed")]
    verdicts = [func.count().filter(Instance.success == word) for word in ("passed", "failed")]
    averages = (func.avg(Instance.score_scaled), func.avg(Instance.total_seconds).filter(Instance.total_seconds > 0))
    query = (
        select(func.count(), *completions, *verdicts, *averages)
        .select_from(Registration)
        .join(Instance, current_instance())
        .where(Registration.tenant_id == tenant_id)
    )
    if course_id is not None:
        query = query.where(Registration.course_id == course_id)
    return Outcomes(*tuple(session().execute(query).one()))
