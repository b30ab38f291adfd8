"""RB.1.1 - RB.1.5."""

from __future__ import annotations

from typing import Any

import pytest

from course_packages.model import CompletionThreshold, Objective, Standard
from scorm_runtime.sequencing import Sequencer
from tests.scorm_runtime.sequencing.building import cluster, engine, pre, rollup, says, sco, shared, status

BY_CONTENT = {"completion_set_by_content": True, "objective_set_by_content": True}


def three(control: dict[str, Any], *children: dict[str, Any], **kwargs: Any) -> Sequencer:
    """A cluster ``c`` of three SCOs that say everything themselves; child dicts are their control."""
    controls = [{**BY_CONTENT, **child} for child in (*children, {}, {}, {})][:3]
    items = [sco(i, control=c) for i, c in zip("xyz", controls, strict=True)]
    return engine(cluster("c", *items, control=control, **kwargs), sco("end"))


def report(e: Sequencer, **by_id: dict[str, Any]) -> None:
    for identifier, said in by_id.items():
        e.navigate("choice", identifier)
        says(e, **said)
    e.navigate("choice", "end")


DONE = {"completion_status": "completed", "success_status": "passed"}
FAILED = {"completion_status": "completed", "success_status": "failed"}
OPEN = {"completion_status": "incomplete"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"x": DONE, "y": DONE, "z": DONE}, ("completed", "passed")),
        ({"x": DONE, "y": DONE, "z": FAILED}, ("completed", "failed")),
        ({"x": DONE, "y": DONE}, ("unknown", "unknown")),
        ({"x": DONE, "y": DONE, "z": OPEN}, ("incomplete", "unknown")),
    ],
)
def test_default_rules(said: dict[str, dict[str, Any]], expected: tuple[str, str]) -> None:
    e = three({})
    report(e, **said)
    assert status(e, "c") == expected


@pytest.mark.parametrize(
    ("kind", "passed", "satisfied"),
    [
        ({"child_activity_set": "any"}, "x", True),
        ({"child_activity_set": "any"}, "", False),
        ({"child_activity_set": "none"}, "", True),
        ({"child_activity_set": "none"}, "x", False),
        ({"child_activity_set": "atLeastCount", "minimum_count": 2}, "x", False),
        ({"child_activity_set": "atLeastCount", "minimum_count": 2}, "xy", True),
        ({"child_activity_set": "atLeastPercent", "minimum_percent": 0.6}, "x", False),
        ({"child_activity_set": "atLeastPercent", "minimum_percent": 0.6}, "xy", True),
    ],
)
def test_child_activity_sets(kind: dict[str, Any], passed: str, satisfied: bool) -> None:
    e = three({"rollup_rules": (rollup("satisfied", "satisfied", **kind),)})
    report(e, **{i: DONE if i in passed else FAILED for i in "xyz"})
    assert (e.status("c").success == "passed") is satisfied


def test_unknown_is_neither_for_none() -> None:
    e = three({"rollup_rules": (rollup("satisfied", "satisfied", child_activity_set="none"),)})
    report(e, x=FAILED, y=FAILED, z={})
    assert e.status("c").success == "unknown"


def test_no_contributing_child_satisfies_all() -> None:
    untracked = {"tracked": False}
    e = three({"rollup_rules": (rollup("completed", "satisfied"),)}, untracked, untracked, untracked)
    report(e, x=FAILED)
    assert e.status("c").completion == "completed"


def test_conditions_combined() -> None:
    both = rollup("completed", "satisfied", "completed", combination="all")
    e = three({"rollup_rules": (both,)})
    report(e, x=DONE, y=DONE, z=FAILED)
    assert e.status("c").completion == "unknown"
    report(e, z=DONE, x=DONE, y=DONE)
    assert e.status("c").completion == "completed"


def test_measure_is_the_weighted_mean_and_silence_counts_as_zero() -> None:
    e = three({}, {"objective_measure_weight": 2.0}, {}, {"objective_measure_weight": 0.0})
    report(e, x={"scaled": 0.9}, z={"scaled": -1.0})
    assert e.status("c").scaled == pytest.approx(0.6)


def test_satisfied_by_measure_leaves_rules_aside() -> None:
    objective = Objective(primary=True, satisfied_by_measure=True, min_normalized_measure=0.5)
    e = three({"objectives": (objective,)})
    report(e, x={**FAILED, "scaled": 0.9}, y={**FAILED, "scaled": 0.6}, z={**FAILED, "scaled": 0.1})
    assert e.status("c").success == "passed"
    report(e, x={"scaled": 0.0}, y={"scaled": 0.6}, z={"scaled": 0.1})
    assert e.status("c").success == "failed"


def test_measure_of_an_active_cluster_may_have_to_wait() -> None:
    objective = Objective(primary=True, satisfied_by_measure=True, min_normalized_measure=0.5)
    e = three({"objectives": (objective,), "measure_satisfaction_if_active": False})
    e.navigate("start")
    says(e, scaled=1.0)
    e.navigate("continue")
    says(e, scaled=1.0)
    assert e.status("c").success == "unknown"
    e.navigate("choice", "end")
    assert e.status("c").success == "passed"


def test_progress_measure_with_weights() -> None:
    weights = [CompletionThreshold(progress_weight=w) for w in (1.0, 3.0)]
    items = [sco(i, control=BY_CONTENT, completion_threshold=t) for i, t in zip("xy", weights, strict=True)]
    threshold = CompletionThreshold(completed_by_measure=True, min_progress_measure=0.7)
    e = engine(cluster("c", *items, completion_threshold=threshold), sco("end"))
    e.navigate("start")
    says(e, progress_measure=1.0)
    e.navigate("continue")
    says(e, progress_measure=0.5)
    e.navigate("continue")
    assert e.status("c").progress_measure == pytest.approx(0.625)
    assert e.status("c").completion == "incomplete"
    e.navigate("previous")
    says(e, progress_measure=1.0)
    e.navigate("previous")
    says(e, progress_measure=1.0)
    e.navigate("choice", "end")
    assert e.status("c").completion == "completed"


def test_threshold_decides_over_what_a_sco_says() -> None:
    threshold = CompletionThreshold(completed_by_measure=True, min_progress_measure=0.8)
    e = engine(sco("a", completion_threshold=threshold), sco("b"))
    e.navigate("start")
    says(e, completion_status="completed", progress_measure=0.5)
    assert e.status("a").completion == "incomplete"
    says(e, completion_status="incomplete", progress_measure=0.8)
    assert e.status("a").completion == "completed"
    assert e.completion_threshold("a") == 0.8
    assert e.completion_threshold("b") is None


def test_third_edition_has_no_progress_rollup() -> None:
    e = engine(cluster("c", sco("a"), sco("b")), edition=Standard.SCORM_2004_3)
    e.navigate("start")
    says(e, progress_measure=0.5)
    e.navigate("continue")
    assert e.status("c").progress_measure is None


def test_children_that_do_not_contribute() -> None:
    e = three({}, {"rollup_objective_satisfied": False}, {"rollup_progress_completion": False}, {"tracked": False})
    report(e, x=FAILED, y={**OPEN, "success_status": "passed"}, z=FAILED)
    assert status(e, "c") == ("completed", "passed")
    assert status(e, "z") == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("required", "said", "expected"),
    [
        ("ifAttempted", None, "passed"),
        ("ifAttempted", FAILED, "failed"),
        ("ifNotSuspended", {**FAILED, "suspended": True}, "passed"),
        ("ifNotSuspended", FAILED, "failed"),
        ("always", None, "unknown"),
    ],
)
def test_required_for(required: str, said: dict[str, Any] | None, expected: str) -> None:
    wish = {"required_for_satisfied": required, "required_for_not_satisfied": required}
    e = three({}, wish)
    report(e, **({"x": said} if said else {}), y=DONE, z=DONE)
    assert e.status("c").success == expected


def test_required_if_not_skipped() -> None:
    wish = {"required_for_completed": "ifNotSkipped", **pre("skip", "satisfied")}
    e = three({"rollup_rules": (rollup("completed", "completed"),)}, wish)
    report(e, x={**OPEN, "success_status": "passed"}, y=DONE, z=DONE)
    assert e.status("c").completion == "completed"


def test_global_objective_rolls_up_where_it_is_read() -> None:
    reader = {"objectives": (shared("g", maps={"write_satisfied_status": False}),)}
    e = engine(sco("a", control={"objectives": (shared("g"),)}), cluster("c", sco("x", control=reader)), sco("end"))
    e.navigate("start")
    says(e, success_status="passed")
    assert e.status("x").success == "passed"
    assert e.status("c").success == "passed", "nobody has been there"


def test_new_attempt_of_a_cluster_waits_for_its_children() -> None:
    e = three({})
    report(e, x=DONE, y=DONE, z=DONE)
    e.navigate("choice", "x")
    says(e, **DONE)
    assert e.status("c").completion == "unknown"
    assert status(e, "y") == ("completed", "passed"), "what was done is still known"


def test_or_does_not_wait_where_the_cluster_says_so() -> None:
    e = three({"use_current_attempt_objective_info": False, "use_current_attempt_progress_info": False})
    report(e, x=DONE, y=DONE, z=DONE)
    e.navigate("choice", "x")
    says(e, **DONE)
    assert status(e, "c") == ("completed", "passed")


def test_globals_that_feed_each_other_come_to_an_end() -> None:
    def circle(read: str, write: str) -> dict[str, Any]:
        one = shared(read, maps={"write_satisfied_status": False, "write_normalized_measure": False})
        maps = (*one.maps, *shared(write, maps={"read_satisfied_status": False, "read_normalized_measure": False}).maps)
        return {"objectives": (Objective(objective_id="o", primary=True, maps=maps),)}

    e = engine(
        cluster("c", sco("a", control=circle("g2", "g1")), control=circle("g1", "g2")),
        cluster("d", sco("b", control=circle("g1", "g2")), control=circle("g2", "g1")),
    )
    e.navigate("start")
    says(e, success_status="passed", scaled=0.5)
    e.navigate("continue")
    says(e, success_status="failed", scaled=-0.5)
    assert e.navigate("exitAll").ended
