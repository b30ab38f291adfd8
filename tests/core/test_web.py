"""Hosts, scopes and errors as every edge answers them, on the real application with a few routes added."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from core import errors, web
from core.settings import Settings
from server.app import create_app
from server.database import upgrade
from tests.conftest import basic, make_tenant

probe = web.blueprint("probe", __name__, origin="base", url_prefix="/probe")
course = web.blueprint("course", __name__, origin="content", url_prefix="/course")


@probe.get("/open")
@web.public("a test")
def open_() -> str:
    return "open"


@probe.route("/guarded", methods=["GET", "POST"])
@web.scope("statements/write")
def guarded() -> str:
    return web.principal().key


@probe.get("/forgotten")
def forgotten() -> str:
    return "never seen"


@probe.get("/raise/<name>")
@web.public("a test")
def raise_(name: str) -> str:
    if name == "database":
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))
    if name == "bug":
        raise KeyError("internal detail")
    raise getattr(errors, name)("what and where", path="$.actor")


@course.get("/")
@web.public("a test")
def course_page() -> str:
    return "course"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder: Path = tmp_path_factory.mktemp("web")
    app: Flask = create_app(Settings(data_dir=str(folder), log_level="ERROR"))
    app.register_blueprint(probe)
    app.register_blueprint(course)
    with app.app_context():
        upgrade()
    return app.test_client()


BASE = "http://localhost:8000"
CONTENT = "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("origin", "path", "status"),
    [
        (BASE, "/probe/open", 200),
        (CONTENT, "/probe/open", 404),
        (CONTENT, "/course/", 200),
        (BASE, "/course/", 404),
        ("http://evil.example", "/probe/open", 421),
        ("http://localhost:8001", "/course/", 421),
        ("http://localhost:9999", "/probe/open", 421),
        ("http://127.0.0.1:8000", "/probe/open?a=1", 308),
    ],
)
def test_each_origin_has_only_its_routes(client: FlaskClient, origin: str, path: str, status: int) -> None:
    answer = client.get(path, base_url=origin)
    assert answer.status_code == status
    if status == 308:
        assert answer.location == f"{BASE}/probe/open?a=1"


def test_scope_matrix(client: FlaskClient) -> None:
    with client.application.app_context():
        writer, reader = make_tenant(["statements/write"]), make_tenant(["all/read"])
    assert client.get("/probe/guarded", base_url=BASE).status_code == 401
    assert client.get("/probe/guarded", base_url=BASE, headers=writer.auth).text == writer.key
    refused = client.get("/probe/guarded", base_url=BASE, headers=reader.auth)
    assert refused.status_code == 403
    assert refused.json == {
        "error": {
            "code": "forbidden",
            "message": f"credential '{reader.key}' lacks the scope statements/write",
            "needed": ["statements/write"],
        }
    }


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic é", "Basic bm9jb2xvbg==", "Basic /////w==", "Digest x", "Basic " + "A" * 5000],
)
def test_broken_authorization_is_401_with_a_challenge(client: FlaskClient, header: str) -> None:
    answer = client.get("/probe/guarded", base_url=BASE, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_null_byte_in_the_key_is_401(client: FlaskClient) -> None:
    assert client.get("/probe/guarded", base_url=BASE, headers=basic("a\0b", "c")).status_code == 401


def test_a_route_without_scope_is_closed(client: FlaskClient) -> None:
    with client.application.app_context():
        tenant = make_tenant()
    assert client.get("/probe/forgotten", base_url=BASE, headers=tenant.auth).status_code == 403


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Invalid", 400),
        ("Unauthenticated", 401),
        ("Forbidden", 403),
        ("NotFound", 404),
        ("Conflict", 409),
        ("Gone", 410),
        ("PreconditionFailed", 412),
        ("TooLarge", 413),
        ("UnsupportedMedia", 415),
        ("RateLimited", 429),
        ("Unavailable", 503),
        ("database", 503),
        ("bug", 500),
    ],
)
def test_errors_become_their_status(client: FlaskClient, name: str, status: int) -> None:
    answer = client.get(f"/probe/raise/{name}", base_url=BASE, headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == status
    assert answer.headers["X-Request-Id"] == "abc-1"
    assert answer.json
    if status == 500:
        assert "internal detail" not in answer.text
        assert "abc-1" in answer.json["error"]["message"]
    if status == 503:
        assert answer.headers["Retry-After"] == "2"


def test_unknown_address_and_method(client: FlaskClient) -> None:
    assert client.get("/nowhere", base_url=BASE).status_code == 404
    answer = client.delete("/probe/open", base_url=BASE)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_foreign_request_id_is_replaced(client: FlaskClient) -> None:
    answer = client.get("/probe/open", base_url=BASE, headers={"X-Request-Id": "a b;c" * 50})
    assert len(answer.headers["X-Request-Id"]) == 36
