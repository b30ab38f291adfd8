"""Every page of console and player, looked at by axe-core: labels, landmarks, headings, contrast; and nothing sticks out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from server.demo import COURSE_ID
from tests.browser import seed
from tests.browser.conftest import PATIENCE_MS
from tests.live import LiveServer

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
# Ways to look: language, appearance, width of the screen.
LOOKS = [("en", "light", 1280), ("id", "dark", 390)]
PAGES = [
    "/", "/courses", "/courses?q=nothing", f"/course?id={COURSE_ID}", "/course?id=data-protection", "/course?id=forklifts",
    f"/course/settings?id={COURSE_ID}", "/courses/settings", "/courses/fetch", "/courses/fetch?course_id=fire-safety",
    "/course?id=fire-safety", "/course/edit?id=evacuation-plan", f"/course/files?id={COURSE_ID}",
    "/course/file?id=fire-safety&path=intro.html", "/course/move?id=fire-safety", "/course/move?id=fire-safety&before=2&after=1",
    "/course/delete?id=fire-safety", "/course/delete?id=fire-safety&version=1", "/registrations", "/registrations?q=nothing", "/learners",
    "/statements", "/statements?registration=wrong", "/webhooks", "/forwarders", "/rejected-requests",
    "/rejected-requests?q=nothing", "/credentials", "/people", "/audit", "/tenants",
    "/settings", "/password", "/nothing-here",
]  # fmt: skip
# What a small screen has to show differently; the others are made of the same parts.
NARROW = [
    "/",
    f"/course?id={COURSE_ID}",
    f"/course/settings?id={COURSE_ID}",
    f"/course/files?id={COURSE_ID}",
    "/course/move?id=fire-safety",
    "/course/delete?id=fire-safety&version=1",
    "/registrations",
    "/statements",
    "/people",
    "/forwarders",
    "/rejected-requests",
]
# The first of each kind: where it is listed.
DETAILS = [
    "/registrations?state=passed", "/learners", "/forwarders", "/rejected-requests", "/webhooks",
]  # fmt: skip


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with seed.seeded_server(tmp_path_factory.mktemp("seeded"), learners_count=4) as server:
        yield server


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def looking(request: pytest.FixtureRequest, browser: Browser, seeded: LiveServer) -> Iterator[BrowserContext]:
    """A browser with a language, an appearance and a width; CSP must not stop axe."""
    language, theme, width = request.param
    context = browser.new_context(
        locale={"en": "en-GB", "id": "id-ID"}[language],
        color_scheme=theme,
        viewport={"width": width, "height": 900},
        bypass_csp=True,
    )
    context.add_init_script(AXE)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def faults(page: Page | Frame) -> list[str]:
    """What axe objects to (a course in its frame is a document of its own), and whether the page is wider than the screen."""
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
    assert len(result["passes"]) > 5, "axe has not looked"
    found = [
        f"{v['impact']} {v['id']}: {node['html'][:200]}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical", "moderate")
        for node in v["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} px too wide"] if wide > 0 else [])


def test_every_page_of_the_console(looking: BrowserContext, seeded: LiveServer) -> None:
    page = looking.new_page()
    page.goto(f"{seeded.base}/login")
    found = {"/login": faults(page)}
    seed.sign_in(page, seeded, seed.SYSTEM)
    wide = (page.viewport_size or {})["width"] > 900
    paths = list(PAGES if wide else NARROW)
    for listed in DETAILS:
        page.goto(seeded.base + listed)
        paths.append(page.locator("tbody th a").first.get_attribute("href") or "")
    page.goto(seeded.base + paths[-1])
    paths.append(page.locator("tbody th a").first.get_attribute("href") or "")
    page.goto(f"{seeded.base}/registrations?course=fire-safety")
    page.locator("tbody th a").first.click()
    paths.append(page.locator("a[href*='/registration/move']").get_attribute("href") or "")
    for path in paths:
        page.goto(seeded.base + path)
        assert page.locator("h1").count() == 1, path
        # Whatever is folded away is looked at too.
        page.evaluate("document.querySelectorAll('details').forEach((one, i) => { one.open = i < 3; })")
        found[path] = faults(page)
    for path in traces(page, seeded):
        page.goto(seeded.base + path)
        found[path] = faults(page)
    assert {path: what for path, what in found.items() if what} == {}


def test_a_long_title_makes_no_page_wider(looking: BrowserContext, seeded: LiveServer) -> None:
    page = looking.new_page()
    seed.sign_in(page, seeded, seed.SYSTEM)
    page.goto(f"{seeded.base}/course/edit?id=evacuation-plan")
    page.fill("input[name=title]", "W" * 200)
    page.locator("main form button.primary").first.click()
    page.wait_for_url("**/course?*")
    paths = [
        "/courses",
        *(f"/course{part}?id=evacuation-plan" for part in ("", "/edit", "/files", "/settings", "/delete")),
    ]
    found = {}
    for path in paths:
        page.goto(seeded.base + path)
        found[path] = [what for what in faults(page) if "too wide" in what]
    assert not any(found.values()), found
    page.goto(f"{seeded.base}/courses")
    if (page.viewport_size or {})["width"] > 900:
        # The line below a row is one line.
        row = page.locator("tbody tr", has_text="WWW")
        assert row.evaluate("one => new Set([...one.cells].map(cell => cell.getBoundingClientRect().bottom)).size") == 1


def test_a_long_word_hides_no_column(looking: BrowserContext, seeded: LiveServer) -> None:
    """A hash or address in the reason of a refusal moved what was beside it out of sight."""
    page = looking.new_page()
    seed.sign_in(page, seeded, seed.ADMIN)
    page.goto(f"{seeded.base}/rejected-requests")
    expect(page.locator("td", has_text="no-iri-0123")).to_be_visible()
    assert page.locator(".table-wrap").evaluate("one => one.scrollWidth - one.clientWidth") == 0


def test_actions_of_the_audit_log_are_words(looking: BrowserContext, seeded: LiveServer) -> None:
    """Beside long details they were broken into columns of four letters."""
    page = looking.new_page()
    seed.sign_in(page, seeded, seed.ADMIN)
    page.goto(f"{seeded.base}/audit")
    assert page.locator("td .tag").evaluate_all(
        "all => all.length && Math.max(...all.map(one => one.offsetHeight))"
    ) in range(15, 32)
    assert page.locator(".table-wrap").evaluate("one => one.scrollWidth - one.clientWidth") == 0


def test_a_statement_is_copied_by_keyboard(browser: Browser, seeded: LiveServer) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    seed.sign_in(page, seeded, seed.ADMIN)
    page.goto(f"{seeded.base}/statements")
    statement = page.locator("details.statement").first
    statement.locator("summary").focus()
    page.keyboard.press("Enter")
    copy = statement.locator("button[data-copy]")
    copy.focus()
    page.keyboard.press("Enter")
    expect(copy).to_have_text("✓")
    assert page.evaluate("navigator.clipboard.readText()") == statement.locator("pre").inner_text()
    context.close()


def traces(page: Page, seeded: LiveServer) -> list[str]:
    """The pages of what was recorded of a launch: none yet, one, two compared."""
    page.goto(f"{seeded.base}/registrations?q=P-1001&course={COURSE_ID}")
    recorded = page.locator("tbody th a").first.get_attribute("href") or ""
    page.goto(f"{seeded.base}/registrations?q=P-1002&course={COURSE_ID}")
    other = page.locator("tbody th a").first.get_attribute("href") or ""
    paths = [each.replace("/registration?", "/registration/trace?") for each in (recorded, other)]
    page.goto(seeded.base + paths[0])
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Compare|Bandingkan")).click()
    paths.append(page.url.removeprefix(seeded.base))
    page.goto(f"{seeded.base}/registrations?q=P-1003")
    last = page.locator("tbody th a").first.get_attribute("href") or ""
    return [*paths, last.replace("/registration?", "/registration/trace?")]


def test_the_menu_of_a_small_screen_by_keyboard(browser: Browser, seeded: LiveServer) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    seed.sign_in(page, seeded, seed.ADMIN)
    button, menu = page.locator(".menu-button"), page.locator("#menu")
    expect(menu).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    context.close()


def test_the_page_of_a_media_file(looking: BrowserContext, seeded: LiveServer) -> None:
    page = looking.new_page()
    seed.sign_in(page, seeded, seed.ADMIN)
    page.goto(f"{seeded.base}/course?id={seed.MEDIA_COURSE}")
    with looking.expect_page() as opened:
        page.locator("form[action$='/course/try'] button").click()
    player = opened.value
    player.wait_for_selector("body[data-state=content]")
    expect(player.frame_locator("iframe#sco").get_by_alt_text("Exit plan")).to_be_visible()
    inside = next(frame for frame in player.frames if "/media/" in frame.url)
    assert (faults(player), faults(inside)) == ([], [])


def test_the_player_from_the_first_page_to_the_result(looking: BrowserContext, seeded: LiveServer) -> None:
    page = looking.new_page()
    seed.sign_in(page, seeded, seed.LEARNER)
    found = {"my courses": faults(page)}
    page.locator("form[action*='my-courses/open'] button").first.click()
    page.wait_for_selector("body[data-state=content]")
    sco = page.frame_locator("iframe#sco")
    sco.locator("#steps li[aria-current]").wait_for(state="attached")
    found["player"] = faults(page)
    if page.viewport_size and page.viewport_size["width"] < 900:
        page.click("#toc-toggle")
        expect(page.locator("#toc")).to_be_visible()
        found["contents"] = faults(page)
        page.keyboard.press("Escape")
        expect(page.locator("#toc")).to_be_hidden()
    # The last page leads back soon; here it stays while axe looks: an answer without content leads nowhere.
    page.route("**/my-courses", lambda route: route.fulfill(status=204))
    page.click("#nav-suspend-all")
    page.wait_for_selector("body[data-state=ended]")
    found["left"] = faults(page)
    page.goto(f"{seeded.content}/launch/{'A' * 43}")
    found["expired"] = faults(page)
    assert {path: what for path, what in found.items() if what} == {}
