"""SB.2.1 - SB.2.3, SB.2.7, SB.2.8, DB.1.1."""

from __future__ import annotations

from course_packages.model import Item, Standard
from scorm_runtime.sequencing import Sequencer
from tests.scorm_runtime.sequencing.building import cluster, engine, pre, says, sco


def walk(e: Sequencer, request: str = "continue") -> list[str | None]:
    seen = []
    for _ in range(20):
        outcome = e.navigate(request)
        if outcome.delivered is None:
            return [*seen, "end" if outcome.ended else outcome.exception]
        seen.append(outcome.delivered)
    return seen


def test_forward_through_clusters_to_the_end() -> None:
    e = engine(cluster("c", sco("a"), cluster("d", sco("b"))), sco("x"))
    e.navigate("start")
    assert walk(e) == ["b", "x", "end"]


def test_second_edition_does_not_end_past_the_last() -> None:
    e = engine(sco("a"), sco("b"), edition=Standard.SCORM_2004_2)
    e.navigate("start")
    assert walk(e) == ["b", "SB.2.1-1"]
    assert e.in_session


def test_backward_to_the_beginning() -> None:
    e = engine(cluster("c", sco("a"), cluster("d", sco("b"))), sco("x"))
    e.navigate("choice", "x")
    assert walk(e, "previous") == ["b", "a", "SB.2.1-3"]


def test_forward_only_cluster_is_entered_at_its_beginning() -> None:
    e = engine(cluster("c", sco("a"), sco("b"), control={"forward_only": True}), sco("x"))
    e.navigate("choice", "x")
    assert e.navigate("previous").delivered == "a"


def test_skipped_forward_only_cluster_is_left_backward() -> None:
    skipped = pre("skip", "always")
    e = engine(
        sco("first"),
        cluster("c", sco("a", control=skipped), sco("b", control=skipped), control={"forward_only": True}),
        sco("x"),
    )
    e.navigate("choice", "x")
    assert e.navigate("previous").delivered == "first"


def test_skip_depends_on_what_is_known() -> None:
    e = engine(sco("a"), sco("b", control=pre("skip", "satisfied")), sco("c"))
    e.navigate("start")
    assert e.navigate("continue").delivered == "b"
    says(e, success_status="passed")
    assert e.navigate("continue").delivered == "c"
    assert e.navigate("previous").delivered == "a"


def test_unknown_negated_is_unknown() -> None:
    e = engine(sco("a", control=pre("skip", "not satisfied")), sco("b"))
    assert e.navigate("start").delivered == "a"


def test_disabled_stops_the_flow() -> None:
    e = engine(sco("a"), sco("b", control=pre("disabled", "always")), sco("c"))
    e.navigate("start")
    outcome = e.navigate("continue")
    assert outcome.exception == "SB.2.2-2"
    assert "“B”" in outcome.reason
    assert not e.active, "the content has ended, nothing follows"


def test_cluster_without_flow_is_not_entered() -> None:
    e = engine(sco("a"), cluster("c", sco("b"), control={"flow": False}))
    e.navigate("start")
    assert e.navigate("continue").exception == "SB.2.2-1"
    assert e.navigate("choice", "b").delivered == "b"


def test_root_without_flow_waits_for_a_choice() -> None:
    e = engine(sco("a"), sco("b"), control={"flow": False})
    assert e.navigate("start").exception == "SB.2.2-1"
    assert e.navigate("choice", "b").delivered == "b"


def test_course_of_one_activity_needs_no_choice() -> None:
    e = engine(sco("a"), control={"flow": False})
    assert e.navigate("start").delivered == "a"
    assert not any(entry.selectable for entry in e.toc())


def test_attempt_limit() -> None:
    e = engine(sco("a", control={"attempt_limit": 1}), sco("b"))
    e.navigate("start")
    e.navigate("continue")
    assert e.navigate("choice", "a").exception == "DB.1.1-3"
    assert e.navigate("previous").exception == "SB.2.2-2"


def test_suspended_attempt_is_not_limited() -> None:
    e = engine(sco("a", control={"attempt_limit": 1}), sco("b"))
    e.navigate("start")
    says(e, suspended=True)
    e.navigate("continue")
    assert e.navigate("choice", "a").delivered == "a"
    assert e.status("a").attempts == 1


def test_headings_are_passed_over() -> None:
    e = engine(sco("a"), Item(identifier="h", title="Heading"), sco("b"))
    e.navigate("start")
    assert e.navigate("continue").delivered == "b"
    e.navigate("exitAll")
    assert e.status().completion == "completed"


def test_empty_course_has_nothing_to_deliver() -> None:
    outcome = engine().navigate("start")
    assert outcome.exception == "DB.1.1-1"
