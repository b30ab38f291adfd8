"""The network goes away in mid-session: Chromium's own offline mode. Nothing the course said is lost."""

from __future__ import annotations

import os
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.player import RIGHT, Player
from tests.browser.rest import Rest
from tests.live import wait_until

Launch = Callable[[str], Player]
# Long enough for several tries of the journal, each of which must fail; TEST_OFFLINE_SECONDS=60 adds more of them.
OFFLINE_MS = int(os.environ.get("TEST_OFFLINE_SECONDS", "8")) * 1000


def test_work_done_offline_is_saved_when_back(rest: Rest, demo: str, launch: Launch, context: BrowserContext) -> None:
    registration = rest.register(demo)
    player = launch(registration)
    player.choose("quiz")
    player.wait_for_activity("quiz")
    player.answer_all(["distance"])
    player.wait_until_saved()

    context.set_offline(True)
    player.answer_all(["twist", "order", "help"])
    banner = player.page.locator('.notice[data-kind="connection"]')
    expect(banner).to_contain_text("saving when back online")
    expect(banner).to_contain_text("changes not yet saved")
    player.page.wait_for_timeout(OFFLINE_MS)
    assert len(rest.runtime_of(registration, "quiz")["runtimeInteractions"]) == 1
    context.set_offline(False)
    expect(banner).to_contain_text("Everything is saved")
    interactions = rest.runtime_of(registration, "quiz")["runtimeInteractions"]
    assert [i["result"] for i in interactions] == ["correct"] * 4

    player.answer_all(["setup", "eyes"])
    player.sco.locator("#finish").click()
    player.wait_for("ended")
    assert rest.progress(registration)["registrationSuccess"] == "PASSED"
    assert len(rest.runtime_of(registration, "quiz")["runtimeInteractions"]) == len(RIGHT)


def test_a_step_taken_offline_waits_for_the_network(
    rest: Rest, demo: str, launch: Launch, context: BrowserContext
) -> None:
    player = launch(rest.register(demo))
    player.wait_for_activity("lifting")
    player.wait_for_lesson()
    context.set_offline(True)
    player.read_lesson()
    player.sco.locator("#onward").click()
    player.wait_for("loading")
    expect(player.page.locator("#loading-text")).to_contain_text("as soon as you are back online")
    context.set_offline(False)
    player.wait_for_activity("workstation")
    expect(player.page.locator('[data-activity-id="lifting"]')).to_contain_text("Completed")


def test_a_tab_closed_offline_is_delivered_by_the_next_launch(
    rest: Rest, demo: str, launch: Launch, context: BrowserContext
) -> None:
    registration = rest.register(demo)
    player = launch(registration)
    player.wait_for_activity("lifting")
    player.wait_for_lesson()
    player.wait_until_saved()
    context.set_offline(True)
    player.read_lesson(pages=3)
    player.kill()
    # Chromium's offline mode does not always hold back the last request of a page that closes; nothing is lost either way.
    assert rest.runtime_of(registration, "lifting").get("location", "why") in ("why", "think", "lift", "practice")
    context.set_offline(False)

    player = launch(registration)
    player.wait_for_activity("lifting")
    expect(player.sco.locator("#practice")).to_be_visible()
    wait_until("stored", lambda: rest.runtime_of(registration, "lifting").get("location") == "practice")
