"""NB.2.1: each request and each exception."""

from __future__ import annotations

import pytest

from course_packages.model import Standard
from scorm_runtime.sequencing import Sequencer
from tests.scorm_runtime.sequencing.building import cluster, course, engine, sco


def test_start_delivers_the_first_leaf_and_cannot_be_repeated() -> None:
    e = engine(cluster("c", sco("a")), sco("b"))
    assert e.navigate("start").delivered == "a"
    assert e.navigate("start").exception == "NB.2.1-1"
    assert e.current == "a"
    assert e.active


@pytest.mark.parametrize(
    "request_", ["continue", "previous", "exit", "exitAll", "suspendAll", "abandon", "abandonAll", "retry", "retryAll"]
)
def test_nothing_but_a_beginning_is_valid_before_the_session(request_: str) -> None:
    e = engine(sco("a"), sco("b"))
    assert e.navigate(request_).exception == "NB.2.1-2"
    assert not e.in_session


def test_resume_needs_something_suspended() -> None:
    e = engine(sco("a"), sco("b"))
    assert e.navigate("resumeAll").exception == "NB.2.1-3"
    e.navigate("start")
    assert e.navigate("resumeAll").exception == "NB.2.1-1"


def test_continue_and_previous_need_the_parents_flow() -> None:
    e = engine(cluster("c", sco("a"), sco("b"), control={"flow": False}), sco("d"))
    assert e.navigate("choice", "a").delivered == "a"
    assert e.navigate("continue").exception == "NB.2.1-4"
    assert e.navigate("previous").exception == "NB.2.1-5"


def test_forward_only_forbids_previous() -> None:
    e = engine(sco("a"), sco("b"), control={"forward_only": True})
    e.navigate("start")
    assert e.navigate("continue").delivered == "b"
    assert e.navigate("previous").exception == "NB.2.1-5"
    assert e.active, "a refused request leaves the content running"


def test_choice_needs_the_parents_choice() -> None:
    e = engine(cluster("c", sco("a"), sco("b"), control={"choice": False}), sco("d"))
    e.navigate("start")
    assert e.navigate("choice", "b").exception == "NB.2.1-10"
    assert e.navigate("choice", "d").delivered == "d"


def test_choice_exit_keeps_the_learner_inside() -> None:
    e = engine(cluster("c", sco("a"), sco("b"), control={"choice_exit": False}), sco("d"))
    e.navigate("start")
    assert e.navigate("choice", "d").exception == "NB.2.1-8"
    assert e.navigate("choice", "b").delivered == "b"


def test_choice_exit_of_the_content_itself() -> None:
    e = engine(sco("a", control={"choice_exit": False}), sco("b"))
    e.navigate("start")
    assert e.navigate("choice", "b").exception == "NB.2.1-8"


def test_exit_needs_content_that_runs() -> None:
    e = engine(sco("a"), sco("b"))
    e.navigate("start")
    assert e.navigate("exit").delivered is None
    assert e.in_session
    assert e.navigate("exit").exception == "NB.2.1-12"
    assert e.navigate("abandon").exception == "NB.2.1-12"


def test_jump_passes_rules_but_is_new_in_the_fourth_edition() -> None:
    items = (sco("a"), sco("b"), sco("c"))
    e = engine(*items, control={"choice": False})
    e.navigate("start")
    assert e.navigate("jump", "c").delivered == "c"
    old = Sequencer.new(course(*items), edition=Standard.SCORM_2004_3, seed=1)
    old.navigate("start")
    assert old.navigate("jump", "c").exception == "NB.2.1-13"


def test_an_unknown_request_and_a_missing_target_are_the_callers_fault() -> None:
    e = engine(sco("a"))
    with pytest.raises(ValueError, match="'dance' is not a navigation request"):
        e.navigate("dance")
    with pytest.raises(ValueError, match="choice needs a target"):
        e.navigate("choice")


@pytest.mark.parametrize("request_", ["choice", "jump"])
def test_an_unknown_target_is_refused_like_any_other(request_: str) -> None:
    e = engine(sco("a"))
    e.navigate("start")
    assert e.navigate(request_, "nowhere").exception == "NB.2.1-11"
    assert e.current == "a"
    assert not e.valid(request_, "nowhere").allowed


def test_identifiers_must_be_unique() -> None:
    with pytest.raises(ValueError, match="two activities have the identifier 'a'"):
        engine(sco("a"), sco("a"))
