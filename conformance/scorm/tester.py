"""The person who runs the suite's cases: launches, looks at the navigation, answers the questions, takes the next step."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import ElementHandle, Frame, Page

from conformance.scorm import plans
from conformance.scorm.lms import Learner, Lms, Shown
from conformance.scorm.plans import Case, Visit
from conformance.scorm.relay import Relay

# Longest wait for one reaction of the player, and for one whole case (one of them makes 8,200 API calls), in seconds.
REACTION = 20.0
CASE = 240.0
# A page of the suite that asks for its instruction only when it is taken away, and how much longer that may take.
LATE_PAGE, LATE = "SX09_exit.", 15.0
ROOT = "the activity that corresponds to the root"


class StepFailed(Exception):
    """The player did not follow the plan."""

    def __init__(self, what: str, expected: str, got: str) -> None:
        super().__init__(what)
        self.what, self.expected, self.got = what, expected, got


def flat(title: str) -> str:
    return re.sub(r"\s+", " ", title).strip()


def entries(shown: Shown, title: str) -> list[dict[str, Any]]:
    """The entries of the table of contents that a plan means by this title."""
    if "corresponds to the root" in title:
        return [entry for entry in shown.contents if entry["depth"] == 0]
    return [entry for entry in shown.contents if flat(entry["title"]) == flat(title)]


def answer(question: str, title: str, shown: Shown) -> str:
    """Y or N to one question about the navigation."""
    truth: dict[str, Callable[[], bool]] = {
        "continue.enabled": lambda: shown.controls["continue"],
        "continue.disabled": lambda: not shown.controls["continue"],
        "previous.enabled": lambda: shown.controls["previous"],
        "previous.disabled": lambda: not shown.controls["previous"],
        "toc.enabled": lambda: any(entry["selectable"] for entry in shown.contents),
        "toc.enabled.selectable": lambda: any(entry["selectable"] for entry in entries(shown, title)),
        "toc.visible": lambda: any(entry["visible"] for entry in entries(shown, title)),
    }
    return "Y" if truth[question]() else "N"


class Tester:
    """One run of one case; ``courses`` by package name."""

    def __init__(
        self, case: Case, relay: Relay, lms: Lms, page: Page, courses: dict[str, str], learner: Learner,
        *, reaction: float = REACTION,
    ) -> None:  # fmt: skip
        self.case, self.relay, self.lms, self.page = case, relay, lms, page
        self.courses, self.learner, self.reaction = courses, learner, reaction
        self.package = case.packages[0]
        self.deadline = time.monotonic() + CASE

    def run(self) -> None:
        """Raises StepFailed where the plan cannot be followed."""
        self.launch("")
        if self.case.start:
            self.choose(self.case.start)
        for position, visit in enumerate(self.case.visits):
            url = self.await_visit(position, visit)
            if visit.questions:
                self.answer_questions(visit, url)
            # A page that speaks late does so within its time; any other may take what is left of the case.
            left = max(1.0, self.deadline - time.monotonic())
            patience = self.reaction + LATE if LATE_PAGE in url else left
            self.wait(lambda count=position: self.relay.finished > count, "SCO finished", "finished", patience)
            for step, argument in plans.steps(visit.step):
                self.page.wait_for_timeout(20)
                self.take(step, argument)

    # --- waiting

    def wait(
        self, condition: Callable[[], bool], what: str, expected: str, patience: float | None = None,
        got: Callable[[], str] = lambda: "nothing",
    ) -> None:  # fmt: skip
        """Poll; page.wait_for_timeout keeps the browser's events flowing."""
        until = min(self.deadline, time.monotonic() + (patience or self.reaction))
        while not condition():
            if time.monotonic() > until:
                # The page may have been busy for all of that time.
                if condition():
                    return
                raise StepFailed(what, expected, got())
            self.page.wait_for_timeout(15)

    def state(self) -> str:
        return self.lms.state(self.page)

    def await_visit(self, position: int, visit: Visit) -> str:
        """The address of the page that announced itself as the planned activity."""
        still: float | None = None
        until = min(self.deadline, time.monotonic() + self.reaction)
        while len(self.relay.visits) <= position:
            state = self.state()
            still = (still or time.monotonic()) if state in ("idle", "ended") else None
            late = time.monotonic() > until or (still is not None and time.monotonic() - still > 3)
            # Asking for the state itself waits while the SCO keeps the page busy.
            if late and len(self.relay.visits) <= position:
                raise StepFailed("activity launched", visit.activity, f"no activity (state {state})")
            self.page.wait_for_timeout(15)
        seen = self.relay.visits[position]
        if not seen["planned"]:
            wanted = f"activity {visit.activity} of {self.case.name}"
            raise StepFailed("plan followed", wanted, f"activity {seen['activity']} of {seen['package']}")
        url: str = seen["url"]
        return url

    def settled(self) -> Shown:
        """What the learner sees once it stands still."""
        before = self.lms.shown(self.page)
        for _ in range(30):
            self.page.wait_for_timeout(80)
            now = self.lms.shown(self.page)
            if now == before:
                break
            before = now
        return before

    # --- the SCO page

    def frame(self, url: str) -> Frame | None:
        return next((frame for frame in reversed(self.page.frames) if frame.url == url), None)

    def element(self, url: str, selector: str) -> ElementHandle | None:
        frame = self.frame(url)
        return frame.query_selector(selector) if frame else None

    def answer_questions(self, visit: Visit, url: str) -> None:
        """Answer the page's questions from what the player shows, or press its button."""
        if visit.questions[0][0] == "click.button":
            self.wait(lambda: self.element(url, "#continue") is not None, "button in the SCO page", "shown")
            return self.press_in(url, "#continue")
        self.wait(lambda: self.element(url, "#submit") is not None, "questions in the SCO page", "shown")
        shown = self.settled()
        for number, (question, title) in enumerate(visit.questions):
            self.press_in(url, f"#{'t' if answer(question, title, shown) == 'Y' else 'f'}Radio{number}")
        return self.press_in(url, "#submit")

    def press_in(self, url: str, selector: str) -> None:
        frame = self.frame(url)
        if frame is None:
            raise StepFailed("SCO page", "shown", "gone")
        frame.click(selector)

    # --- the tester's steps

    def take(self, step: str, argument: str) -> None:
        if step == "press":
            if not (argument == "exit_all" and self.state() == "ended"):
                self.press(argument)
        elif step == "choose":
            self.choose(argument)
        elif step == "choose_root":
            self.choose(ROOT)
        elif step == "expect":
            wanted = ("ended",) if argument == "ended" else ("idle", "ended")
            self.wait(lambda: self.state() in wanted, "state of the session", " or ".join(wanted), got=self.state)
        elif step == "leave":
            self.leave()
        else:
            self.launch(argument)

    def launch(self, package: str) -> None:
        """ "" is the package that ran last."""
        self.package = package or self.package
        if self.package not in self.courses:
            raise StepFailed("plan", "a package of this case", self.package)
        self.lms.launch(self.page, self.courses[self.package], self.learner)

    def choose(self, title: str) -> None:
        def offered() -> list[dict[str, Any]]:
            return [entry for entry in entries(self.lms.shown(self.page), title) if entry["selectable"]]

        def listed() -> str:
            contents = self.lms.shown(self.page).contents
            words = (flat(e["title"]) + ("" if e["selectable"] else " (not selectable)") for e in contents)
            return "; ".join(words) or "an empty table of contents"

        self.wait(lambda: bool(offered()), f"choose {title!r} in the table of contents", "selectable", got=listed)
        self.lms.choose(self.page, offered()[0]["identifier"])

    def press(self, control: str) -> None:
        def enabled() -> bool:
            return self.lms.shown(self.page).controls[control]

        self.wait(enabled, f"press {control}", "enabled", got=lambda: "not enabled")
        self.lms.press(self.page, control)

    def leave(self) -> None:
        # A Terminate with a navigation request may be ending the session already.
        for _ in range(20):
            if self.state() == "ended":
                break
            self.page.wait_for_timeout(25)
        self.lms.leave(self.page)
