"""Learners: the list, and one learner with their registrations."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import and_, func, or_, select

from core.db import session
from registrations import learners
from registrations.models import Instance, Learner, Registration
from server.console.access import bp, console_view, tenant_id
from server.console.listing import Page, like, paginate, sort_of

SORTS = {
    "name": func.lower(Learner.last_name + Learner.first_name),
    "id": Learner.id,
    "updated": Learner.updated,
}


@bp.get("/learners")
@console_view("instructor")
def learners_list() -> Any:
    sort = sort_of(SORTS, "name")
    query = select(Learner).where(Learner.tenant_id == tenant_id())
    word = request.args.get("q", "").strip()[:100]
    if word:
        fields = (Learner.first_name + " " + Learner.last_name, Learner.email, Learner.id)
        query = query.where(or_(*(func.lower(field).like(like(word), escape="\\") for field in fields)))
    column = SORTS[sort.column]
    page = paginate(query, [column.desc() if sort.descending else column, Learner.id])
    return render_template("console/learners.html", page=page, sort=sort, word=word, counts=_counts(page))


def _counts(page: Page) -> dict[str, tuple[int, int]]:
    """Registrations and completions of each learner of the page."""
    done = func.count().filter(Instance.completion == "completed")
    query = (
        select(Registration.learner_id, func.count(), done)
        .join(Instance, current_instance())
        .where(Registration.tenant_id == tenant_id(), Registration.learner_id.in_([row.id for row in page.rows]))
        .group_by(Registration.learner_id)
    )
    return {learner: (all_, finished) for learner, all_, finished in session().execute(query)}


def current_instance() -> Any:
    """The join condition of a registration and its current instance."""
    return and_(
        Instance.tenant_id == Registration.tenant_id,
        Instance.registration_id == Registration.id,
        Instance.number == Registration.instance,
    )


def registrations_of(tenant: int, learner_id: str, limit: int = 200) -> list[Any]:
    """(registration, current instance) of a learner, the latest change first."""
    query = (
        select(Registration, Instance)
        .join(Instance, current_instance())
        .where(Registration.tenant_id == tenant, Registration.learner_id == learner_id)
        .order_by(Registration.updated.desc(), Registration.id)
    )
    return list(session().execute(query.limit(limit)))


@bp.get("/learner")
@console_view("instructor")
def learner() -> Any:
    found = learners.get(tenant_id(), request.args.get("id", ""))
    return render_template("console/learner.html", learner=found, rows=registrations_of(tenant_id(), found.id))
