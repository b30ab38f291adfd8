"""Random trees and random requests: nothing crashes, nothing forbidden is delivered, snapshots lose nothing."""

from __future__ import annotations

import json
import os
import time
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_packages.model import (
    CompletionThreshold,
    Item,
    MapInfo,
    Objective,
    Organization,
    RollupCondition,
    RollupRule,
    RuleCondition,
    Sequencing,
    SequencingRule,
    Standard,
)
from scorm_runtime.sequencing import REQUESTS, ActivityReport, ObjectiveReport, Sequencer
from tests.scorm_runtime.sequencing.building import LATEST, cluster, course, pre, sco, shared

# How many trees; the nightly run sets thousands.
EXAMPLES = int(os.environ.get("SEQUENCING_EXAMPLES", "150"))

CONDITIONS = (
    "satisfied", "objectiveStatusKnown", "objectiveMeasureKnown", "objectiveMeasureGreaterThan", "objectiveMeasureLessThan",
    "completed", "activityProgressKnown", "attempted", "attemptLimitExceeded", "timeLimitExceeded", "always",
)  # fmt: skip
often = st.sampled_from((True, True, True, False))
rarely = st.sampled_from((False, False, False, True))
measures = st.sampled_from((-1.0, 0.0, 0.3, 0.5, 1.0))


def rules(actions: tuple[str, ...]) -> st.SearchStrategy[tuple[SequencingRule, ...]]:
    condition = st.builds(
        RuleCondition,
        condition=st.sampled_from(CONDITIONS),
        referenced_objective=st.sampled_from((None, None, "o1", "absent")),
        measure_threshold=measures,
        negated=st.booleans(),
    )
    made = st.builds(
        SequencingRule,
        action=st.sampled_from(actions),
        conditions=st.lists(condition, max_size=2).map(tuple),
        combination=st.sampled_from(("all", "any")),
    )
    return st.lists(made, max_size=1).map(tuple)


objectives = st.builds(
    lambda by_measure, maps: (
        Objective(
            objective_id="o0", primary=True, satisfied_by_measure=by_measure, min_normalized_measure=0.5, maps=maps
        ),
        Objective(objective_id="o1", maps=maps),
    ),
    rarely,
    st.lists(
        st.builds(
            MapInfo,
            target_objective_id=st.sampled_from(("g1", "g2")),
            read_satisfied_status=st.booleans(),
            read_normalized_measure=st.booleans(),
            write_satisfied_status=st.booleans(),
            write_normalized_measure=st.booleans(),
            read_completion_status=st.booleans(),
            write_completion_status=st.booleans(),
            write_progress_measure=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)
rollup_rules = st.lists(
    st.builds(
        RollupRule,
        action=st.sampled_from(("satisfied", "notSatisfied", "completed", "incomplete")),
        child_activity_set=st.sampled_from(("all", "any", "none", "atLeastCount", "atLeastPercent")),
        minimum_count=st.integers(0, 3),
        minimum_percent=measures,
        conditions=st.lists(
            st.builds(RollupCondition, condition=st.sampled_from(CONDITIONS), negated=st.booleans()), max_size=2
        ).map(tuple),
    ),
    max_size=2,
).map(tuple)
required = st.sampled_from(("always", "ifAttempted", "ifNotSkipped", "ifNotSuspended"))
timing = st.sampled_from(("never", "never", "once", "onEachNewAttempt"))
controls = st.builds(
    Sequencing,
    choice=often,
    choice_exit=often,
    flow=often,
    forward_only=rarely,
    use_current_attempt_objective_info=often,
    use_current_attempt_progress_info=often,
    constrain_choice=rarely,
    prevent_activation=rarely,
    pre_condition_rules=rules(("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal")),
    exit_condition_rules=rules(("exit",)),
    post_condition_rules=rules(("exitParent", "exitAll", "retry", "retryAll", "continue", "previous")),
    attempt_limit=st.sampled_from((None, None, None, 1, 2)),
    rollup_rules=rollup_rules,
    rollup_objective_satisfied=often,
    rollup_progress_completion=often,
    objective_measure_weight=st.sampled_from((0.0, 0.5, 1.0)),
    required_for_satisfied=required,
    required_for_completed=required,
    measure_satisfaction_if_active=often,
    objectives=st.one_of(st.just(()), objectives),
    selection_timing=timing,
    select_count=st.sampled_from((None, 0, 1, 2)),
    randomization_timing=timing,
    reorder_children=st.booleans(),
    tracked=often,
    completion_set_by_content=rarely,
    objective_set_by_content=rarely,
)
thresholds = st.sampled_from((None, None, CompletionThreshold(completed_by_measure=True, min_progress_measure=0.5)))


@st.composite
def organizations(draw: st.DrawFn) -> Organization:
    numbers = count(1)

    def items(depth: int) -> tuple[Item, ...]:
        return tuple(item(depth) for _ in range(draw(st.integers(1, 3))))

    def item(depth: int) -> Item:
        identifier = f"i{next(numbers)}"
        control, threshold = draw(controls), draw(thresholds)
        common: dict[str, Any] = {"identifier": identifier, "title": identifier, "sequencing": control}
        if depth < 3 and draw(st.booleans()):
            return Item(**common, completion_threshold=threshold, children=items(depth + 1))
        prerequisites = draw(st.sampled_from((None, None, "i1", "~i2|i1", "i1 &")))
        return Item(
            **common, completion_threshold=threshold, href="x.html", scorm_type="sco", prerequisites=prerequisites
        )

    return Organization(
        identifier="root",
        title="root",
        items=items(1),
        sequencing=draw(controls),
        completion_threshold=draw(thresholds),
        objectives_global_to_system=draw(st.booleans()),
    )


words = st.sampled_from((None, "unknown", "passed", "failed"))
progress = st.sampled_from((None, "unknown", "completed", "incomplete", "not attempted"))
reports = st.builds(
    ActivityReport,
    completion_status=progress,
    success_status=words,
    scaled=st.one_of(st.none(), measures),
    progress_measure=st.sampled_from((None, 0.2, 0.7)),
    objectives=st.sampled_from(({}, {"o1": ObjectiveReport(success_status="passed", scaled=0.4)})),
    suspended=rarely,
)
acts = st.lists(
    st.tuples(st.sampled_from((*REQUESTS, "continue", "continue", "choice", "choice")), st.integers(0, 50), reports),
    max_size=15,
)
EDITIONS = st.sampled_from((LATEST, LATEST, Standard.SCORM_2004_3, Standard.SCORM_2004_2, Standard.SCORM_12))


def assert_deliverable(e: Sequencer, activity: str) -> None:
    """The delivered activity is a leaf that runs, in a path that is active and not locked."""
    tree = e._tree
    found = tree.find(activity)
    assert found.is_leaf
    assert found.launchable
    assert found.is_available
    assert (tree.current, e.active) == (found, True)
    for passed in found.path():
        assert passed.active
        assert not passed.suspended
        limit = passed.sequencing.attempt_limit
        assert limit is None or passed.attempts <= limit or not passed.tracked


def assert_consistent(e: Sequencer) -> None:
    """Only the path of the current activity can be active."""
    tree = e._tree
    path = set(tree.current.path()) if tree.current else set()
    assert all(a in path for a in tree.activities.values() if a.active)
    for activity in tree.activities.values():
        assert all(child.index == i for i, child in enumerate(activity.available))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(organizations(), EDITIONS, st.integers(0, 5), acts)
def test_random_courses(organization: Organization, edition: Standard, seed: int, walk: list[Any]) -> None:
    e = Sequencer.new(organization, edition=edition, seed=seed)
    identifiers = ["root", *(item.identifier for item in organization.walk())]
    e.navigate("start")
    for request, number, report in walk:
        target = identifiers[number % len(identifiers)]
        if e.active and e.current:
            e.record(e.current, report)
        e = restored(e, organization, edition)
        hidden = {entry.id for entry in e.toc() if entry.exception in ("SB.2.9-3", "NB.2.1-11")}
        running, before = e.active, e.snapshot()
        wanted = target if request in ("choice", "jump") else None
        expected = e.valid(request, wanted)
        e.controls()
        assert e.snapshot() == before
        outcome = e.navigate(request, wanted)
        if outcome.delivered:
            assert_deliverable(e, outcome.delivered)
            if request == "choice" and not running:
                # Nothing had to end first, so nothing could change what the table of contents said.
                assert expected.allowed
                assert target not in hidden
        elif outcome.ended:
            assert e.current is None
        else:
            assert outcome.exception
            assert outcome.reason != outcome.exception
        assert_consistent(e)


def restored(e: Sequencer, organization: Organization, edition: Standard) -> Sequencer:
    snapshot = json.loads(json.dumps(e.snapshot()))
    again = Sequencer.restore(organization, snapshot, edition=edition)
    again.global_objectives = json.loads(json.dumps(e.global_objectives))
    assert again.snapshot() == snapshot
    assert again.toc() == e.toc()
    assert again.status() == e.status()
    return again


def thousand(groups: int) -> Organization:
    """1,000 activities in ``groups`` clusters, with rules and shared objectives."""
    control = {**pre("skip", "completed", "satisfied"), "objectives": (shared("g"),)}
    leaves = [sco(f"l{i}", control=control) for i in range(1000)]
    if groups == 1:
        return course(*leaves)
    size = 1000 // groups
    return course(*(cluster(f"c{g}", *leaves[g * size : (g + 1) * size]) for g in range(groups)))


@pytest.mark.parametrize("groups", [1, 50])
def test_a_request_on_a_thousand_activities_is_quick(groups: int) -> None:
    e = Sequencer.new(thousand(groups), edition=LATEST, seed=1)
    e.navigate("start")
    report = ActivityReport(completion_status="completed", success_status="passed", scaled=0.7)
    taken = []
    for _ in range(9):
        e.record(e.current or "", report)
        began = time.process_time()
        assert e.navigate("continue").delivered
        taken.append(time.process_time() - began)
    began = time.process_time()
    assert e.navigate("choice", "l999").delivered == "l999"
    taken.append(time.process_time() - began)
    assert sorted(taken)[len(taken) // 2] < 0.020
    began = time.process_time()
    assert len(e.toc()) > 1000
    assert time.process_time() - began < 0.5
