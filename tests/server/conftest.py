"""The command ``rekam`` on the databases of the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from core.db import session
from core.settings import Settings
from server.cli.commands import main

Run = Callable[..., Result]


@pytest.fixture
def rekam(app: Flask, settings: Settings) -> Run:
    """Run the command on the database of the test."""
    environ = {
        "REKAM_DATABASE_URL": settings.database_url,
        "REKAM_DATA_DIR": settings.data_dir,
        "REKAM_BASE_URL": settings.base_url,
        "REKAM_CONTENT_URL": settings.content_url,
        "REKAM_SECRET_KEY": settings.secret_key,
    }

    def run(*arguments: object, **options: Any) -> Result:
        session().rollback()
        result = CliRunner().invoke(main, [str(a) for a in arguments], env=environ, **options)
        session().expire_all()
        session().rollback()
        return result

    return run
