"""Decides a case: was the right activity launched, is the navigation as asked, did the API answer as expected.

One :class:`Verdict` follows one run of one case; it is fed with what the SCO pages report. A case passes when every visit of the
plan was made and no check failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.scorm.plans import Call, Case, Visit
from conformance.scorm.values import same


@dataclass(frozen=True)
class Check:
    """One decision; ``visit`` is where in the plan it was taken."""

    visit: str
    what: str
    expected: str
    got: str
    good: bool

    def __str__(self) -> str:
        return f"{self.visit}: {self.what[:120]}: expected {self.expected[:80]!r}, got {self.got[:200]!r}"


SHORT = "fewer than 255 characters"
QUESTIONS = {
    "continue.enabled": "Continue is offered and enabled",
    "continue.disabled": "Continue is not enabled",
    "previous.enabled": "Previous is offered and enabled",
    "previous.disabled": "Previous is not enabled",
    "toc.enabled": "the table of contents can be used",
    "toc.enabled.selectable": "the table of contents lets the learner choose {}",
    "toc.visible": "the table of contents shows {}",
    "click.button": "press the button to go on",
}


class Verdict:
    """Follows one run of ``case`` by the learner with ``learner_id``."""

    def __init__(self, case: Case, learner_id: str) -> None:
        self.case, self.learner_id = case, learner_id
        self.position = 0
        self.checks: list[Check] = []
        self.astray = False

    # --- what the SCO pages ask and tell

    def begin(self, package: str, activity: str) -> bool | None:
        """A SCO page says who it is. True: as planned; False: another activity; None: another package."""
        if package != self.case.name:
            return None
        planned = self.visit.activity if self.visit else "none (the plan is over)"
        self.check("activity launched", planned, activity, planned == activity)
        self.astray |= planned != activity
        return not self.astray

    def questions(self) -> str:
        """The navigation questions of this visit, ``~`` between them; "" when there is none."""
        asked = self.visit.questions if self.visit else []
        return "~".join(QUESTIONS.get(key, key).format(title.replace("~", " ")) for key, title in asked)

    def answer(self, given: str) -> bool:
        """``given``: ``Y~N~…`` as read from the player."""
        answers, planned = given.split("~"), self.visit.answers if self.visit else []
        asked = self.visit.questions if self.visit else []
        if not len(answers) == len(planned) == len(asked):
            return self.check("number of navigation answers", str(len(planned)), str(len(answers)), False)
        said = {"Y": "yes", "N": "no"}
        judged = [
            self.check(QUESTIONS.get(key, key).format(title), said.get(want, want), said.get(got, got), want == got)
            for (key, title), want, got in zip(asked, planned, answers, strict=True)
        ]
        return all(judged)

    def calls(self) -> list[dict[str, Any]]:
        return [call.wire() for call in self.visit.calls] if self.visit else []

    def results(self, returned: Sequence[dict[str, Any]]) -> bool:
        """One for each call: {value, error, index} | {notFound: id} | {ids: […]}."""
        calls = self.visit.calls if self.visit else []
        if len(calls) != len(returned):
            return self.check("number of API results", str(len(calls)), str(len(returned)), False)
        return all([self.judge(call, back) for call, back in zip(calls, returned, strict=True)])

    def finish(self) -> str:
        """The page asks what the tester does next; this ends the visit. The text for the page."""
        step = self.visit.step if self.visit else ""
        self.position += 1
        return f"Next step: {step}" if step else ""

    def trouble(self, what: str, got: str = "", expected: str = "no such thing") -> bool:
        """Anything else that fails the case: an alert, a page that gave up, a step that could not be taken."""
        return self.check(what, expected, got, False)

    # --- the verdict

    @property
    def visit(self) -> Visit | None:
        return self.case.visits[self.position] if self.position < len(self.case.visits) else None

    @property
    def failures(self) -> list[Check]:
        return [check for check in self.checks if not check.good]

    @property
    def passed(self) -> bool:
        return self.visit is None and not self.astray and not self.failures

    # --- single decisions

    def check(self, what: str, expected: str, got: str, good: bool) -> bool:
        visit = self.visit.name if self.visit else "end"
        self.checks.append(Check(visit, what, expected, got, good))
        return good

    def judge(self, call: Call, back: dict[str, Any]) -> bool:
        if "ids" in back:
            got, wanted = back["ids"], call.ids
            good = len(got) == len(wanted) and all(each in wanted for each in got)
            return self.check("objectives of the manifest in cmi.objectives", ",".join(wanted), ",".join(got), good)
        label = f"{call.method}({', '.join(repr(a) for a in (call.element, call.value) if a)})"
        if "notFound" in back:
            return self.check(label, f"an entry with id {back['notFound']!r}", "no such entry", False)
        value, error = str(back["value"]), str(back["error"])
        if call.method == "GetValue" and "comments_from_lms" in call.element and "_children" not in call.element:
            # There may or may not be comments.
            allowed = ["0", "301", "403"] + (["401"] if call.element == "cmi.comments_from_lms" else [])
            return self.check(f"{label} error code", " or ".join(allowed), error, error in allowed)
        good = self.check(label, *self._value(call, value))
        if "request_valid." in call.element and (
            not call.expected or ".choice" in call.element or ".jump" in call.element
        ):
            # What cannot be known in advance is answered without an expected error.
            return good
        return self.check(f"{label} error code", call.error, error, call.error == error) and good

    def _value(self, call: Call, value: str) -> tuple[str, str, bool]:
        """What was expected of the value, the value, and whether it is as expected. The exceptions are the suite's own."""
        element, expected = call.element, call.expected
        if call.method == "GetErrorString" and expected == "emptyCS":
            return "", value, value == ""
        if call.method == "GetDiagnostic" or (call.method == "GetErrorString" and expected == "less255"):
            return SHORT, value, len(value) < 255
        if call.method != "GetValue":
            return expected, value, value == expected
        if "learner_name" in element:
            return "any name", value, True
        if "request_valid." in element:
            # The answer may depend on what can be known in advance.
            return "true, false or unknown", value, value in ("true", "false", "unknown")
        if element == "cmi.learner_id":
            return self.learner_id, value, same(element, self.learner_id, value)
        if call.lookup and ".id" in element and not expected:
            return call.lookup["id"], value, value == call.lookup["id"]
        if "_count" in element or (not expected and not value.startswith("{")):
            return expected, value, value == expected
        return expected, value, same(element, expected, value, call.kind)
