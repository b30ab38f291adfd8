"""The content origin: launch links, the player page, course files."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import clock
from core.db import unit_of_work
from registrations import launches, registrations
from tests.conftest import ContentClient, TestTenant
from tests.scorm_runtime.packages import MANIFEST_2004, PAGE, Player, launch, load, package, register, ticket


@pytest.fixture
def player(app: Flask, tenant: TestTenant) -> Player:
    data = package(
        MANIFEST_2004, {"intro": ""}, extra={"media/Foto Ä.png": b"\x89PNG" + bytes(100), "js/app.js": "let x = 1;"}
    )
    return launch(app, tenant.id, register(tenant.id, load(tenant.id, data)))


def test_a_ticket_is_good_once(app: Flask, tenant: TestTenant, content_client: FlaskClient) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    secret = ticket(tenant.id, register(tenant.id, course))
    assert content_client.head(f"/launch/{secret}").status_code == 200
    first = content_client.get(f"/launch/{secret}")
    assert first.status_code == 303
    assert re.fullmatch(r"/p/[\w-]{43}/", first.headers["Location"])
    second = content_client.get(f"/launch/{secret}")
    assert second.status_code == 410
    assert "text/html" in second.headers["Content-Type"]
    assert content_client.get(f"/launch/{'A' * 43}").status_code == 404


def test_a_ticket_expires(app: Flask, tenant: TestTenant, content_client: FlaskClient) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    secret = ticket(tenant.id, register(tenant.id, course))
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        assert content_client.get(f"/launch/{secret}").status_code == 410


def test_tokens_end_by_idleness_and_by_age(player: Player) -> None:
    start = clock.now()
    # Half an hour of idleness ends a launch; on a busy machine this one began some seconds ago.
    with clock.frozen(start + timedelta(seconds=1700)):
        player.send({"cmi.location": "1"})
    with clock.frozen(start + timedelta(seconds=3400)):
        player.send({"cmi.location": "2"})
    with clock.frozen(start + timedelta(seconds=5201)):
        response = player.post({"seq": 99, "key": "k", "session": player.session})
        assert (response.status_code, response.json["error"]["code"]) == (410, "launch_expired")
    with clock.frozen(start + timedelta(seconds=43_201)):
        assert player.client.get(f"/p/{player.token}/").status_code == 410


def test_a_page_that_only_says_that_it_is_there_keeps_its_launch(player: Player) -> None:
    for minutes in (25, 50):
        with clock.frozen(clock.now() + timedelta(minutes=minutes)):
            assert player.send()["state"] == "content"
    assert boot_of(player)["alive"] == 600


def test_a_revoked_launch_opens_nothing(player: Player) -> None:
    with unit_of_work():
        launches.revoke_all(registrations.get(player.tenant_id, player.registration_id))
    for path in ("", "c/intro.html"):
        assert player.client.get(f"/p/{player.token}/{path}").status_code == 410


def test_the_player_page(player: Player) -> None:
    page = player.client.get(f"/p/{player.token}/", headers={"Accept-Language": "id"})
    assert page.status_code == 200
    boot = msgspec.json.decode(re.search(r'id="boot">(.*?)</script>', page.text, re.S)[1])  # type: ignore[index]
    assert boot["title"] == "Safety"
    assert list(boot["tables"]) == ["scorm_2004"]
    assert player.token not in boot["journal"]
    assert '<html lang="id"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'self' http://localhost" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers


def boot_of(player: Player) -> dict[str, Any]:
    page = player.client.get(f"/p/{player.token}/").text
    found: dict[str, Any] = msgspec.json.decode(page.partition('id="boot">')[2].partition("</script>")[0])
    return found


def test_courses_that_share_a_registration_of_statements_have_journals_of_their_own(
    app: Flask, tenant: TestTenant
) -> None:
    course = load(tenant.id, package(MANIFEST_2004, {"intro": ""}))
    one, other = (register(tenant.id, course, xapi_registration="0c5e3c2a-6f0d-4f0e-8b3e-0a4f1f4b8b0a") for _ in "ab")
    journals = [boot_of(launch(app, tenant.id, each))["journal"] for each in (one, one, other)]
    assert journals[0] == journals[1] != journals[2]


def test_course_files(player: Player) -> None:
    page = player.client.get(f"/p/{player.token}/c/intro.html?tc=1")
    assert page.text == PAGE
    assert page.headers["Content-Type"] == "text/html"
    assert page.headers["Content-Security-Policy"].startswith("sandbox allow-scripts allow-same-origin")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Permissions-Policy"].startswith("unload=(self)")
    assert page.headers["Origin-Agent-Cluster"] == "?1"
    etag = page.headers["ETag"]
    assert player.client.get(f"/p/{player.token}/c/intro.html", headers={"If-None-Match": etag}).status_code == 304
    script = player.client.get(f"/p/{player.token}/c/JS/App.js")
    assert script.headers["Content-Type"].startswith("text/javascript")


def test_ranges(player: Player) -> None:
    path = f"/p/{player.token}/c/media/Foto%20%C3%84.png"
    whole = player.client.get(path)
    assert whole.headers["Content-Type"] == "image/png"
    part = player.client.get(path, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"PNG", "bytes 1-3/104")
    assert player.client.get(path, headers={"Range": "bytes=500-"}).status_code == 416
    for range_ in ("pages=1-3", "bytes=0-3,9-12", "bytes"):
        other = player.client.get(path, headers={"Range": range_})
        assert (other.status_code, other.data) == (200, whole.data), range_


@pytest.mark.parametrize("path", ["nothing.html", "../intro.html", "imsmanifest.xml/", "%00", "media"])
def test_files_that_are_not_there(player: Player, path: str) -> None:
    assert player.client.get(f"/p/{player.token}/c/{path}").status_code == 404


def test_a_page_that_the_package_lacks_says_so(player: Player) -> None:
    """Courses lead to files that were never packed; the launch is as good as before."""
    address = f"/p/{player.token}/c/lms/story.html"
    english, indonesian = (player.client.get(address, headers={"Accept-Language": each}) for each in ("en", "id"))
    assert (english.status_code, indonesian.status_code) == (404, 404)
    assert "This page is missing" in english.text
    assert "the course has no file &#39;lms/story.html&#39;" in english.text
    assert "Halaman ini tidak ada" in indonesian.text
    assert player.client.get(f"/p/{player.token}/c/intro.html").status_code == 200


def test_no_service_workers(player: Player) -> None:
    response = player.client.get(f"/p/{player.token}/c/js/app.js", headers={"Service-Worker": "script"})
    assert response.status_code == 403


def test_packages_with_a_pdf_are_not_sandboxed(app: Flask, tenant: TestTenant) -> None:
    data = package(MANIFEST_2004, {"intro": ""}, extra={"guide.pdf": b"%PDF-1.4"})
    player = launch(app, tenant.id, register(tenant.id, load(tenant.id, data)))
    response = player.client.get(f"/p/{player.token}/c/guide.pdf")
    assert response.headers["Content-Type"] == "application/pdf"
    assert "sandbox" not in response.headers["Content-Security-Policy"]


def test_the_base_origin_has_no_player(player: Player, client: FlaskClient) -> None:
    assert client.get(f"/p/{player.token}/").status_code == 404
    assert ContentClient(player.app, player.app.response_class).get("/xapi/about").status_code == 404


def test_too_large_a_body(player: Player) -> None:
    assert player.post(b" " * ((16 << 20) + 1)).status_code == 413
