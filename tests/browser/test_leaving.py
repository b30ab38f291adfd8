"""Every way a learner's page can end: what the course committed is kept, what it only set mostly too, and the status is right."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, expect

from tests.browser.player import Player
from tests.browser.rest import Rest
from tests.live import wait_until

Launch = Callable[[str], Player]
Embed = Callable[[str, str], Page]


class Content:
    """The content's own document, once it has spoken with its API."""

    def __init__(self, place: Page | FrameLocator, part: str) -> None:
        self.entry: Locator = place.frame_locator(f'iframe#sco[src$="{part}.html"]').locator("#entry")
        expect(self.entry).not_to_be_empty()

    def evaluate(self, script: str) -> Any:
        return self.entry.evaluate(f"() => {{ return {script}; }}")


@pytest.fixture
def embed(context: BrowserContext) -> Iterator[Embed]:
    """``embed(host, link)``: a page of another system that shows the course in a frame."""
    pages: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, b"")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    def show(host: str, link: str) -> Page:
        pages["/course"] = (
            f'<!doctype html><title>LMS</title><iframe src="{link}" width="1000" height="700"></iframe>'.encode()
        )
        page = context.new_page()
        page.goto(f"http://{host}:{server.server_port}/course")
        return page

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield show
        server.shutdown()


def location(rest: Rest, registration: str, part: str) -> str | None:
    return rest.runtime_of(registration, part).get("location")


def test_refresh_of_content_that_never_commits(rest: Rest, course_habits: str, launch: Launch) -> None:
    registration = rest.register(course_habits)
    player = launch(registration)
    Content(player.page, "never").evaluate("api.SetValue('cmi.location', 'page-3')")
    player.page.reload()
    player.wait_for_activity("never")
    expect(player.sco.locator("#entry")).to_have_text("resume|page-3|unknown")
    assert location(rest, registration, "never") == "page-3"


def test_the_back_button_leaves_the_player_and_nothing_is_lost(
    rest: Rest, course_habits: str, context: BrowserContext
) -> None:
    registration = rest.register(course_habits)
    page = context.new_page()
    page.goto(f"{rest.server.base}/healthz")
    page.goto(rest.launch_link(registration))
    Content(page, "never").evaluate("api.SetValue('cmi.location', 'before-back')")
    page.go_back()
    assert page.url.endswith("/healthz")
    wait_until("stored", lambda: location(rest, registration, "never") == "before-back")
    page.go_forward()
    frame = Content(page, "never")
    expect(frame.entry).to_have_text("resume|before-back|unknown")
    assert frame.evaluate("commit('after-forward')") == "true"
    wait_until("stored", lambda: location(rest, registration, "never") == "after-forward")


def test_a_killed_tab_keeps_what_was_committed_and_resumes(rest: Rest, course_habits: str, launch: Launch) -> None:
    registration = rest.register(course_habits)
    player = launch(registration)
    Content(player.page, "never").evaluate("commit('page-5')")
    player.wait_until_saved()
    player.kill()
    assert location(rest, registration, "never") == "page-5"
    player = launch(registration)
    player.wait_for_activity("never")
    expect(player.sco.locator("#entry")).to_have_text("resume|page-5|unknown")
    found = rest.progress(registration)
    assert (found["registrationCompletion"], found["registrationSuccess"]) == ("INCOMPLETE", "UNKNOWN")


def test_content_that_never_terminates_is_ended_by_the_player(rest: Rest, course_habits: str, launch: Launch) -> None:
    registration = rest.register(course_habits)
    player = launch(registration)
    Content(player.page, "never").evaluate("api.SetValue('cmi.completion_status', 'completed') && commit('page-2')")
    player.press("continue")
    player.wait_for_activity("unload")
    Content(player.page, "unload")
    expect(player.page.locator('[data-activity-id="never"]')).to_contain_text("Passed")
    player.press("suspend-all")
    player.wait_for("ended")
    assert location(rest, registration, "never") == "page-2"
    verbs = [s["verb"]["id"].rsplit("/", 1)[1] for s in rest.statements(registration)]
    assert verbs.count("completed") == 1
    assert verbs.count("initialized") == 2


def test_the_last_word_at_unload_counts_by_each_way_out(rest: Rest, course_habits: str, launch: Launch) -> None:
    for way in ("suspend-all", "reload", "close"):
        registration = rest.register(course_habits)
        player = launch(registration)
        player.choose("unload")
        player.wait_for_activity("unload")
        Content(player.page, "unload")
        if way == "reload":
            player.page.reload()
            Content(player.page, "unload")
        elif way == "close":
            player.page.close(run_before_unload=True)
        else:
            player.press(way)
            player.wait_for("ended")
        wait_until(f"said at {way}", lambda r=registration: location(rest, r, "unload") == "at-unload")
        wait_until(f"time at {way}", lambda r=registration: rest.progress(r)["totalSecondsTracked"] >= 30)
        if way != "reload":
            # A page that loads again has begun another session, without an exit.
            assert rest.runtime_of(registration, "unload")["exit"] == "suspend", way


def test_embedded_in_a_page_of_an_allowed_origin(rest: Rest, course_habits: str, embed: Embed) -> None:
    registration = rest.register(course_habits)
    page = embed("lms.localhost", rest.launch_link(registration))
    frame = Content(page.frame_locator("iframe"), "never")
    assert frame.evaluate("commit('embedded')") == "true"
    wait_until("stored", lambda: location(rest, registration, "never") == "embedded")
    frame.evaluate("api.SetValue('cmi.location', 'last')")
    # The LMS takes its frame away without asking anybody.
    page.evaluate("document.querySelector('iframe').remove()")
    wait_until("stored", lambda: location(rest, registration, "never") == "last")


def test_a_page_of_another_origin_may_not_embed(
    rest: Rest, course_habits: str, context: BrowserContext, embed: Embed
) -> None:
    link = rest.launch_link(rest.register(course_habits))
    with context.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page = embed("elsewhere.localhost", link)
    assert not any("/c/never.html" in frame.url for frame in page.frames)


def test_a_window_outlives_neither_its_player_nor_its_work(
    rest: Rest, course_habits: str, context: BrowserContext
) -> None:
    registration = rest.register(course_habits)
    setting = {"settings": [{"settingId": "playerLaunchType", "value": "window"}]}
    rest.call("POST", f"/registrations/{registration}/configuration", setting)
    with context.expect_page(lambda page: "/c/never.html" in page.url) as opened:
        player = Player(context, rest.launch_link(registration))
    window = opened.value
    expect(window.locator("#entry")).to_have_text("ab-initio||unknown")
    window.evaluate("commit('in-a-window') && api.SetValue('cmi.location', 'not-committed')")
    player.page.close(run_before_unload=True)
    wait_until("stored", lambda: location(rest, registration, "never") == "not-committed")
    with context.expect_page(lambda page: "/c/never.html" in page.url) as again:
        Player(context, rest.launch_link(registration))
    expect(again.value.locator("#entry")).to_have_text("resume|not-committed|unknown")
