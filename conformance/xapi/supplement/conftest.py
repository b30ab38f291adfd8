"""``lrs`` is the store that LRS_URL names, else Rekam behind gunicorn on each database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from conformance.xapi.supplement.client import Lrs

URL = os.environ.get("LRS_URL", "")
DATABASES = os.environ.get("TEST_DATABASES", "sqlite,postgresql").split(",")


Both = tuple[Lrs, Lrs]


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Both]]:
    """Database → store. A server is started when first asked for and serves to the end, whatever the order of tests."""
    with ExitStack() as stack:
        yield cache(lambda kind: stack.enter_context(_rekam(kind, tmp_path_factory.mktemp("lrs"))))


@pytest.fixture(params=["LRS_URL"] if URL else DATABASES)
def both(request: pytest.FixtureRequest, stores: Callable[[str], Both]) -> Both:
    """The store under two credentials."""
    if URL:
        first = Lrs(URL, os.environ["LRS_KEY"], os.environ["LRS_SECRET"])
        return first, Lrs(URL, os.environ.get("LRS_KEY_2", ""), os.environ.get("LRS_SECRET_2", ""))
    return stores(request.param)


@contextmanager
def _rekam(database: str, folder: Path) -> Iterator[Both]:
    from core import credentials
    from core.db import db, unit_of_work
    from core.settings import Settings
    from server.app import create_app
    from tests.conftest import drop_postgres_database, make_postgres_database
    from tests.live import live_server

    url = "" if database == "sqlite" else make_postgres_database()
    with live_server(url, folder) as (live, tenant):
        app = create_app(Settings.from_env(live.environment))
        with app.app_context():
            with unit_of_work():
                second, secret = credentials.create(tenant.id, ["all"])
                key = second.key
            db.engine.dispose()
        yield Lrs(f"{live.base}/xapi", tenant.key, tenant.secret), Lrs(f"{live.base}/xapi", key, secret)
    if url:
        drop_postgres_database(url)


@pytest.fixture
def lrs(both: tuple[Lrs, Lrs]) -> Lrs:
    """Speaks 2.0.0; ``lrs.speaking("1.0.3")`` does the other."""
    return both[0]


@pytest.fixture
def second(both: tuple[Lrs, Lrs]) -> Lrs:
    """The same store under another credential."""
    if not both[1].key:
        pytest.skip("LRS_KEY_2 and LRS_SECRET_2 are not given")
    return both[1]


@pytest.fixture(params=["1.0.3", "2.0.0"])
def each(lrs: Lrs, request: pytest.FixtureRequest) -> Lrs:
    """The store in each version."""
    return lrs.speaking(request.param)
