"""The title that a course was given is that of its registrations too."""

from __future__ import annotations

from tests.server.api.conftest import Api, course_zip, work
from tests.server.console.conftest import browser_of


def titles(api: Api) -> set[str]:
    return {row["course"]["title"] for row in api.get("/registrations")["registrations"]}


def test_registrations_before_and_after_carry_the_title(api: Api, course: str) -> None:
    before = api.register(course)
    assert titles(api) == {api.get("/courses/safety")["title"]}
    api.call("PUT", "/courses/safety/title", {"title": "Safety at work"}, status=204)
    api.register(course)
    assert titles(api) == {"Safety at work"}
    api.imported(course_zip("new"), course, mayCreateNewVersion="true")
    api.call("POST", f"/registrations/{before}/version", {"version": 2}, status=200)
    api.register(course)
    assert titles(api) == {"Safety at work"}
    hook = api.call("POST", "/webhooks", {"url": "https://example.org/"}, status=200)["id"]
    api.register(course)
    work()
    delivery = api.get(f"/webhooks/{hook}/deliveries")["deliveries"][0]
    sent = api.get(f"/webhooks/{hook}/deliveries/{delivery['id']}")
    assert sent["payload"]["data"]["course"]["title"] == "Safety at work"
    browser = browser_of(api.app, "tenant_administrator", api.tenant.id)
    assert browser.post("/course/edit", {"id": course, "title": "K3"}).status_code == 302
    assert titles(api) == {"K3"}
