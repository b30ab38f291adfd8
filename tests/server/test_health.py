"""/healthz, /readyz and /metrics, with everything there and with the database away."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.settings import Settings
from server.app import create_app
from tests.conftest import TestTenant

LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.mark.parametrize("host", ["localhost", "content.localhost", "10.0.0.7:8000"])
def test_probes_come_by_any_name(client: FlaskClient, host: str) -> None:
    """Load balancers ask by the address of the machine."""
    assert client.get("/healthz", headers={"Host": host}).json == {"status": "ok"}
    ready = client.get("/readyz", headers={"Host": host})
    assert ready.status_code == 200
    assert ready.json == {
        "status": "ready",
        "checks": dict.fromkeys(("process", "database", "migrations", "storage"), "ok"),
    }


@pytest.fixture
def cut_off(settings: Settings, tmp_path: Path) -> Flask:
    """An installation whose database does not answer."""
    url = "postgresql://nobody@127.0.0.1:1/none"
    return create_app(replace(settings, database_url=url, data_dir=str(tmp_path), log_level="ERROR"))


def test_without_its_database_it_lives_but_is_not_ready(cut_off: Flask, tenant: TestTenant) -> None:
    client = cut_off.test_client()
    cut_off.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["checks"]["database"] == "the database does not answer"
    headers = {**tenant.auth, "X-Experience-API-Version": "2.0.0"}
    for path in ("/api/v2/courses", "/xapi/statements"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, path) == (503, path)
        assert int(answer.headers["Retry-After"]) > 0


def test_an_empty_database_is_not_ready(settings: Settings, tmp_path: Path) -> None:
    made = create_app(replace(settings, database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}", data_dir=str(tmp_path)))
    # Which migrations are there is asked once a process; this one has asked before.
    from server import health

    before = dict(health._state)
    health._state["migrated"] = False
    try:
        ready = made.test_client().get("/readyz")
    finally:
        health._state.update(before)
    assert ready.status_code == 503
    assert "rekam db upgrade" in ready.json["checks"]["migrations"]


def test_without_its_folder_it_is_not_ready(settings: Settings, tmp_path: Path) -> None:
    made = create_app(replace(settings, data_dir=str(tmp_path / "data"), storage_url=str(tmp_path / "blobs")))
    assert made.test_client().get("/readyz").status_code == 200
    shutil.rmtree(tmp_path / "blobs", ignore_errors=True)
    (tmp_path / "blobs").write_text("a file in the place of the folder")
    ready = made.test_client().get("/readyz")
    assert ready.status_code == 503
    assert ready.json["checks"]["storage"] != "ok"


def test_metrics(client: FlaskClient, tenant: TestTenant) -> None:
    client.get("/api/v2/courses", headers=tenant.auth)
    answer = client.get("/metrics", environ_base=LOCAL)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    lines = answer.text.splitlines()
    assert [line for line in lines if line.startswith("rekam_requests_total{") and 'route="/api/v2/courses"' in line]
    for name in ("rekam_request_seconds_bucket{", "rekam_outbox_depth ", "rekam_outbox_oldest_seconds "):
        assert [line for line in lines if line.startswith(name)], name


def test_metrics_are_for_this_machine_or_the_token(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"):
        assert client.get("/metrics", environ_base=LOCAL, headers={header: "203.0.113.9"}).status_code == 403
    monkeypatch.setitem(app.config, "REKAM", replace(app.config["REKAM"], metrics_token="t" * 20))
    assert client.get("/metrics", environ_base=LOCAL).status_code == 401
    wrong = {"Authorization": "Bearer other"}
    assert client.get("/metrics", environ_base=LOCAL, headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {'t' * 20}"}
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}, headers=right).status_code == 200
