"""The pictures of the README, taken from a server with a seeded month in it: `make pictures`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from server.demo import COURSE_ID
from tests.browser import seed
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.live import ROOT, LiveServer

IMAGES = ROOT / "docs" / "images"
# Crisp on dense screens, and small enough to load at once.
SIZE, SCALE, MOST_BYTES = {"width": 1200, "height": 750}, 1.3, 200_000
PATIENCE_MS = 120_000


def take(server: LiveServer, browser: Browser) -> None:
    """Write console.png and player.png."""
    context = browser.new_context(
        viewport=SIZE,  # type: ignore[arg-type]
        device_scale_factor=SCALE,
        locale="en-GB",
        color_scheme="light",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    seed.sign_in(page, server, seed.ADMIN)
    _keep(page, "console")
    page.goto(f"{server.base}/course?id={COURSE_ID}")
    with context.expect_page() as opened:
        page.locator("form[action$='/course/try'] button").click()
    player = opened.value
    player.wait_for_selector("body[data-state=content]")
    sco = player.frame_locator("iframe#sco")
    sco.locator("#steps li[aria-current]").wait_for()
    sco.locator("#next").click()
    sco.locator("#next").click()
    player.locator("#saved", has_text="saved").wait_for()
    _keep(player, "player")
    context.close()


def _keep(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path, animations="disabled", caret="hide")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {size} bytes, more than {MOST_BYTES}")
    print(f"{path.relative_to(ROOT)}: {size} bytes")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with seed.seeded_server(Path(folder), learners_count=120, troubles=False) as server:
            take(server, browser)
        browser.close()


if __name__ == "__main__":
    main()
