"""A real gunicorn on each database, and one Chromium for all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from server.demo import build_zip
from tests.browser.courses import habits, scorm_12
from tests.browser.player import Player
from tests.browser.rest import Rest
from tests.conftest import DATABASES, drop_postgres_database, make_postgres_database
from tests.live import live_server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 60_000

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", params=DATABASES)
def live_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('live') / 'rekam.sqlite3'}"
        return
    url = make_postgres_database()
    yield url
    drop_postgres_database(url)


@pytest.fixture(scope="session")
def rest(live_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """A running server without Redis, spoken to by REST."""
    allowed = {"REKAM_FRAME_ANCESTORS": "http://lms.localhost:*"}
    with live_server(live_database, tmp_path_factory.mktemp("live-data"), extra=allowed) as (server, tenant):
        yield Rest(server, tenant)


@pytest.fixture(scope="session")
def demo(rest: Rest) -> str:
    """The demo course; its id."""
    return rest.import_course(build_zip())


@pytest.fixture(scope="session")
def course_12(rest: Rest) -> str:
    return rest.import_course(scorm_12())


@pytest.fixture(scope="session")
def course_habits(rest: Rest) -> str:
    return rest.import_course(habits())


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A learner's browser: own cookies and storage, English."""
    made = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    made.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    made.on("weberror", lambda error: problems.append(error.error.stack or str(error.error)))
    yield made
    made.close()
    assert not problems, problems


@pytest.fixture
def launch(rest: Rest, context: BrowserContext) -> object:
    """``launch(registration, back="")`` opens a course as its learner; see ``Rest.launch_link``."""
    return lambda registration, back="": Player(context, rest.launch_link(registration, back))
