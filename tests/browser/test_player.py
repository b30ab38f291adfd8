"""The player page itself: contents, keyboard, languages, two tabs, silent content, small screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.player import Player
from tests.browser.rest import Rest
from tests.live import wait_until

Launch = Callable[[str], Player]

LOW_CONTRAST = (Path(__file__).parent / "contrast.js").read_text()


def test_the_hooks_other_programs_rely_on(rest: Rest, demo: str, launch: Launch) -> None:
    player = launch(rest.register(demo))
    player.wait_for_activity("lifting")
    entries = player.page.locator("[data-activity-id]").evaluate_all("all => all.map(e => ({...e.dataset}))")
    assert [(e["activityId"], e["depth"]) for e in entries] == [
        ("ergonomics", "0"), ("lifting", "1"), ("workstation", "1"), ("quiz", "1"),
    ]  # fmt: skip
    assert entries[3]["selectable"] == "true"
    assert {e["visible"] for e in entries} == {"true"}
    expect(player.page.locator("#nav-previous")).to_be_disabled()
    for control in ("continue", "exit-all", "suspend-all"):
        expect(player.page.locator(f"#nav-{control}")).to_be_enabled()
    assert player.page.locator("iframe#sco").count() == 1


def test_contents_by_keyboard(rest: Rest, demo: str, launch: Launch) -> None:
    player = launch(rest.register(demo))
    player.wait_for_activity("lifting")
    player.page.keyboard.press("Tab")
    expect(player.page.locator(".skip-link")).to_be_focused()
    entry = player.page.locator('[data-activity-id="workstation"] > button')
    for _ in range(12):
        player.page.keyboard.press("Tab")
        if entry.evaluate("e => e === document.activeElement"):
            break
    expect(entry).to_be_focused()
    player.page.keyboard.press("Enter")
    player.wait_for_activity("workstation")
    # The focus follows the learner's step into the content.
    expect(player.page.locator("iframe#sco")).to_be_focused()


def test_the_browsers_back_button_does_not_lead_into_gone_content(rest: Rest, demo: str, launch: Launch) -> None:
    player = launch(rest.register(demo))
    before = player.page.evaluate("history.length")
    player.press("continue")
    player.wait_for_activity("workstation")
    player.press("continue")
    player.wait_for_activity("quiz")
    assert player.page.evaluate("history.length") == before


def test_reload_goes_on_where_the_learner_was(rest: Rest, demo: str, launch: Launch) -> None:
    player = launch(rest.register(demo))
    player.press("continue")
    player.wait_for_activity("workstation")
    player.read_lesson(pages=2)
    player.wait_until_saved()
    player.page.reload()
    player.wait_for_activity("workstation")
    expect(player.sco.locator("#move")).to_be_visible()


def test_a_newer_launch_takes_over_and_the_older_is_told(rest: Rest, demo: str, launch: Launch) -> None:
    registration = rest.register(demo)
    older = launch(registration)
    older.wait_for_activity("lifting")
    older.read_lesson(pages=1)
    older.wait_until_saved()
    newer = launch(registration)
    newer.wait_for_activity("lifting")
    expect(newer.sco.locator("#think")).to_be_visible()
    older.read_lesson(pages=1)
    older.wait_for("ended")
    expect(older.page.locator("#ended-card h2")).to_have_text("This course was opened somewhere else")
    assert older.page.locator("iframe#sco").count() == 0
    newer.read_lesson(pages=3)
    newer.wait_until_saved()
    assert rest.runtime_of(registration, "lifting")["location"] == "summary"


def test_silent_content_gets_help(rest: Rest, demo: str, browser: Browser) -> None:
    with browser.new_context() as context:
        context.route("**/shared/scorm.js", lambda route: route.abort())
        context.clock.install()
        # Not before its script has failed: a script only asked for later would arrive, and the help would go by itself.
        with context.expect_event("requestfailed", lambda request: request.url.endswith("/shared/scorm.js")):
            player = Player(context, rest.launch_link(rest.register(demo)))
        context.clock.fast_forward(25_000)
        help_ = player.page.locator('.notice[data-kind="silent"]')
        expect(help_).to_contain_text("not answering")
        context.unroute("**/shared/scorm.js")
        help_.get_by_role("button", name="Load again").click()
        expect(player.sco.locator("#why")).to_be_visible()
        expect(help_).to_have_count(0)


def test_indonesian_reader(rest: Rest, demo: str, browser: Browser) -> None:
    with browser.new_context(locale="id-ID") as context:
        player = Player(context, rest.launch_link(rest.register(demo)))
        player.wait_for_activity("lifting")
        assert player.page.locator("html").get_attribute("lang") == "id"
        expect(player.page.locator("#nav-suspend-all")).to_contain_text("Simpan dan keluar")
        expect(player.sco.locator("#why h2")).to_contain_text("Punggung Anda adalah tuas")
        # The choice of a language goes with the learner into the next part.
        player.sco.locator("[data-language=en]").click()
        player.press("continue")
        player.wait_for_activity("workstation")
        expect(player.sco.locator("#sit h2")).to_contain_text("Fit the place to the person")


def test_a_launch_in_another_language_than_the_browsers(rest: Rest, demo: str, context: BrowserContext) -> None:
    player = Player(context, rest.launch_link(rest.register(demo), culture="id"))
    player.wait_for_activity("lifting")
    expect(player.page.locator("#nav-suspend-all")).to_contain_text("Simpan dan keluar")
    expect(player.page.locator("#nav-previous")).to_have_attribute("title", "Ini adalah awal kursus.")


def test_the_smallest_phone(rest: Rest, demo: str, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 320, "height": 568}, has_touch=True, locale="id-ID") as context:
        player = Player(context, rest.launch_link(rest.register(demo)))
        player.wait_for_lesson()
        for frame in player.page.frames:
            assert frame.evaluate("document.documentElement.scrollWidth") <= 320
        expect(player.page.locator("#toc")).to_be_hidden()
        player.page.locator("#toc-toggle").tap()
        expect(player.page.locator("#toc")).to_be_visible()
        player.page.locator('[data-activity-id="quiz"] > button').tap()
        player.wait_for_activity("quiz")
        expect(player.page.locator("#toc")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(rest: Rest, demo: str, browser: Browser, scheme: str) -> None:
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]
        player = Player(context, rest.launch_link(rest.register(demo)))
        player.wait_for_activity("lifting")
        player.press("continue")
        player.wait_for_activity("workstation")
        player.choose("quiz")
        player.wait_for_activity("quiz")
        player.answer("distance", "arms")
        assert [frame.evaluate(LOW_CONTRAST) for frame in player.page.frames] == [[], []]
        player.press("exit-all")
        player.wait_for("ended")
        assert player.page.evaluate(LOW_CONTRAST) == []


def test_a_used_launch_link_says_so(rest: Rest, demo: str, context: BrowserContext) -> None:
    link = rest.launch_link(rest.register(demo))
    Player(context, link)
    page: Page = context.new_page()
    answer = page.goto(link)
    assert answer is not None
    assert 400 <= answer.status < 500
    expect(page.get_by_role("heading")).to_have_text("This page has expired")


def configure(rest: Rest, registration: str, **settings: bool | str) -> None:
    body = {"settings": [{"settingId": name, "value": value} for name, value in settings.items()]}
    rest.call("POST", f"/registrations/{registration}/configuration", body)


def test_content_in_a_window_of_its_own(rest: Rest, demo: str, context: BrowserContext) -> None:
    registration = rest.register(demo)
    configure(rest, registration, playerLaunchType="window")
    with context.expect_page(lambda page: "/c/lifting/" in page.url) as first:
        player = Player(context, rest.launch_link(registration))
    expect(first.value.locator("#why")).to_be_visible()
    # A press before the page's script has begun goes nowhere.
    expect(first.value.locator("#steps li[aria-current]")).to_be_visible()
    for _ in range(4):
        first.value.locator("#next").click()
    with context.expect_page(lambda page: "/c/workstation/" in page.url) as second:
        first.value.locator("#onward").click()
    expect(second.value.locator("#sit")).to_be_visible()
    player.wait_for_activity("workstation")
    if not first.value.is_closed():
        first.value.wait_for_event("close")
    expect(second.value.locator("#steps li[aria-current]")).to_be_visible()
    second.value.locator("#next").click()
    # The learner closes the window: it counts as leaving.
    second.value.close(run_before_unload=True)
    player.wait_for("ended")
    expect(player.page.locator("#ended-card h2")).to_have_text("The course window was closed")
    wait_until("told", lambda: rest.runtime_of(registration, "workstation").get("exit") == "suspend")
    assert rest.runtime_of(registration, "workstation")["location"] == "screen"


def test_settings_hide_parts_of_the_page(rest: Rest, demo: str, launch: Launch) -> None:
    registration = rest.register(demo)
    configure(rest, registration, showTableOfContents=False, showNavigation=False, showProgressBar=False)
    player = launch(registration)
    expect(player.sco.locator("#why")).to_be_visible()
    for hidden in ("#toc", "#toc-toggle", "#nav-continue", "#nav-previous", "#measure"):
        expect(player.page.locator(hidden)).to_be_hidden()
    expect(player.page.locator("#nav-suspend-all")).to_be_visible()
