"""A browser that keeps nothing for the course (all cookies blocked: every storage throws): the journal is in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import ARGUMENTS, CHROMIUM, PATIENCE_MS
from tests.browser.player import Player
from tests.browser.rest import Rest
from tests.live import wait_until

# What the browser says when each storage is used.
STORAGES = """() => Promise.all([
  ...['localStorage', 'sessionStorage'].map((name) => { try { return window[name] ? 'there' : 'none'; } catch (e) { return e.name; } }),
  new Promise((resolve) => {
    const asked = indexedDB.open('x');
    asked.onsuccess = () => resolve('there');
    asked.onerror = () => resolve('refused');
  }),
])"""


@pytest.fixture
def blocked(browser: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A profile whose settings say "block all cookies": Chromium answers every touch of a storage with SecurityError."""
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    kind = browser.browser_type
    with kind.launch_persistent_context(
        tmp_path, executable_path=CHROMIUM, args=ARGUMENTS, locale="en-GB", viewport={"width": 1280, "height": 800}
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context


def opened(rest: Rest, context: BrowserContext, registration: str) -> Player:
    player = Player(context, rest.launch_link(registration))
    player.wait_for_activity("never")
    # A press of the learner: browsers ask before leaving only pages that somebody has used.
    player.sco.locator("h1").click()
    assert player.page.evaluate(STORAGES) == ["SecurityError", "SecurityError", "refused"]
    return player


def content(player: Player, script: str) -> Any:
    expect(player.sco.locator("#entry")).not_to_be_empty()
    return player.sco.locator("#entry").evaluate(f"() => {{ return {script}; }}")


def suspend_data(rest: Rest, registration: str) -> str:
    return str(rest.runtime_of(registration, "never").get("suspendData", ""))


@pytest.mark.parametrize("script", ["commit('page-3')", "api.SetValue('cmi.location', 'page-3')"])
def test_a_refresh_loses_nothing(rest: Rest, course_habits: str, blocked: BrowserContext, script: str) -> None:
    registration = rest.register(course_habits)
    player = opened(rest, blocked, registration)

    def stored() -> bool:
        return bool(rest.runtime_of(registration, "never").get("location") == "page-3")

    content(player, script)
    # The last request of the old page and the first of the new one go to two processes: on a machine that stands still
    # the second may be answered first. Here the new page waits.
    player.page.route(player.page.url, lambda route: (wait_until("stored", stored), route.continue_()))
    player.page.reload()
    player.wait_for_activity("never")
    expect(player.sco.locator("#entry")).to_have_text("resume|page-3|unknown")


def test_as_much_as_content_may_keep_survives_the_tab(rest: Rest, course_habits: str, blocked: BrowserContext) -> None:
    registration = rest.register(course_habits)
    player = opened(rest, blocked, registration)
    content(player, "api.SetValue('cmi.suspend_data', 'x'.repeat(60000)) && commit('page-3')")
    player.page.close(run_before_unload=False)
    wait_until("stored", lambda: suspend_data(rest, registration) == "x" * 60_000)


def test_offline_the_page_says_so_and_asks_before_it_is_left(
    rest: Rest, course_habits: str, blocked: BrowserContext
) -> None:
    registration = rest.register(course_habits)
    player = opened(rest, blocked, registration)
    player.wait_until_saved()
    blocked.set_offline(True)
    content(player, "commit('page-7')")
    banner = player.page.locator('.notice[data-kind="connection"]')
    expect(banner).to_contain_text("this browser keeps nothing for the course. Leave this page open")
    asked: list[str] = []
    player.page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    player.page.evaluate("() => { setTimeout(() => location.reload(), 0); }")
    wait_until("asked", lambda: (player.page.wait_for_timeout(100), asked)[1])
    assert asked == ["beforeunload"]
    # The learner stays; what was said goes out when the network is back.
    blocked.set_offline(False)
    expect(banner).to_contain_text("Everything is saved")
    assert rest.runtime_of(registration, "never")["location"] == "page-7"
    player.page.reload()
    player.wait_for_activity("never")
    expect(player.sco.locator("#entry")).to_have_text("resume|page-7|unknown")
