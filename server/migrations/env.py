"""Alembic environment: the same migrations on SQLite and PostgreSQL."""

from typing import Literal

from alembic import context
from sqlalchemy import text

from core.db import Model, UtcDateTime, db


def render_item(type_: str, item: object, autogen_context: object) -> str | Literal[False]:
    """Write UtcDateTime as the plain type it stores, so that migrations do not depend on our code."""
    if type_ == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # Closed afterwards instead of going back to the pool: the lock and the timeout are its own.
            connection.detach()
            # One migration at a time, whichever host started first; the others wait for it.
            connection.execute(text("SELECT pg_advisory_lock(727391)"))
            # Better to fail and be run again than to queue every request behind a lock.
            connection.execute(text("SET lock_timeout = '2s'"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Model.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
