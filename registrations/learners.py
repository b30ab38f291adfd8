"""Learners: people as the client systems name them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from core import clock
from core.db import queue_at, session
from core.errors import Invalid, NotFound
from registrations.models import Learner


def check_id(value: object, name: str) -> str:
    """An identifier chosen by a client: 1 to 255 characters, none of them a control character."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{name} must be a text that is not empty", field=name)
    if len(value) > 255:
        raise Invalid(f"{name} has {len(value)} characters, the most is 255", field=name)
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise Invalid(f"{name} contains a control character", field=name)
    return value


def put(
    tenant_id: int,
    learner_id: str,
    *,
    first_name: str | None = None,
    last_name: str | None = None,
    email: str | None = None,
) -> Learner:
    """Create the learner, or update what is given (None leaves a field as it is)."""
    check_id(learner_id, "learner id")
    for name, value, most in (("first name", first_name, 255), ("last name", last_name, 255), ("email", email, 320)):
        if value is not None and len(value) > most:
            raise Invalid(f"the learner's {name} has {len(value)} characters, the most is {most}", field=name)
        if value is not None and any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise Invalid(f"the learner's {name} contains a control character", field=name)
    queue_at("learner", tenant_id, learner_id)
    learner = session().get(Learner, (tenant_id, learner_id))
    if learner is None:
        learner = Learner(tenant_id=tenant_id, id=learner_id, first_name="", last_name="")
        session().add(learner)
    given = {"first_name": first_name, "last_name": last_name, "email": email}
    for name, value in given.items():
        if value is not None and getattr(learner, name) != value:
            setattr(learner, name, value)
            learner.updated = clock.now()
    session().flush()
    return learner


def get(tenant_id: int, learner_id: str) -> Learner:
    learner = session().get(Learner, (tenant_id, learner_id))
    if learner is None:
        raise NotFound(f"no learner {learner_id!r}")
    return learner


def find(tenant_id: int, *, after: str | None = None, limit: int = 100) -> Sequence[Learner]:
    """Learners in the order of their ids, those after ``after``."""
    query = select(Learner).where(Learner.tenant_id == tenant_id).order_by(Learner.id).limit(limit)
    if after is not None:
        query = query.where(Learner.id > after)
    return session().scalars(query).all()
