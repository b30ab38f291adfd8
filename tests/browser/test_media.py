"""Single media files as courses: read, watched, looked at in the browser, and completed by the threshold."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.player import Player
from tests.browser.rest import Rest
from tests.live import wait_until

Launch = Callable[..., Player]


def pdf(pages: int) -> bytes:
    """A PDF of so many pages, each with its number written on it."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for number in range(1, pages + 1):
        text = f"BT /F1 48 Tf 72 420 Td (Page {number} of the safety rules) Tj ET".encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 595] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), pages)
    out, offsets = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


@pytest.fixture(scope="module")
def video(browser: Browser) -> bytes:
    """Three seconds of WebM, recorded by the browser itself from a canvas."""
    page = browser.new_page()
    text = page.evaluate(
        """async () => {
          const canvas = document.createElement("canvas"), paint = canvas.getContext("2d");
          let turn = 0;
          const timer = setInterval(() => { paint.fillStyle = `hsl(${turn += 7} 60% 50%)`; paint.fillRect(0, 0, 300, 150); }, 40);
          const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
          const parts = [];
          recorder.ondataavailable = (event) => parts.push(event.data);
          recorder.start();
          await new Promise((resolve) => setTimeout(resolve, 3000));
          clearInterval(timer);
          await new Promise((resolve) => { recorder.onstop = resolve; recorder.stop(); });
          const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
          return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }"""
    )
    page.close()
    return base64.b64decode(text)


def progress_of(rest: Rest, registration: str, wanted: str) -> None:
    wait_until(wanted, lambda: rest.progress(registration)["registrationCompletion"] == wanted)


def test_a_pdf_is_read_left_resumed_and_completed(rest: Rest, launch: Launch) -> None:
    registration = rest.register(rest.import_course(pdf(3), "Safety rules.pdf", threshold=1.0))
    player = launch(registration, "/healthz?back")
    sco = player.sco
    expect(sco.locator("#page-text")).to_have_text("Page 1 of the safety rules")
    expect(sco.locator("#seen-text")).to_have_text("33% seen, complete from 100%")
    sco.locator("#page-next").click()
    expect(sco.locator("#page-text")).to_have_text("Page 2 of the safety rules")
    expect(sco.locator("#seen-text")).to_have_text("66% seen, complete from 100%")
    player.press("suspend-all")
    player.page.wait_for_url("**/healthz?back")
    progress_of(rest, registration, "INCOMPLETE")

    player = launch(registration, "/healthz?back")
    expect(player.sco.locator("#page-number")).to_have_value("2")
    player.sco.locator("#media").press("End")
    expect(player.sco.locator("#seen-text")).to_have_text("100% seen, complete")
    player.press("suspend-all")
    player.page.wait_for_url("**/healthz?back")
    progress_of(rest, registration, "COMPLETED")


def test_a_video_is_completed_by_the_time_watched_not_by_skipping(rest: Rest, launch: Launch, video: bytes) -> None:
    registration = rest.register(rest.import_course(video, "Lifting.webm", threshold=0.6))
    player = launch(registration, "/healthz?back")
    tag = player.sco.locator("video")
    expect(player.sco.locator('body[data-state="ready"]')).to_be_visible()
    tag.evaluate("v => { v.muted = true; v.currentTime = 1e6; return new Promise(r => { v.onseeked = r; }); }")
    expect(player.sco.locator("body")).to_have_attribute("data-done", "no")
    tag.evaluate("v => { v.currentTime = 0; return v.play(); }")
    expect(player.sco.locator("body")).to_have_attribute("data-done", "yes")
    player.press("suspend-all")
    player.page.wait_for_url("**/healthz?back")
    progress_of(rest, registration, "COMPLETED")


def test_a_picture_is_completed_by_looking_at_it(rest: Rest, launch: Launch, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 200, "height": 100})
    picture = page.screenshot()
    page.close()
    registration = rest.register(rest.import_course(picture, "Exit plan.png"))
    player = launch(registration, "/healthz?back")
    expect(player.sco.get_by_alt_text("Exit plan")).to_be_visible()
    expect(player.sco.locator("body")).to_have_attribute("data-done", "yes")
    player.press("suspend-all")
    player.page.wait_for_url("**/healthz?back")
    progress_of(rest, registration, "COMPLETED")
