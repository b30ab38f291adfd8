"""Fixtures: the application on each database, tenants, clients.

``app`` runs every test that asks for it once on SQLite and once on PostgreSQL. Tests make their own tenant instead of cleaning up.
"""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import delete

from core import credentials, tenants
from core.blobs import BlobStore
from core.db import db, session, snapshot, unit_of_work
from core.outbox import OutboxRow
from core.settings import Settings, get_settings
from lrs import integrity
from server.app import create_app
from server.database import upgrade
from server.forwarding import Forwarder
from tests.storing import s3_store

# The clock of a busy machine is no finding, and a run finds what the run before it found; HYPOTHESIS_PROFILE=explore looks further.
hypothesis_settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
hypothesis_settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# A database to which the tests may connect to create their own; `make test` sets it.
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
DATABASES = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")


def make_postgres_database() -> str:
    """A fresh empty database; returns its URL."""
    name = f"rekam_test_{uuid.uuid4().hex[:12]}"
    connection = psycopg2.connect(POSTGRES)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return f"{POSTGRES.rsplit('/', 1)[0]}/{name}"


def drop_postgres_database(url: str) -> None:
    connection = psycopg2.connect(POSTGRES)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")
    connection.close()


@pytest.fixture(scope="session", params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database of each kind, for the whole run."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'rekam.sqlite3'}"
        return
    url = make_postgres_database()
    yield url
    drop_postgres_database(url)


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=str(tmp_path_factory.mktemp("data")),
        base_url="http://localhost",
        content_url="http://content.localhost",
        secret_key="k" * 43,
        log_level="ERROR",
    )


@pytest.fixture(scope="session")
def session_app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    made.testing = True
    # Handlers must answer errors as they do in production.
    made.config["PROPAGATE_EXCEPTIONS"] = False
    with made.app_context():
        upgrade()
    yield made
    with made.app_context():
        db.engine.dispose()


def problems_of(tenant_id: int) -> list[str]:
    """What does not agree in the tenant's record store."""
    with snapshot():
        return list(integrity.problems(tenant_id, lambda done, total: None))


@pytest.fixture
def app(session_app: Flask) -> Iterator[Flask]:
    """The application within an application context, per database. What a test leaves to be done is not done in the next one."""
    with session_app.app_context():
        yield session_app
    with session_app.app_context(), unit_of_work():
        session().execute(delete(OutboxRow))
        session().execute(delete(Forwarder))


@dataclass(frozen=True)
class TestTenant:
    """A fresh tenant with one credential of scope ``all``; ``auth`` are request headers."""

    __test__ = False
    id: int
    app_id: str
    key: str
    secret: str

    @property
    def auth(self) -> dict[str, str]:
        return basic(self.key, self.secret)


def basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


def make_tenant(scopes: list[str] | None = None) -> TestTenant:
    with unit_of_work():
        tenant = tenants.create("Test")
        credential, secret = credentials.create(tenant.id, scopes or ["all"])
        return TestTenant(tenant.id, tenant.app_id, credential.key, secret)


@pytest.fixture
def tenant(app: Flask) -> Iterator[TestTenant]:
    """Whatever a test does, and in whatever order, leaves nothing wrong in the record store."""
    made = make_tenant()
    yield made
    assert problems_of(made.id) == []


@pytest.fixture
def other_tenant(app: Flask) -> Iterator[TestTenant]:
    made = make_tenant()
    yield made
    assert problems_of(made.id) == []


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Speaks to the base origin without credentials; pass ``headers=tenant.auth``."""
    return app.test_client()


class ContentClient(FlaskClient):
    """Speaks to the content origin."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("base_url", get_settings().content_url)
        return super().open(*args, **kwargs)


@pytest.fixture
def content_client(app: Flask) -> FlaskClient:
    return ContentClient(app, app.response_class)


@pytest.fixture
def fixtures() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def on_s3(app: Flask, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    """The application keeps its blobs on S3."""
    store = s3_store(s3, tmp_path)
    monkeypatch.setitem(app.extensions, "rekam_blobs", store)
    return store
