"""TB.2.1 - TB.2.3, UP.3, UP.4."""

from __future__ import annotations

from tests.scorm_runtime.sequencing.building import cluster, engine, post, rule, says, sco, shared, status


def test_exit_parent_goes_on_after_the_cluster() -> None:
    e = engine(cluster("c", sco("a", control=post("exitParent", "satisfied")), sco("b")), sco("d"))
    e.navigate("start")
    says(e, success_status="passed")
    assert e.navigate("continue").delivered == "d"


def test_exit_all_ends_the_session_whatever_was_asked() -> None:
    e = engine(sco("a", control=post("exitAll", "always")), sco("b"))
    e.navigate("start")
    outcome = e.navigate("continue")
    assert outcome.ended
    assert outcome.delivered is None
    assert e.current is None


def test_retry_begins_a_new_attempt() -> None:
    e = engine(sco("a", control=post("retry", "not satisfied")), sco("b"))
    e.navigate("start")
    says(e, success_status="failed")
    assert e.navigate("continue").delivered == "a"
    assert e.status("a").attempts == 2
    assert e.status("a").success == "unknown"
    says(e, success_status="passed")
    assert e.navigate("continue").delivered == "b"


def test_retry_all_begins_the_course_again() -> None:
    e = engine(sco("a"), sco("b", control=post("retryAll", "not satisfied")), sco("c"))
    e.navigate("start")
    e.navigate("continue")
    says(e, success_status="failed")
    assert e.navigate("continue").delivered == "a"
    assert e.status().attempts == 2


def test_exit_rule_of_an_ancestor_ends_it() -> None:
    control = {"exit_condition_rules": (rule("exit", "completed"),)}
    e = engine(
        cluster("c", sco("a"), sco("b", control={"rollup_progress_completion": False}), control=control), sco("d")
    )
    e.navigate("start")
    says(e, completion_status="completed")
    assert e.navigate("continue").delivered == "d"
    assert not e.status("c").active


def test_post_condition_rules_wait_while_suspended() -> None:
    e = engine(sco("a", control=post("retry", "always")), sco("b"))
    e.navigate("start")
    says(e, suspended=True)
    assert e.navigate("continue").delivered == "b"


def test_content_that_says_nothing_is_assumed_done() -> None:
    e = engine(sco("a"), sco("b"))
    e.navigate("start")
    assert status(e, "a") == ("unknown", "unknown")
    e.navigate("continue")
    assert status(e, "a") == ("completed", "passed")


def test_nothing_is_assumed_where_content_sets_it_or_says_unknown() -> None:
    kept = {"completion_set_by_content": True, "objective_set_by_content": True}
    e = engine(sco("a", control=kept), sco("b"), sco("c"))
    e.navigate("start")
    e.navigate("continue")
    assert status(e, "a") == ("unknown", "unknown")
    says(e, completion_status="unknown", success_status="unknown")
    e.navigate("continue")
    assert status(e, "b") == ("unknown", "unknown")


def test_nothing_is_assumed_of_what_is_suspended() -> None:
    e = engine(sco("a"), sco("b"))
    e.navigate("start")
    says(e, suspended=True)
    e.navigate("continue")
    assert status(e, "a") == ("unknown", "unknown")
    assert e.status("root").suspended is False, "the root is active, a child of it is suspended"
    e.navigate("exitAll")
    assert e.status("root").suspended


def test_suspend_all_and_resume_go_on_with_the_attempt() -> None:
    e = engine(cluster("c", sco("a"), sco("b")))
    e.navigate("start")
    e.navigate("continue")
    says(e, scaled=0.4)
    outcome = e.navigate("suspendAll")
    assert outcome.ended
    assert e.suspended == "b"
    assert e.navigate("resumeAll").delivered == "b"
    assert e.suspended is None
    assert e.status("b").attempts == 1
    assert e.status("b").scaled == 0.4


def test_choosing_something_else_gives_up_what_was_suspended() -> None:
    e = engine(sco("a"), cluster("c", sco("b"), sco("d")))
    e.navigate("start")
    e.navigate("suspendAll")
    assert e.navigate("choice", "b").delivered == "b"
    assert e.suspended is None
    assert e.navigate("choice", "a").delivered == "a"
    assert e.status("a").attempts == 2


def test_suspended_between_activities_flows_on() -> None:
    e = engine(cluster("c", sco("a"), sco("b")), sco("d"))
    e.navigate("start")
    e.navigate("exit")
    assert e.navigate("suspendAll").ended
    assert e.suspended == "c"
    assert e.navigate("resumeAll").delivered == "a"


def test_abandoned_attempts_leave_no_trace() -> None:

    e = engine(sco("a", control={"objectives": (shared("g"),)}), sco("b"))
    e.global_objectives = {"g": {"measure": 0.1}}
    e.navigate("start")
    says(e, success_status="passed", scaled=0.9)
    assert e.global_objectives["g"] == {"measure": 0.9, "satisfied": True}
    e.navigate("abandonAll")
    assert e.global_objectives["g"] == {"measure": 0.1}
    assert e.current is None
    assert e.status("a").scaled == 0.1


def test_abandon_keeps_the_session() -> None:
    e = engine(sco("a"), sco("b"))
    e.navigate("start")
    says(e, completion_status="completed")
    e.navigate("abandon")
    assert e.in_session
    assert not e.active
    assert status(e, "a") == ("unknown", "unknown")


def test_exit_all_ends_every_attempt() -> None:
    e = engine(cluster("c", cluster("d", sco("a"))))
    e.navigate("start")
    assert e.navigate("exitAll").ended
    assert not any(e.status(i).active for i in ("root", "c", "d", "a"))
    assert status(e) == ("completed", "passed")
    assert e.navigate("start").delivered == "a"
    assert e.status().attempts == 2
