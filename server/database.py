"""Bringing the schema of the bound database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from core.db import db

FOLDER = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def upgrade() -> None:
    """Run all migrations that are missing (within an application context). Quick when there are none."""
    if pending():
        command.upgrade(_config(), "head")
        _vacuum()


def _vacuum() -> None:
    """Until it is vacuumed PostgreSQL reads a table that a migration wrote anew more slowly, and by itself it may not do so for weeks."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM statements, statement_references, statement_targets"))


def pending() -> list[str]:
    """Revisions the database still lacks, oldest first."""
    script = ScriptDirectory.from_config(_config())
    with db.engine.connect() as connection:
        present = set(MigrationContext.configure(connection).get_current_heads())
    missing: list[str] = []
    for revision in script.walk_revisions():
        if revision.revision in present:
            break
        missing.insert(0, revision.revision)
    return missing


def current() -> str | None:
    """The revision the database is at; None before the first migration."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
