"""The runner of ADL's LMS tests on a plan made up here: reading, judging, packing, waiting, the floor."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.scorm import packages, plans, run, tester
from conformance.scorm.lms import Learner, Shown
from conformance.scorm.values import same
from conformance.scorm.verdicts import Verdict
from conformance.scorm.worker import Result

WORDS = plans.Words(
    k="cmi", n="adl", nav="nav", rq="request", rqv="request_valid", to="{target=%s}", ch="choice", ob="objectives", sc="score",
    s="scaled", name="learner_name", lid="learner_id", loc="location", yes="true", tt="total_time", INTR="interactions",
    CR="correct_responses", P="pattern", k1="sequencing",
)  # fmt: skip
PLAN = r"""title=ZZ-01
start=.
seqInfo=made up
Act1V1.UIQ=continue.enabled~toc.visible@Lesson 2
Act1V1.UIA=Y~N
Act1V1.commands.0=I->->yes->0
Act1V1.commands.1=SET->k~loc!caf\u00e9 and \
more->yes->0
Act1V1.commands.2=GET->k~loc->caf\u00e9 and more->0
Act1V1.commands.3=GET->k~ob~&goal&~sc~s->0.5->0
Act1V1.commands.4=SET->n~nav~rq!to~lesson_2~ch->yes->0
Act1V1.commands.5=GES->401->less255->0
Act1V1.CUI=Choice~Lesson  2
####### next
Act2V1.commands.0=COI->goal,other
Act2V1.commands.1=GET->k~tt->PT1H->0
Act2V1.commands.2=GET->k~name->->0
Act2V1.commands.3=GET->k~lid->->0
Act2V1.commands.4=GET->n~nav~rqv~ch~to~lesson_9->yes->0
Act2V1.commands.5=GET->k~INTR~3~CR~0~P!k1->a[,]b->0
Act2V1.commands.6=typo->x
Act2V1.CUI=Exit"""
Change = Callable[[str, int, dict[str, Any]], dict[str, Any]]


def case() -> plans.Case:
    return plans.parse("ZZ-01", PLAN, WORDS)


def right(call: plans.Call) -> dict[str, Any]:
    if call.method == "objective ids":
        return {"ids": list(reversed(call.ids))}
    value = {"less255": "not known", "PT1H": "PT60M"}.get(call.expected, call.expected)
    value = {"cmi.learner_name": "Anyone", "cmi.learner_id": "me"}.get(call.element, value)
    return {"value": value, "error": call.error, "index": 4}


def follow(change: Change = lambda visit, i, back: back, answers: str = "Y~N", activity: str = "") -> Verdict:
    """The plan followed by an LMS that is right but for ``change``."""
    plan = case()
    verdict = Verdict(plan, "me")
    for visit in plan.visits:
        verdict.begin("ZZ-01", activity or visit.activity)
        if visit.questions:
            verdict.answer(answers)
        verdict.results([change(visit.name, i, right(call)) for i, call in enumerate(visit.calls)])
        verdict.finish()
    return verdict


def test_a_plan_is_read() -> None:
    plan = case()
    assert [(v.name, v.activity, len(v.calls)) for v in plan.visits] == [("Act1V1", "1", 6), ("Act2V1", "2", 6)]
    assert plan.visits[0].questions == [("continue.enabled", ""), ("toc.visible", "Lesson 2")]
    assert plan.skipped == ["Act2V1.commands.6: typo->x"]
    first, last = plan.visits[0].calls, plan.visits[1].calls
    assert (first[1].method, first[1].element, first[1].value) == ("SetValue", "cmi.location", "café and more")
    wanted = {"collection": "cmi.objectives", "id": "goal", "before": "cmi.objectives.", "after": ".score.scaled"}
    assert first[3].lookup == wanted
    assert (first[4].element, first[4].value) == ("adl.nav.request", "{target=lesson_2}choice")
    assert last[4].element == "adl.nav.request_valid.choice.{target=lesson_9}"
    assert (last[5].element, last[5].kind) == ("cmi.interactions.3.correct_responses.0.pattern", "sequencing")


def test_the_tester_knows_the_steps() -> None:
    assert plans.steps("Choice~Lesson 2") == [("choose", "Lesson 2")]
    assert plans.steps("LaunchDDMb") == [("leave", ""), ("launch", "DDMb")]
    assert plans.steps("") == []


@pytest.mark.parametrize(
    ("broken", "named"), [("Act1V1.commands.0=GET->k~loc", "Act1V1.commands.0"), ("title=ZZ-03", "no visit")]
)
def test_a_broken_plan_is_named(broken: str, named: str) -> None:
    with pytest.raises(plans.PlanError, match=named):
        plans.parse("ZZ-02", broken, WORDS)
    with pytest.raises(plans.PlanError, match="Dance"):
        plans.steps("Dance")


def test_cases_bring_what_they_build_on() -> None:
    known = ["CO-07a", "CO-07b", "CT-01", "SX-11a", "SX-11c"]
    assert plans.in_order(["SX-11c", "CO-07a"], known) == ["CO-07a", "SX-11a", "SX-11c"]


def test_a_right_answer_passes() -> None:
    verdict = follow()
    assert verdict.passed, verdict.failures
    assert len(verdict.checks) == 2 + 2 + 12 + 1 + 4 * 2 + 1


@pytest.mark.parametrize(
    ("visit", "index", "what"),
    [
        ("Act1V1", 0, "Initialize"),
        ("Act1V1", 2, "cmi.location"),
        ("Act2V1", 1, "cmi.total_time"),
        ("Act2V1", 3, "cmi.learner_id"),
        ("Act2V1", 4, "request_valid"),
        ("Act2V1", 5, "pattern"),
    ],
)
def test_a_wrong_value_fails(visit: str, index: int, what: str) -> None:
    wrong = {"value": "x", "error": "0"}
    verdict = follow(lambda v, i, back: wrong if (v, i) == (visit, index) else back)
    assert not verdict.passed
    assert [(check.visit, what in check.what) for check in verdict.failures] == [(visit, True)]


def test_whatever_else_is_wrong_fails() -> None:
    at = ("Act1V1", 1)
    verdict = follow(lambda v, i, back: back | {"error": "101"} if (v, i) == at else back)
    assert [(check.expected, check.got) for check in verdict.failures] == [("0", "101")]
    assert not follow(lambda v, i, back: {"notFound": "goal"} if (v, i) == ("Act1V1", 3) else back).passed
    assert not follow(lambda v, i, back: {"ids": ["goal"]} if "ids" in back else back).passed
    assert [(check.expected, check.got) for check in follow(answers="N~N").failures] == [("yes", "no")]
    assert not follow(answers="Y").passed
    assert not follow(activity="1").passed
    unfinished = Verdict(case(), "me")
    assert not unfinished.passed
    assert unfinished.begin("ZZ-02", "1") is None


PATTERN, GIVEN = "cmi.interactions.1.correct_responses.0.pattern", "cmi.interactions.1.learner_response"
COMMENT, AT = "cmi.comments_from_learner.0.comment", "cmi.interactions.0.timestamp"


@pytest.mark.parametrize(
    ("element", "expected", "got", "kind", "equal"),
    [
        ("cmi.session_time", "PT1H", "PT60M", "", True),
        ("cmi.session_time", "PT90S", "PT1M30.00S", "", True),
        ("cmi.total_time", "PT1H", "PT61M", "", False),
        ("cmi.total_time", "PT1H", "", "", False),
        ("cmi.location", "PT1H", "PT60M", "", False),
        ("cmi.objectives.3.score.scaled", "0.5", "0.500", "", True),
        ("cmi.score.raw", "0.5", "0.50001", "", False),
        (AT, "2004-04-01T09:45:58.55-03:00", "2004-04-01T12:45:58.0Z", "", True),
        (AT, "2004-04-01T09:45:58", "2004-04-01T09:45:59", "", False),
        (COMMENT, "{lang=en}hi", "hi", "", True),
        (COMMENT, "{lang=fr}hi", "hi", "", False),
        (COMMENT, "x" * 4100, "x" * 4000, "", True),
        (COMMENT, "x" * 4100, "x" * 3999, "", False),
        ("cmi.score._children", "raw,min", "min,raw", "", True),
        (PATTERN, "a[,]b", "b[,]a", "choice", True),
        (PATTERN, "a[,]b", "b[,]a", "sequencing", False),
        (GIVEN, "a[,]b", "b[,]a", "", False),
        (PATTERN, "{case_matters=false}Cat", "{lang=en}cat", "fill-in", True),
        (PATTERN, "{case_matters=true}Cat", "{case_matters=true}cat", "fill-in", False),
        (PATTERN, "1[:]2", "1.0[:]2.0", "numeric", True),
        (PATTERN, "1[:]", "[:]1", "numeric", False),
    ],
)
def test_values_are_compared_by_type(element: str, expected: str, got: str, kind: str, equal: bool) -> None:
    assert same(element, expected, got, kind) is equal


@pytest.mark.parametrize(
    ("question", "title", "said"),
    [
        ("continue.enabled", "", "Y"),
        ("previous.enabled", "", "N"),
        ("toc.visible", "Lesson 2", "Y"),
        ("toc.enabled.selectable", "Lesson 2", "N"),
        ("toc.visible", "Lesson 3", "N"),
        ("toc.enabled.selectable", "the activity that corresponds to the root of x", "Y"),
    ],
)
def test_questions_are_answered_from_what_is_shown(question: str, title: str, said: str) -> None:
    lesson = {"identifier": "i", "title": " Lesson\n 2", "selectable": False, "visible": True, "depth": 1}
    contents = [lesson | {"title": "All", "depth": 0, "selectable": True}, lesson]
    assert tester.answer(question, title, Shown({"continue": True, "previous": False}, contents)) == said


class SlowPlayer:
    """In the place of relay, server and page: what happens is decided by ``state``."""

    def __init__(self, state: Callable[[list[dict[str, Any]]], str]) -> None:
        self.visits: list[dict[str, Any]] = []
        self.finished = 0
        self.tell = state

    def state(self, page: Any) -> str:
        return self.tell(self.visits)

    def wait_for_timeout(self, milliseconds: float) -> None:
        time.sleep(milliseconds / 1000)


def a_tester(state: Callable[[list[dict[str, Any]]], str]) -> tester.Tester:
    player: Any = SlowPlayer(state)
    return tester.Tester(case(), player, player, player, {"ZZ-01": "zz"}, Learner("me", "A", "B"), reaction=0.02)


def test_an_activity_that_announces_itself_at_the_last_moment_counts() -> None:
    def busy(visits: list[dict[str, Any]]) -> str:
        visits.append({"package": "ZZ-01", "activity": "1", "url": "p", "planned": True})
        time.sleep(0.05)
        return "content"

    waiting = a_tester(busy)
    assert waiting.await_visit(0, waiting.case.visits[0]) == "p"


def test_an_activity_that_does_not_come_fails_the_step() -> None:
    waiting = a_tester(lambda visits: "idle")
    with pytest.raises(tester.StepFailed) as failed:
        waiting.await_visit(0, waiting.case.visits[0])
    assert (failed.value.expected, failed.value.got) == ("1", "no activity (state idle)")


MANIFEST = """<manifest identifier="M" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"><organizations/><resources>
  <resource identifier="R" href="resources/P.htm?tc=ZZ"><file href="resources/P.htm"/>{}</resource></resources></manifest>"""
BUILD = """<project><path id="one"><fileset><include name="a.xsd"/><include name="gone.xsd"/></fileset></path><target name="t">
  <buildTestPackage name="LMSTestPackage_ZZ"><x><fileset file="${courses}\\SCODepot\\P.htm"/></x><y><path refid="one"/></y>
  </buildTestPackage></target></project>"""


def checkout(top: Path, extra: str = "") -> packages.Recipe:
    scripts = {f"{plans.ROOT}/TestSuite/scripts/{script}": "" for script in packages.SCRIPTS}
    files = scripts | {
        packages.BUILD: BUILD,
        f"{plans.ROOT}/xml/xsd/a.xsd": "<a/>",
        f"{plans.COURSES}/LMSTestPackage_ZZ/imsmanifest.xml": MANIFEST.format(extra),
        f"{plans.COURSES}/SCODepot/P.htm": "<p>",
        f"{plans.COURSES}/includes/s.css": "",
        f"{plans.COURSES}/scripts/lmsrtefunctions.js": "",
    }
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return packages.recipes(top)["LMSTestPackage_ZZ"]


def test_a_package_is_put_together(tmp_path: Path) -> None:
    path = packages.build(tmp_path, "ZZ", tmp_path, checkout(tmp_path))
    made = zipfile.ZipFile(path).namelist()
    assert made[0] == "imsmanifest.xml"
    assert {"resources/P.htm", "a.xsd", "common/LMSTest.jar", "includes/s.css"} <= set(made)


def test_a_package_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    recipe = checkout(tmp_path, '<file href="Q.htm"/>')
    with pytest.raises(packages.PackageError, match=r"Q\.htm"):
        packages.build(tmp_path, "ZZ", tmp_path, recipe)


def result(name: str, *, passed: bool = True, checks: int = 5) -> Result:
    return Result(name=name, passed=passed, visits="1 of 1", checks=checks, seconds=1.0)


def test_fewer_cases_or_checks_than_recorded_are_a_regression() -> None:
    floor = {"CM": {"cases": 2, "checks": 10}, "API": {"cases": 1, "checks": 5}}
    assert run.shortfall([result("CM-01"), result("CM-02a"), result("API")], floor) == []
    assert run.shortfall([result("CM-01"), result("CM-02a", checks=4), result("API")], floor) == [
        "CM: 9 checks, 10 are recorded in floor.json"
    ]
    found = run.shortfall([result("CM-01"), result("CM-02a", passed=False)], floor)
    assert [problem.split(",")[0] for problem in found] == [
        "CM: 1 cases",
        "CM: 5 checks",
        "API: 0 cases",
        "API: 0 checks",
    ]


def test_the_recorded_floor_is_the_whole_suite() -> None:
    floor = json.loads(run.FLOOR.read_text())
    assert sum(group["cases"] for group in floor.values()) == 188
