"""Every console route: sign-in, role, forgery, headers, cookies."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask

from core.settings import Settings
from server import people
from server.app import create_app
from tests.conftest import TestTenant
from tests.server.console.conftest import ORIGIN, PASSWORD, Browser, browser_of, make_person

# Views that need no session, with the reason in the code; anything new has to be argued for here.
OPEN = {"console.login", "console.sign_in", "console.preferences"}


def console_rules(app: Flask) -> list[tuple[str, str, str]]:
    """(method, path, role) of every route of the console that needs a role."""
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("console."):
            continue
        assert "<" not in rule.rule, "ids stand in the query, where any character may stand"
        view = app.view_functions[rule.endpoint]
        role = getattr(view, "rekam_console_role", None)
        assert (role is None) == (rule.endpoint in OPEN), rule.endpoint
        if role is not None:
            found += [(method, rule.rule, role) for method in sorted(rule.methods or ()) if method in ("GET", "POST")]
    assert len(found) > 40
    return found


def test_every_view_sends_strangers_to_the_sign_in_page(app: Flask) -> None:
    browser = Browser(app)
    browser.get("/login")
    for method, path, _role in console_rules(app):
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 302, (method, path)
        assert answer.location.startswith("/login"), (method, path)


def test_every_view_refuses_the_role_below_its_own(app: Flask, tenant: TestTenant) -> None:
    browsers = {role: browser_of(app, role, tenant.id) for role in people.ROLES[:-1]}
    for method, path, role in console_rules(app):
        below = people.ROLES.index(role) - 1
        if below < 0:
            continue
        browser = browsers[people.ROLES[below]]
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 403, (method, path, people.ROLES[below])


def test_every_form_needs_the_token_and_the_origin(app: Flask, system: Browser) -> None:
    for method, path, _role in console_rules(app):
        if method != "POST":
            continue
        for data, headers in (
            ({"csrf": ""}, {"Origin": ORIGIN}),
            ({"csrf": "x" * 32}, {"Origin": ORIGIN}),
            ({}, {}),
            ({}, {"Origin": "null"}),
            ({}, {"Origin": "http://localhost.evil.example"}),
            ({}, {"Origin": "http://content.localhost"}),
            ({}, {"Origin": "https://localhost"}),
        ):
            answer = system.post(path, data, headers=headers)
            assert answer.status_code == 403, (path, data, headers)
    assert system.get("/").status_code == 200, "still signed in"


def test_the_token_of_one_session_is_no_good_in_another(app: Flask, tenant: TestTenant) -> None:
    one, two = (browser_of(app, "tenant_administrator", tenant.id) for _ in range(2))
    assert one.csrf != two.csrf
    two.csrf = one.csrf
    assert two.post("/credentials", {"scopes": "rest"}).status_code == 403


def test_signing_in_needs_the_token_too(app: Flask, tenant: TestTenant) -> None:
    account, browser = make_person("instructor", tenant.id), Browser(app)
    answer = browser.post("/login", {"email": account.email, "password": PASSWORD})
    assert answer.status_code == 403


def test_signing_in_rotates_the_session_and_leads_on(app: Flask, tenant: TestTenant) -> None:
    account, browser = make_person("instructor", tenant.id), Browser(app)
    assert browser.get("/courses?q=a").location == "/login?next=/courses?q%3Da"
    browser.get("/login")
    before = browser.csrf
    answer = browser.post("/login", {"email": account.email, "password": PASSWORD, "next": "/courses?q=a"})
    assert answer.location == "/courses?q=a"
    browser.get("/")
    assert browser.csrf != before


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_signing_in_leads_nowhere_else(app: Flask, tenant: TestTenant, target: str) -> None:
    account, browser = make_person("instructor", tenant.id), Browser(app)
    browser.get("/login")
    answer = browser.post("/login", {"email": account.email, "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_wrong_password_is_said_and_the_delay_with_its_seconds(app: Flask, tenant: TestTenant) -> None:
    account, browser = make_person("instructor", tenant.id), Browser(app)
    browser.get("/login")
    statuses = [browser.post("/login", {"email": account.email, "password": "wrong"}).status_code for _try in range(4)]
    assert statuses == [401, 401, 401, 429]
    answer = browser.post("/login", {"email": account.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) in (1, 2)
    assert "Try again in" in answer.text


def test_signing_out_ends_the_session_for_good(app: Flask, tenant: TestTenant) -> None:
    browser = browser_of(app, "instructor", tenant.id)
    kept = browser.client.get_cookie("rekam")
    assert kept is not None
    assert browser.post("/logout").location == "/login"
    browser.client.set_cookie("rekam", kept.value)
    assert browser.get("/courses").location.startswith("/login"), "the old cookie is worthless"


def test_a_one_time_password_leads_to_its_change_only(app: Flask, tenant: TestTenant) -> None:
    account, browser = make_person("instructor", tenant.id), Browser(app)
    from core.db import unit_of_work

    with unit_of_work():
        word = people.reset_password(people.get(tenant.id, account.id), by="test")
    assert browser.sign_in(account.email, word).location == "/password"
    assert browser.get("/courses").location == "/password"
    wrong = browser.post("/password", {"current": word, "new": "short", "again": "short"})
    assert wrong.status_code == 422
    assert "at least 12" in wrong.text
    unlike = browser.post("/password", {"current": word, "new": "four good long words", "again": "other"})
    assert unlike.status_code == 422
    bad = browser.post("/password", {"current": "no", "new": "four good long words", "again": "four good long words"})
    assert "current password is wrong" in bad.text
    done = browser.post("/password", {"current": word, "new": "four good long words", "again": "four good long words"})
    assert done.status_code == 302
    assert browser.get("/courses").status_code == 200


def test_headers_of_every_answer(app: Flask, admin: Browser) -> None:
    for path in ("/", "/courses", "/login", "/nothing-here", "/course?id=none"):
        answer = admin.get(path, headers={"Accept": "text/html"})
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        if answer.mimetype == "text/html" and answer.status_code == 200:
            nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
            assert nonce is not None
            assert set(re.findall(r"<script[^>]*nonce=\"([^\"]+)\"", answer.text)) == {nonce[1]}
            assert not re.search(r"<script(?![^>]*nonce)|\son\w+=|style=\"", answer.text), path
    first, second = (admin.get("/").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second, "a nonce is used once"


def test_the_cookie_over_http_and_over_https(app: Flask, tenant: TestTenant, tmp_path: object) -> None:
    browser = Browser(app)
    cookie = browser.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("rekam=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie
    config: dict[str, object] = {}

    class Stub:
        def __init__(self) -> None:
            self.config = config

    config["REKAM"] = Settings(base_url="https://lms.example", content_url="https://content.example")
    people.init_app(Stub())  # type: ignore[arg-type]
    assert config["SESSION_COOKIE_NAME"] == "__Host-rekam"
    assert config["SESSION_COOKIE_SECURE"] is True
    assert config["SESSION_COOKIE_PATH"] == "/"


def test_hsts_on_https_only(admin: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Strict-Transport-Security" not in admin.get("/").headers
    secure = Settings(base_url="https://localhost", content_url="https://content.localhost")
    monkeypatch.setitem(app.config, "REKAM", secure)
    assert "max-age=" in admin.get("/login").headers["Strict-Transport-Security"]


def test_the_console_is_not_on_the_content_origin(app: Flask) -> None:
    for path in ("/", "/login", "/courses"):
        assert app.test_client().get(path, base_url="http://content.localhost").status_code == 404, path


@pytest.mark.parametrize("path", ["/courses?q=%00", "/statements?learner=a%00b", "/registration?id=%00", "/?x=%00"])
def test_nul_is_refused_in_addresses(admin: Browser, path: str) -> None:
    assert admin.get(path).status_code == 400


def test_nul_is_refused_in_forms(admin: Browser) -> None:
    assert admin.post("/credentials", {"name": "a\0b", "scopes": "rest"}).status_code == 400
    for path in ("/courses/upload", "/course/file", "/course/thumbnail"):
        form = {"id": "a\0b", "course_id": "a\0b", "new": "yes", "file": (io.BytesIO(b"x"), "a.zip")}
        assert admin.post(path, form, content_type="multipart/form-data").status_code == 400, path


def test_a_form_is_small(admin: Browser) -> None:
    assert admin.post("/credentials", {"name": "x" * (2 << 20), "scopes": "rest"}).status_code == 413


def test_an_unknown_page_is_a_page_for_browsers_and_json_for_programs(admin: Browser) -> None:
    page = admin.get("/nowhere", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "There is no page at this address" in page.text
    assert admin.get("/nowhere", headers={"Accept": "application/json"}).is_json
    assert admin.get("/api/v2/nowhere", headers={"Accept": "text/html"}).is_json


def test_making_the_application_twice_is_no_trouble(settings: Settings) -> None:
    create_app(settings)


def test_a_page_for_another_role_says_so_in_the_language_of_the_reader(app: Flask, tenant: TestTenant) -> None:
    browser = browser_of(app, "instructor", tenant.id)
    for language, said in (
        ("en", "for another role: System administrator"),
        ("id", "untuk peran lain: Administrator sistem"),
    ):
        answer = browser.get("/settings", headers={"Accept-Language": language})
        assert (answer.status_code, said in answer.text) == (403, True), answer.text[-800:]
