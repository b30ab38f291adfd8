"""Parts of a course that may be open for a while only: the player acts as the package says, and tells so accessibly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.courses import timed
from tests.browser.player import Player
from tests.browser.rest import Rest
from tests.browser.test_accessibility import AXE, faults
from tests.live import wait_until

Launch = Callable[..., Player]
BACK = "/healthz?back"
# Of ten minutes the last two, when the player warns; and beyond the time it leaves to the content.
NEARLY_MS, OVER_MS = 490_000, 120_000


@pytest.fixture(scope="session")
def course(rest: Rest) -> str:
    return rest.import_course(timed())


@pytest.fixture
def clocked(context: BrowserContext) -> BrowserContext:
    """The learner's browser with a clock that the test moves on: however slow the machine, nobody is late."""
    context.clock.install()
    return context


def test_a_part_whose_time_is_up_is_closed_and_the_learner_told(
    rest: Rest, course: str, clocked: BrowserContext, launch: Launch
) -> None:
    registration = rest.register(course)
    player = launch(registration, BACK)
    player.wait_for_activity("closes")
    player.wait_for_words("ab-initio||unknown")
    player.sco.locator("#entry").evaluate("() => commit('page-2')")
    player.wait_until_saved()
    clocked.clock.fast_forward(NEARLY_MS)
    expect(player.page.locator('.notice[data-kind="time"]')).to_contain_text("This part closes by itself in 1:")
    clocked.clock.fast_forward(OVER_MS)
    dialog = player.page.get_by_role("alertdialog", name="The time is up")
    expect(dialog).to_be_visible()
    expect(dialog).to_have_accessible_description(
        "The time allowed for “Closes” is used up. It was closed, and what you did is kept."
    )
    expect(dialog.get_by_role("button")).to_have_text(["OK"])
    expect(dialog.get_by_role("button", name="OK")).to_be_focused()
    player.wait_for("ended")
    assert rest.runtime_of(registration, "closes")["exit"] == "time-out"
    assert rest.runtime_of(registration, "closes")["location"] == "page-2"
    # The way back is not taken before the message has been read.
    clocked.clock.fast_forward(60_000)
    player.page.wait_for_timeout(2_500)
    expect(dialog).to_be_visible()
    player.page.keyboard.press("Enter")
    player.page.wait_for_url("**/healthz?back")


def test_a_part_that_may_go_on_says_that_its_time_is_up(
    rest: Rest, course: str, clocked: BrowserContext, launch: Launch
) -> None:
    registration = rest.register(course)
    player = launch(registration)
    player.choose("tells")
    player.wait_for_activity("tells")
    player.wait_for_words()
    clocked.clock.fast_forward(NEARLY_MS + OVER_MS)
    dialog = player.page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("You may go on all the same.")
    player.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(player.page.locator("iframe#sco")).to_be_focused()
    assert player.page.locator("body").get_attribute("data-state") == "content"
    # Told once; the content still speaks.
    player.sco.locator("#entry").evaluate("() => commit('page-9')")
    player.wait_until_saved()
    wait_until("told", lambda: rest.runtime_of(registration, "tells").get("location") == "page-9")
    expect(dialog).to_be_hidden()


def test_content_that_minds_its_time_is_left_to_do_so(
    rest: Rest, course: str, clocked: BrowserContext, launch: Launch
) -> None:
    player = launch(rest.register(course))
    player.choose("minds")
    player.wait_for("ended")
    clocked.clock.fast_forward(NEARLY_MS + OVER_MS)
    # The player looks at the clock once a second.
    player.page.wait_for_timeout(2_500)
    expect(player.page.get_by_role("alertdialog")).to_be_hidden()


def test_the_message_in_indonesian(rest: Rest, course: str, browser: Browser) -> None:
    with browser.new_context(locale="id-ID", viewport={"width": 390, "height": 800}, bypass_csp=True) as context:
        context.add_init_script(AXE)
        context.clock.install()
        player = Player(context, rest.launch_link(rest.register(course), BACK))
        player.wait_for_words()
        context.clock.fast_forward(NEARLY_MS + OVER_MS)
        dialog = player.page.get_by_role("alertdialog", name="Waktu habis")
        expect(dialog).to_be_visible()
        expect(dialog).to_contain_text("Waktu untuk “Closes” sudah habis.")
        assert faults(player.page) == []
        dialog.get_by_role("button", name="Mengerti").click()
        player.page.wait_for_url("**/healthz?back")
