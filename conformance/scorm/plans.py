"""The suite's test plans: one properties file a case → visits, API calls, questions, the tester's steps.

A plan is a list of visits. A visit says which activity the LMS must deliver next, which questions about the LMS's navigation
are asked, which API calls the SCO makes with which expected answers, and what the tester does afterwards. The words of
the API calls are abbreviated; the suite keeps the dictionary in a file of its own, read from the checkout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = "software_development"
COURSES = f"{ROOT}/TestSuite/LMSRTE/Courses"
PLANS = f"{COURSES}/TestCases"
DICTIONARY = f"{ROOT}/resources/org/adl/testsuite/rte/lms/util/resources/Commands.properties"

METHODS = {
    "I": "Initialize",
    "T": "Terminate",
    "C": "Commit",
    "GET": "GetValue",
    "SET": "SetValue",
    "GLE": "GetLastError",
    "GES": "GetErrorString",
    "GeDi": "GetDiagnostic",
    "COI": "objective ids",
}
# A later case reads a global objective that an earlier one wrote (same learner, objectivesGlobalToSystem).
NEEDS = {"CO-07b": "CO-07a", "OB-03c": "OB-03a", "OB-08b": "OB-08a", "OB-09b": "OB-09a", "SX-11c": "SX-11a"}


class PlanError(Exception):
    """A plan that this reader does not understand; the text names case, key and value."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API call. ``element`` may hold one ``&id&``: the index of the entry with that id is looked up first."""

    method: str
    element: str = ""
    # Second argument of SetValue.
    value: str = ""
    expected: str = ""
    error: str = "0"
    # Type of the interaction, where the plan names it.
    kind: str = ""
    ids: Sequence[str] = ()

    @property
    def lookup(self) -> dict[str, str] | None:
        """``cmi.objectives.&x&.id`` → the collection, the id in it, and what stands before and after the index."""
        part = self.element.split("&")
        if len(part) < 3:
            return None
        collection = "adl.data" if "data" in part[0] else "cmi.objectives"
        return {"collection": collection, "id": part[1], "before": part[0], "after": part[2]}

    def wire(self) -> dict[str, Any]:
        """What the stand-in in the SCO page needs to make the call."""
        return {"method": self.method, "element": self.element, "value": self.value, "lookup": self.lookup}


@dataclass(kw_only=True)
class Visit:
    """One delivery of an activity: ``name`` is ``Act2V1`` for the first visit of activity 2."""

    name: str
    activity: str
    # (question, title of the entry it is about)
    questions: list[tuple[str, str]] = field(default_factory=list)
    # "Y" or "N" for each question.
    answers: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    # The tester's next step, abbreviated.
    step: str = ""


@dataclass(kw_only=True)
class Case:
    """``start``: title to choose after the launch, or "". The first package is launched."""

    name: str
    start: str
    packages: list[str]
    visits: list[Visit]
    # Lines that name no known command; the suite skips them too.
    skipped: list[str] = field(default_factory=list)

    @property
    def group(self) -> str:
        return self.name.partition("-")[0]


def properties(text: str) -> list[tuple[str, str]]:
    """(key, value) of a properties file: a trailing backslash joins lines, lines with #### or # are comments."""
    found, held = [], ""
    for line in [*text.splitlines(), ""]:
        held += line
        if held.endswith("\\"):
            held = held[:-1]
            continue
        if "=" in held and "####" not in held and not held.startswith("#"):
            key, _, value = held.partition("=")
            found.append((key, value))
        held = ""
    return found


def unescape(text: str) -> str:
    r"""\uXXXX → character (surrogate pairs joined); other backslashes stay."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Words(dict[str, str]):
    """The suite's dictionary of abbreviations; a word that is not in it stands for itself."""

    @classmethod
    def of(cls, checkout: Path) -> Words:
        path = checkout / DICTIONARY
        if not path.is_file():
            raise PlanError(f"no dictionary of abbreviations at {DICTIONARY} in the checkout")
        return cls(properties(path.read_text(encoding="latin-1")))

    def spell(self, tokens: Iterable[str]) -> list[str]:
        """Translate tokens one by one; a translation with a %s takes the next token as it is."""
        found, rest = [], iter(tokens)
        for token in rest:
            word = self.get(token, token)
            found.append(word.replace("%s", next(rest, "")) if "%s" in word else word)
        return found

    def call(self, text: str) -> Call:
        """``GET->c~S~SCA->0.5->0`` → the call."""
        head, *part = text.split("->")
        method = METHODS.get(head)
        if method is None or not part:
            raise PlanError(f"unknown command {text[:80]!r}")
        if method == "objective ids":
            return Call(method=method, ids=part[0].split(","))
        if len(part) < 3:
            raise PlanError(f"incomplete command {text[:80]!r}")
        argument, expected, error = part[0], part[-2], part[-1]
        if method in ("GetErrorString", "GetDiagnostic"):
            return Call(method=method, element=argument, expected=expected, error=error)
        if method == "GetLastError":
            return Call(method=method, expected=expected, error=error)
        if method == "SetValue":
            return self._set(argument, self.get(expected, expected), error)
        expected = (self.get(expected) or expected) if method == "GetValue" else self.get(expected, expected)
        return self._other(method, argument, expected, error)

    def _set(self, argument: str, expected: str, error: str) -> Call:
        left, _, right = argument.partition("!")
        tokens = right.split("~")
        value = "".join(self.spell(tokens)) if "%s" in self.get(tokens[0], "") else self.get(right, right)
        element = ".".join(self.spell(left.split("~")))
        return Call(method="SetValue", element=element, value=value, expected=expected, error=error)

    def _other(self, method: str, argument: str, expected: str, error: str) -> Call:
        kind = ""
        if method == "GetValue" and "~INTR~" in argument and "!" in argument:
            argument, _, kind = argument.partition("!")
            kind = self.get(kind, kind)
        element = ".".join(self.spell(argument.split("~"))) if "~" in argument else argument
        return Call(method=method, element=element, expected=expected, error=error, kind=kind)


def parse(name: str, text: str, words: Words) -> Case:
    """Text of one plan → case. A new visit begins where the ``ActxVy`` part of the key changes."""
    head: dict[str, str] = {}
    visits: list[Visit] = []
    skipped: list[str] = []
    for key, value in properties(text):
        match = re.match(r"(Act(\w+?)V\w*)\.(UIQ|UIA|CUI|commands)", key)
        if not match:
            head[key] = value
            continue
        if not visits or visits[-1].name != match[1]:
            visits.append(Visit(name=match[1], activity=match[2]))
        try:
            _fill(visits[-1], match[3], value, words)
        except PlanError as error:
            raise PlanError(f"{name}: {key}: {error}") from None
        if match[3] == "commands" and value.split("->")[0] not in METHODS:
            skipped.append(f"{key}: {value[:60]}")
    if not visits:
        raise PlanError(f"{name}: no visit in the plan")
    start = head.get("start", "").strip()
    # The one case of two packages.
    packages = ["DDMa", "DDMb"] if name == "DDM" else [name]
    start = "" if start in (".", *packages) else start
    return Case(name=head.get("title", name), start=start, packages=packages, visits=visits, skipped=skipped)


def _fill(visit: Visit, part: str, value: str, words: Words) -> None:
    if part == "UIQ":
        for each in value.split("~") if value else ():
            question, _, rest = each.partition("@")
            visit.questions.append((question, rest.partition("@")[0]))
    elif part == "UIA":
        visit.answers = value.split("~") if value else []
    elif part == "CUI":
        visit.step = value
    elif value.split("->")[0] in METHODS:
        visit.calls.append(words.call(unescape(value)))


def names(checkout: Path) -> list[str]:
    """All cases of a checkout."""
    found = sorted(file.stem for file in (checkout / PLANS).glob("*.properties"))
    if not found:
        raise PlanError(f"no test plans below {PLANS} in the checkout")
    return found


def load(checkout: Path, name: str, words: Words) -> Case:
    path = checkout / PLANS / f"{name}.properties"
    if not path.is_file():
        raise PlanError(f"no test case {name!r}")
    return parse(name, path.read_text(encoding="utf-8", errors="replace"), words)


def in_order(wanted: Iterable[str], known: Iterable[str]) -> list[str]:
    """The wanted cases and what they build on, in the suite's order."""
    chosen = set(wanted)
    chosen |= {NEEDS[name] for name in chosen if name in NEEDS}
    return [name for name in known if name in chosen]


# --- the tester's steps -------------------------------------------------------------------------------------------

Step = tuple[str, str]
SCO_TITLES = {"APIt": "API Implementation Test ", "DMIt": "Data Model Implementation Test "}
LEAVE: Step = ("leave", "")
ENDED: Step = ("expect", "ended")
# launch "": the package that ran last.
AGAIN: list[Step] = [LEAVE, ("launch", "")]
STEPS: dict[str, list[Step]] = {
    "": [],
    "Continue": [("press", "continue")],
    "Previous": [("press", "previous")],
    "TRIGExitAll": [("press", "exit_all"), ENDED],
    "Exit": [LEAVE],
    "RootSX4b": [("expect", "idle"), ("choose_root", "")],
    "AutoTest": [ENDED],
    "HasEnded": [ENDED],
    "OKEnd": [ENDED],
    "ContinueExitCM8": [("press", "continue"), ENDED, ("launch", "")],
    "SuspendCM09ca": [("press", "suspend_all"), ENDED, ("launch", "")],
    "DMBxAct": [*AGAIN, ("choose", "Data Model Behavior Test 1")],
    "RelaunchCM10": [*AGAIN, ("choose", "Activity 4")],
    "DMBx": AGAIN,
    "ExitCM09ba": AGAIN,
}


def steps(abbreviated: str) -> list[Step]:
    """The tester's next step → actions: press a control, choose a title, choose_root, leave, launch a package, expect a state."""
    key, *arguments = abbreviated.split("~")
    if key in STEPS:
        return STEPS[key]
    if key == "Choice":
        return [("choose", arguments[0])]
    if key == "ChoiceExit":
        return [("choose", arguments[0]), ENDED]
    if key[:4] in SCO_TITLES and key[4:].isdigit():
        return [("choose", SCO_TITLES[key[:4]] + key[4:])]
    if key.lower() in ("launchddmb", "relaunchddma", "relaunchddmb"):
        return [LEAVE, ("launch", key[-4:])]
    if key.startswith("Relaunch"):
        return AGAIN
    if key in ("exitlaunch", "autoendrelaunch", "relaunch"):
        return [LEAVE, ("launch", arguments[0])]
    if key in ("autoendlaunchnchoose", "launchnchoose", "relaunchnchoose"):
        return [LEAVE, ("launch", arguments[0]), ("choose", arguments[1])]
    raise PlanError(f"unknown step of the tester: {abbreviated!r}")
