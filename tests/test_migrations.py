"""The migrations and the models describe the same schema, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from core.db import Model, db
from server.database import pending


def test_nothing_is_pending_after_upgrade(app: Flask) -> None:
    assert pending() == []


def test_models_equal_migrated_schema(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Model.metadata})
        assert compare_metadata(context, Model.metadata) == []
