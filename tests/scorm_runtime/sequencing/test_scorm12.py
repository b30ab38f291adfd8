"""SCORM 1.2: free navigation, prerequisites, rollup."""

from __future__ import annotations

from typing import Any

import pytest

from course_packages.model import Item, Sequencing, Standard
from scorm_runtime.sequencing import Sequencer
from scorm_runtime.sequencing.prerequisites import ScriptError, compile_script
from tests.scorm_runtime.sequencing.building import engine, says, sco, status

PASSED = {"completion_status": "completed", "success_status": "passed"}
COMPLETED = {"completion_status": "completed"}


def twelve(*items: Item) -> Sequencer:
    return engine(*items, edition=Standard.SCORM_12, control={"flow": False})


def visit(e: Sequencer, identifier: str, **said: Any) -> None:
    assert e.navigate("choice", identifier).delivered == identifier
    says(e, **said)


def test_learner_moves_freely() -> None:
    folder = Item(identifier="f", title="F", children=(sco("b"), sco("c")), sequencing=Sequencing())
    e = twelve(sco("a"), folder, sco("d"))
    assert e.navigate("start").delivered == "a"
    assert e.navigate("continue").delivered == "b"
    assert e.navigate("choice", "d").delivered == "d"
    assert e.navigate("previous").delivered == "c"


def test_beside_a_single_part_nothing_offers_to_leave_it_by_accident() -> None:
    e = twelve(sco("a"))
    e.navigate("start")
    assert e.controls().hidden == ("continue", "previous")
    assert not [entry.id for entry in e.toc() if entry.selectable]
    assert e.controls().exit_all
    # Left, it can be chosen again.
    e.navigate("suspendAll")
    assert [entry.id for entry in e.toc() if entry.selectable]
    several = twelve(sco("a"), sco("b"))
    several.navigate("start")
    assert several.controls().hidden == ()


def test_silence_is_not_completion() -> None:
    e = twelve(sco("a"), sco("b"))
    e.navigate("start")
    e.navigate("continue")
    assert status(e, "a") == ("unknown", "unknown")
    e.navigate("exitAll")
    assert status(e) == ("incomplete", "unknown")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((COMPLETED, COMPLETED), ("completed", "unknown")),
        ((COMPLETED, PASSED), ("completed", "passed")),
        (({"success_status": "passed"}, COMPLETED), ("completed", "passed")),
        ((PASSED, {"completion_status": "incomplete"}), ("incomplete", "unknown")),
        ((PASSED, {"completion_status": "incomplete", "success_status": "failed"}), ("incomplete", "failed")),
        ((PASSED, {"completion_status": "completed", "success_status": "failed"}), ("completed", "failed")),
    ],
)
def test_rollup(said: tuple[dict[str, Any], dict[str, Any]], expected: tuple[str, str]) -> None:
    e = twelve(sco("a"), sco("b"))
    visit(e, "a", **said[0])
    visit(e, "b", **said[1])
    e.navigate("exitAll")
    assert status(e) == expected


def test_assets_and_headings_do_not_hold_the_course_up() -> None:
    e = twelve(sco("a"), Item(identifier="h", title="H"), sco("page", scorm_type="asset"))
    visit(e, "a", **COMPLETED, scaled=0.8)
    assert e.navigate("continue").delivered == "page"
    e.navigate("exitAll")
    assert status(e) == ("completed", "unknown")
    assert e.status().scaled == 0.8


def test_prerequisites_lock_and_unlock() -> None:
    e = twelve(sco("a"), sco("b", prerequisites="a"), sco("c"))
    e.navigate("start")
    locked = next(entry for entry in e.toc() if entry.id == "b")
    assert (locked.selectable, locked.exception) == (False, "DB.1.1-3")
    assert e.navigate("choice", "b").exception == "DB.1.1-3"
    e.navigate("choice", "a")
    assert e.navigate("continue").delivered == "c", "passed over while it is locked"
    visit(e, "a", **COMPLETED)
    assert e.navigate("continue").delivered == "b"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("a & b", "“C” opens when these are done: “A”, “B”."),
        ("a|b", "“C” is not available now."),
        ("a=passed", "“C” is not available now."),
    ],
)
def test_a_lock_names_what_is_to_be_done_first(script: str, reason: str) -> None:
    e = twelve(sco("a"), sco("b"), sco("c", prerequisites=script))
    e.navigate("start")
    assert next(entry for entry in e.toc() if entry.id == "c").reason == reason
    e.language = "id"
    assert e.valid("choice", "c").reason.endswith(("“A”, “B”.", "belum tersedia."))


def test_unreadable_prerequisites_lock_nobody_out() -> None:
    e = twelve(sco("a"), sco("b", prerequisites="a & (("))
    e.navigate("start")
    assert e.valid("choice", "b").allowed
    assert any("taken as met" in step.text for step in e.trace)


STATUS = {"A": "passed", "B": "completed", "C": "failed", "D": "incomplete", "E": "not attempted"}


@pytest.mark.parametrize(
    ("script", "met"),
    [
        ("A", True),
        ("C", False),
        ("A & B", True),
        ("A&C", False),
        ("C | A", True),
        ("~C", True),
        ("~A|B", True),
        ("~(A|B)", False),
        ("A & C | B", True),
        ('C = "failed"', True),
        ("C=f", True),
        ("D <> completed", True),
        ('E="not attempted"', True),
        ("2*{A, B, C}", True),
        ("3*{A,B,C}", False),
        ("1*{C,D&A,E|B}", True),
        ("unknown-item", True),
    ],
)
def test_scripts(script: str, met: bool) -> None:
    assert compile_script(script)(STATUS.get) is met


@pytest.mark.parametrize("script", ["", "A &", "(A", "A B", "2*A", "2*{A", "A =", "&", '"open'])
def test_broken_scripts_are_named(script: str) -> None:
    with pytest.raises(ScriptError, match=r"expected|cannot read"):
        compile_script(script)
