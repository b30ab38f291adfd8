"""Random courses and random requests: nothing crashes, nothing forbidden is delivered, snapshots lose nothing.

`make properties-sequencing` walks through 20,000 courses; a failure names the seed of its course.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from course_packages.model import RuleCondition, SequencingRule, Standard
from scorm_runtime.sequencing import Outcome, Sequencer, TocEntry, objectives, overall, prerequisites, scorm12
from scorm_runtime.sequencing.tree import Activity, ActivityTree
from tests.scorm_runtime.sequencing.random_courses import RandomCourse

COURSES = int(os.environ.get("SEQUENCING_COURSES", "200"))
BLOCK = 100
STEPS = 15


@pytest.mark.parametrize("first", range(0, COURSES, BLOCK))
def test_random_courses(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overall.delivery, "content_delivery", watched(overall.delivery.content_delivery))
    for seed in range(first, first + BLOCK):
        course = RandomCourse(seed)
        try:
            walk(course)
        except Exception as error:
            raise AssertionError(f"course {seed}, {course.edition}: {type(error).__name__}: {error}") from error


def walk(course: RandomCourse) -> None:
    e = Sequencer.new(course.organization, edition=course.edition, seed=course.pick(0, 1, 2))
    e.navigate("start")
    for _ in range(STEPS):
        if e.active and e.current:
            e.record(e.current, course.report())
        e, toc = restored(e, course)
        request, target = course.move()
        running, before = e.active, e.snapshot()
        assert all(entry.selectable is not bool(entry.reason) for entry in toc), "whatever is locked has its reason"
        hidden = {entry.id for entry in toc if not entry.visible}
        expected = e.valid(request, target)
        assert all(e.controls().reasons.values())
        assert e.snapshot() == before, "looking changes nothing"
        outcome = e.navigate(request, target)
        assert_outcome(e, outcome)
        if outcome.delivered and request == "choice" and not running:
            # Nothing had to end first, so nothing could change what the table of contents said.
            assert expected.allowed
            assert target not in hidden


def assert_outcome(e: Sequencer, outcome: Outcome) -> None:
    """The delivered activity is on; nothing but its path is active; whoever gets nothing gets a reason."""
    tree = e._tree
    if outcome.delivered:
        found = tree.find(outcome.delivered)
        assert (tree.current, e.active) == (found, True)
        assert all(passed.active and not passed.suspended for passed in found.path())
    elif outcome.ended:
        assert e.current is None
    else:
        assert outcome.exception
        assert outcome.reason != outcome.exception
    path = set(tree.current.path()) if tree.current else set()
    assert all(a in path for a in tree.activities.values() if a.active)
    for activity in tree.activities.values():
        assert all(child.index == i for i, child in enumerate(activity.available))


def restored(e: Sequencer, course: RandomCourse) -> tuple[Sequencer, list[TocEntry]]:
    """The sequencer after a journey through JSON, which is the same one, and its table of contents."""
    snapshot = json.loads(json.dumps(e.snapshot()))
    again = Sequencer.restore(course.organization, snapshot, edition=course.edition)
    again.global_objectives = json.loads(json.dumps(e.global_objectives))
    assert again.snapshot() == snapshot
    assert again.global_objectives == e.global_objectives
    toc = again.toc()
    assert toc == e.toc()
    assert again.status() == e.status()
    return again, toc


# --- what may not be delivered, decided without the code under test ---------------------------------------------------


def watched(deliver: Any) -> Any:
    """``content_delivery`` that first looks at what it is to deliver (DB.1.1, UP.5, SN 3.4.2)."""

    def content_delivery(tree: ActivityTree, activity: Activity) -> None:
        assert activity.is_leaf
        assert activity.launchable
        jumped = any("SB.2.12" in step.code and "request jump" in step.text for step in tree.steps)
        chosen = [step.text for step in tree.steps if step.code == "SB.2.12" and "request choice to" in step.text]
        for passed in activity.path():
            assert passed.parent is None or passed in passed.parent.available, f"{passed.id} was not selected"
            assert not locked(tree, passed), f"{passed.id} is disabled"
            assert not used_up(passed), f"{passed.id} has no attempt left"
        if chosen and not jumped:
            target = tree.find(chosen[-1].rpartition(" ")[2])
            for passed in target.path():
                assert not applies(tree, passed, "hiddenFromChoice"), f"{passed.id} is hidden from choice"
        deliver(tree, activity)

    return content_delivery


def locked(tree: ActivityTree, activity: Activity) -> bool:
    if tree.edition is not Standard.SCORM_12:
        return applies(tree, activity, "disabled")
    try:
        expression = prerequisites.compile_script(activity.prerequisites or "root | ~root")
    except prerequisites.ScriptError:
        return False
    return not expression(lambda i: scorm12.lesson_status(tree, tree.find(i)) if i in tree.activities else None)


def used_up(activity: Activity) -> bool:
    limit = activity.sequencing.attempt_limit
    goes_on = activity.active or activity.suspended
    return activity.tracked and not goes_on and limit is not None and activity.attempts >= limit


def applies(tree: ActivityTree, activity: Activity, action: str) -> bool:
    """Whether one of the activity's rules with this action applies now."""
    if tree.edition is Standard.SCORM_12:
        return False
    return any(holds(tree, activity, r) for r in activity.sequencing.pre_condition_rules if r.action == action)


def holds(tree: ActivityTree, activity: Activity, rule: SequencingRule) -> bool:
    answers = [condition(tree, activity, each) for each in rule.conditions]
    true = [answer is True for answer in answers]
    return bool(answers) and (any(true) if rule.combination == "any" else all(true))


def condition(tree: ActivityTree, activity: Activity, rule: RuleCondition) -> bool | None:
    answer = plain_condition(tree, activity, rule)
    return answer if answer is None else answer is not rule.negated


def plain_condition(tree: ActivityTree, activity: Activity, rule: RuleCondition) -> bool | None:
    limit = activity.sequencing.attempt_limit
    simple: dict[str, bool | None] = {
        "always": True,
        "attempted": activity.tracked and activity.attempts > 0,
        "attemptLimitExceeded": activity.tracked and limit is not None and activity.attempts >= limit,
        "timeLimitExceeded": None,
    }
    if rule.condition in simple:
        return simple[rule.condition]
    objective = activity.objective(rule.referenced_objective)
    if objective is None:
        return None
    measure = objectives.fact(tree, activity, objective, "measure")
    satisfied = objectives.is_satisfied(tree, activity, objective)
    completed = objectives.is_completed(tree, activity, objective)
    threshold = rule.measure_threshold or 0.0
    facts: dict[str, bool | None] = {
        "satisfied": satisfied,
        "objectiveStatusKnown": satisfied is not None,
        "completed": completed,
        "activityProgressKnown": completed is not None,
        "objectiveMeasureKnown": measure is not None,
        "objectiveMeasureGreaterThan": None if measure is None else measure > threshold,
        "objectiveMeasureLessThan": None if measure is None else measure < threshold,
    }
    return facts[rule.condition]
