"""The player page and the demo course in it, as a learner uses them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

# One right and one wrong way to answer each question of the demo course's quiz.
RIGHT = {
    "distance": "belt", "twist": "false", "order": ["think", "grip", "rise", "turn"], "help": ["sore", "unknown", "view"],
    "setup": {"elbows": "desk", "eyes": "screen-top", "feet": "floor"}, "eyes": "20",
}  # fmt: skip
WRONG = {"distance": "arms", "twist": "true"}


class Player:
    """A launched course. ``page`` is the browser's page."""

    def __init__(self, context: BrowserContext, link: str) -> None:
        self.page: Page = context.new_page()
        self.page.goto(link)
        self.wait_for("content")

    @property
    def sco(self) -> FrameLocator:
        return self.page.frame_locator("iframe#sco")

    def wait_for(self, state: str) -> None:
        expect(self.page.locator("body")).to_have_attribute("data-state", state)

    def wait_for_activity(self, activity: str) -> None:
        """``activity`` is the one shown, and the step to it is over."""
        expect(self.page.locator(f'[data-activity-id="{activity}"]')).to_have_attribute("aria-current", "true")
        self.wait_for("content")

    def wait_until_saved(self) -> None:
        # What the content has just committed is under way once the page has come to its timers.
        self.page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
        expect(self.page.locator("#saved")).to_have_text("All progress saved")

    def press(self, control: str) -> None:
        self.page.click(f"#nav-{control}")

    def choose(self, activity: str) -> None:
        self.page.click(f'[data-activity-id="{activity}"] > button')

    def kill(self) -> None:
        """The tab is gone without a word to its page."""
        self.page.close(run_before_unload=False)

    # ── the demo course ──

    def wait_for_lesson(self) -> None:
        """The activity's own script has begun and said its first words."""
        # Small screens do not show it.
        expect(self.sco.locator("#steps li[aria-current]")).to_be_attached()

    def wait_for_words(self, text: str | None = None) -> None:
        """The small courses of ``courses.py`` write what they got from their API on the page: then they can be used."""
        entry = self.sco.locator("#entry")
        if text is None:
            expect(entry).not_to_be_empty()
        else:
            expect(entry).to_have_text(text)

    def read_lesson(self, *, pages: int | None = None) -> None:
        """Read on to the last page, or ``pages`` times."""
        self.wait_for_lesson()
        steps = pages if pages is not None else self.sco.locator("#steps li").count() - 1
        for _ in range(steps):
            self.sco.locator("#next").click()

    def answer(self, question: str, answer: Any) -> None:
        """Give an answer in the quiz, have it checked, and leave the question on the screen."""
        if isinstance(answer, dict):
            for source, target in answer.items():
                self.sco.locator(f"#pair-{source}").select_option(target)
        elif question == "order":
            self._arrange(answer)
        elif question == "eyes":
            self.sco.locator("#number").fill(answer)
        else:
            for value in [answer] if isinstance(answer, str) else answer:
                self.sco.locator(f'input[value="{value}"]').check()
        self.sco.locator("#check").click()
        expect(self.sco.locator("#next")).to_be_visible()

    def _arrange(self, wanted: list[str]) -> None:
        for place, step in enumerate(wanted):
            for _ in range(len(wanted)):
                up = self.sco.locator('[data-move$=":-1"]')
                expect(up).to_have_count(len(wanted))
                at = up.evaluate_all("all => all.map(b => b.dataset.move)").index(f"{step}:-1")
                if at <= place:
                    break
                up.nth(at).click()
                expect(up.nth(at - 1)).to_have_attribute("data-move", f"{step}:-1")

    def answer_all(self, questions: list[str]) -> None:
        for question in questions:
            self.answer(question, RIGHT[question])
            self.sco.locator("#next").click()
