"""SN 3.10: local and global objectives, the seeds of cmi.objectives."""

from __future__ import annotations

from course_packages.model import MapInfo, Objective, RuleCondition, Standard
from scorm_runtime.sequencing import ActivityReport, ObjectiveReport, Sequencer
from tests.scorm_runtime.sequencing.building import course, engine, pre, rule, says, sco, shared, status


def seeds(e: Sequencer, activity: str) -> dict[str | None, object]:
    return {seed.id: seed for seed in e.seed_objectives(activity)}


def test_every_activity_has_a_primary_objective() -> None:
    e = engine(sco("a", control={"objectives": (Objective(objective_id="o1"),)}))
    assert [(s.id, s.primary) for s in e.seed_objectives("a")] == [(None, True), ("o1", False)]


def test_fourth_edition_facts_travel_by_their_maps() -> None:
    write = MapInfo(
        target_objective_id="g", read_satisfied_status=False, read_normalized_measure=False, write_satisfied_status=True,
        write_normalized_measure=True, write_raw_score=True, write_min_score=True, write_max_score=True,
        write_completion_status=True, write_progress_measure=True,
    )  # fmt: skip
    read = MapInfo(
        target_objective_id="g", read_raw_score=True, read_min_score=True, read_max_score=True,
        read_completion_status=True, read_progress_measure=True,
    )  # fmt: skip
    items = (
        sco("a", control={"objectives": (Objective(objective_id="o", maps=(write,)),)}),
        sco("b", control={"objectives": (Objective(objective_id="p", maps=(read,)),)}),
    )
    said = ObjectiveReport(
        success_status="failed",
        completion_status="incomplete",
        scaled=0.3,
        raw=3.0,
        min=0.0,
        max=10.0,
        progress_measure=0.2,
    )
    e = engine(*items)
    e.navigate("start")
    e.record("a", ActivityReport(objectives={"o": said, "stranger": said}))
    seed = e.seed_objectives("b")[1]
    assert (seed.success_status, seed.completion_status, seed.scaled) == ("failed", "incomplete", 0.3)
    assert (seed.raw, seed.min, seed.max, seed.progress_measure) == (3.0, 0.0, 10.0, 0.2)
    assert set(e.global_objectives) == {"g"}
    # Editions before the 4th shared success and measure only.
    old = Sequencer.new(course(*items), edition=Standard.SCORM_2004_3, seed=1)
    old.navigate("start")
    old.record("a", ActivityReport(objectives={"o": said}))
    assert old.global_objectives == {"g": {"satisfied": False, "measure": 0.3}}
    assert old.seed_objectives("b")[1].raw is None


def test_read_success_is_the_global_one_alone() -> None:
    reader = shared("g", maps={"write_satisfied_status": False, "write_normalized_measure": False})
    e = engine(sco("a", control={"objectives": (reader,)}), sco("b"))
    e.navigate("start")
    says(e, success_status="passed", scaled=0.8)
    assert e.status("a").success == "unknown"
    e.global_objectives = {"g": {"satisfied": False, "measure": 0.1}}
    assert e.status("a").success == "failed"
    assert e.status("a").scaled == 0.1


def test_saying_unknown_takes_a_shared_status_back() -> None:
    e = engine(sco("a", control={"objectives": (shared("g"),)}), sco("b"))
    e.navigate("start")
    says(e, success_status="passed")
    says(e, scaled=0.5)
    assert e.global_objectives == {"g": {"satisfied": True, "measure": 0.5}}, "not said is not unsaid"
    says(e, success_status="unknown")
    assert e.global_objectives == {"g": {"measure": 0.5}}


def test_primary_objective_entry_fills_what_the_sco_left_out() -> None:
    e = engine(sco("a", control={"objectives": (Objective(objective_id="o", primary=True),)}), sco("b"))
    e.navigate("start")
    entry = ObjectiveReport(success_status="passed", completion_status="completed", scaled=0.9)
    e.record("a", ActivityReport(scaled=0.4, completion_status="incomplete", objectives={"o": entry}))
    assert status(e, "a") == ("incomplete", "passed")
    assert e.status("a").scaled == 0.4


def test_satisfied_by_measure_decides_for_reader_and_writer_by_their_own_minimum() -> None:
    strict = shared("g", satisfied_by_measure=True, min_normalized_measure=0.8)
    lax = shared("g", satisfied_by_measure=True, min_normalized_measure=0.5)
    e = engine(sco("a", control={"objectives": (strict,)}), sco("b", control={"objectives": (lax,)}))
    assert e.scaled_passing_score("a") == 0.8
    e.navigate("start")
    says(e, success_status="passed", scaled=0.6)
    assert e.status("a").success == "failed"
    assert seeds(e, "b")["obj"].success_status == "passed"  # type: ignore[attr-defined]
    assert e.global_objectives["g"]["satisfied"] is False


def test_identifiers_are_compared_as_uris() -> None:
    condition = RuleCondition(condition="satisfied", referenced_objective=" an%20%20object ")
    control = {"objectives": (Objective(objective_id="  an object"),), **pre("skip", condition)}
    e = engine(sco("a", control=control), sco("b"))
    e.navigate("start")
    assert "an object" in seeds(e, "a")
    e.record("a", ActivityReport(objectives={"an object": ObjectiveReport(success_status="passed")}))
    e.navigate("continue")
    assert e.navigate("previous").exception == "SB.2.1-3", "a is skipped now"


def test_untracked_content_reads_but_never_writes() -> None:
    e = engine(sco("a", control={"objectives": (shared("g"),), "tracked": False}), sco("b"))
    e.global_objectives = {"g": {"satisfied": False}}
    e.navigate("start")
    says(e, success_status="passed", scaled=1.0)
    assert e.global_objectives == {"g": {"satisfied": False}}
    assert seeds(e, "a")["obj"].success_status == "failed"  # type: ignore[attr-defined]
    assert e.status("a").success == "unknown"
    e.navigate("continue")
    assert e.status("a").attempts == 1


def test_objectives_of_the_course_live_as_long_as_its_attempt() -> None:
    items = (sco("a", control={"objectives": (shared("g"),)}), sco("b"))
    kept = engine(*items)
    local = engine(*items, objectives_global_to_system=False)
    for e in (kept, local):
        e.navigate("start")
        says(e, success_status="passed")
        e.navigate("exitAll")
        assert e.global_objectives == {"g": {"satisfied": True}}
        e.navigate("start")
    assert kept.global_objectives == {"g": {"satisfied": True}}
    assert local.global_objectives == {}


def test_suspended_course_keeps_its_objectives() -> None:
    e = engine(sco("a", control={"objectives": (shared("g"),)}), sco("b"), objectives_global_to_system=False)
    e.navigate("start")
    says(e, success_status="passed")
    e.navigate("suspendAll")
    e.navigate("resumeAll")
    assert e.global_objectives == {"g": {"satisfied": True}}


def test_measure_conditions() -> None:
    above = RuleCondition(condition="objectiveMeasureGreaterThan", measure_threshold=0.5)
    below = RuleCondition(condition="objectiveMeasureLessThan", measure_threshold=0.2)
    known = RuleCondition(condition="objectiveMeasureKnown", negated=True)
    for measure, action in ((0.9, "exitAll"), (0.1, "exitAll"), (0.3, None), (None, "exitAll")):
        rules = {"post_condition_rules": (rule("exitAll", above, below, known, any_of=True),)}
        e = engine(sco("a", control=rules), sco("b"))
        e.navigate("start")
        says(e, scaled=measure)
        assert e.navigate("continue").ended is (action == "exitAll"), measure
