"""Rekam as the runner sees it: packages and registrations by REST, the player by the hooks its page promises.

The hooks are those that stand at the top of ``static/player.js``.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page

CONTROLS = {
    "continue": "#nav-continue",
    "previous": "#nav-previous",
    "exit_all": "#nav-exit-all",
    "suspend_all": "#nav-suspend-all",
}
READ_STATE = "() => document.body?.dataset.state ?? 'loading'"
READ_UI = """controls => {
  const seen = e => !!e && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const shown = {};
  for (const [name, selector] of Object.entries(controls)) {
    const button = document.querySelector(selector);
    shown[name] = seen(button) && !button.disabled && button.getAttribute('aria-disabled') !== 'true';
  }
  const contents = [...document.querySelectorAll('[data-activity-id]')].map(e => ({
    identifier: e.dataset.activityId,
    title: e.dataset.title.replace(/\\s+/g, ' ').trim(),
    depth: Number(e.dataset.depth),
    visible: e.dataset.visible !== 'false' && seen(e),
    selectable: e.dataset.selectable === 'true' && e.dataset.visible !== 'false' && seen(e),
  }));
  return { controls: shown, contents };
}"""


class LmsError(Exception):
    """The server or the player did not do what was asked; the text goes into the report."""


@dataclass(frozen=True)
class Learner:
    """Cases share a learner: what one leaves in a global objective, another one expects."""

    id: str
    first: str
    last: str


@dataclass(frozen=True)
class Shown:
    """What the learner can use now: ``controls`` by name; ``contents``: identifier, title, depth, visible, selectable."""

    controls: dict[str, bool]
    contents: list[dict[str, Any]]


class Lms:
    """One run against the server at ``base``."""

    def __init__(self, base: str, key: str, secret: str, run: str) -> None:
        self.base, self.run = base, run
        self.authorization = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
        # Where the player sends the learner at the end.
        self.exit_url = f"{base}/healthz?left"
        self.registrations: dict[tuple[str, str], str] = {}

    # --- REST

    def call(
        self, method: str, path: str, body: Any = None, *, data: bytes | None = None, kind: str = "application/json"
    ) -> Any:
        data = json.dumps(body).encode() if body is not None else data
        headers = {"Authorization": self.authorization, "Accept": "application/json", "Content-Type": kind}
        request = urllib.request.Request(f"{self.base}/api/v2{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read()[:300].decode(errors="replace")
            raise LmsError(f"{method} {path}: HTTP {error.code} {said}") from None
        except OSError as error:
            raise LmsError(f"{method} {path}: {error}") from None
        return json.loads(text) if text.strip() else {}

    def bring_in(self, package: Path, *, patience: float = 60) -> str:
        """Import a package; the id of its course."""
        course = f"adl-{self.run}-{package.stem.split('_', 1)[-1]}"
        mark = secrets.token_hex(16)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{package.name}"\r\n'
        head += "Content-Type: application/zip\r\n\r\n"
        data = head.encode() + package.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        path = f"/courses/importJobs/upload?courseId={urllib.parse.quote(course)}"
        job = self.call("POST", path, data=data, kind=f"multipart/form-data; boundary={mark}")["result"]
        until = time.monotonic() + patience
        while time.monotonic() < until:
            status = self.call("GET", f"/courses/importJobs/{urllib.parse.quote(job, safe='')}")
            if status["status"] == "COMPLETE":
                return course
            if status["status"] == "ERROR":
                raise LmsError(f"import of {package.name} failed: {status.get('message')}")
            time.sleep(0.1)
        raise LmsError(f"import of {package.name} not complete after {patience:.0f} s")

    def launch(self, page: Page, course: str, learner: Learner) -> None:
        """Open the course. A later launch comes back to the same registration: it resumes, or begins a new attempt."""
        key = (course, learner.id)
        if key not in self.registrations:
            self.registrations[key] = f"{course}-{learner.id}"
            person = {"id": learner.id, "firstName": learner.first, "lastName": learner.last}
            body = {"courseId": course, "registrationId": self.registrations[key], "learner": person}
            self.call("POST", "/registrations", body)
        path = f"/registrations/{urllib.parse.quote(self.registrations[key], safe='')}/launchLink"
        link = self.call("POST", path, {"redirectOnExitUrl": self.exit_url})["launchLink"]
        page.goto(urllib.parse.urljoin(self.base, link))
        page.wait_for_selector("body[data-state]", state="attached")

    # --- the player

    def shown(self, page: Page) -> Shown:
        return Shown(**_read(page, READ_UI, CONTROLS))

    def state(self, page: Page) -> str:
        """loading; content: an activity is shown; idle: the learner has to choose; ended."""
        if page.url.startswith(self.exit_url):
            return "ended"
        state: str = _read(page, READ_STATE)
        return state

    def press(self, page: Page, control: str) -> None:
        page.click(CONTROLS[control])

    def choose(self, page: Page, identifier: str) -> None:
        """Choose the entry of the table of contents with this identifier."""
        entries = page.locator("[data-activity-id]")
        known = entries.evaluate_all("all => all.map(e => e.dataset.activityId)")
        entries.nth(known.index(identifier)).locator(":scope > button, :scope > a").first.click()

    def leave(self, page: Page, *, patience: float = 8) -> None:
        """Leave the course as a learner does."""
        if self.state(page) == "ended" or not self.shown(page).controls["exit_all"]:
            return
        self.press(page, "exit_all")
        until = time.monotonic() + patience
        while self.state(page) != "ended" and time.monotonic() < until:
            page.wait_for_timeout(25)


def _read(page: Page, script: str, argument: Any = None, *, patience: float = 3) -> Any:
    """``page.evaluate`` that survives a page replaced meanwhile (a redirect, a reload): it asks again."""
    until = time.monotonic() + patience
    while True:
        try:
            return page.evaluate(script, argument)
        except Error as error:
            replaced = "context was destroyed" in str(error) or "Cannot find context" in str(error)
            if not replaced or time.monotonic() > until:
                raise
            page.wait_for_timeout(50)
