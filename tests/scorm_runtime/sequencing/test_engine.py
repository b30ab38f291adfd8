"""The facade: snapshots, validity, controls, table of contents, explanations."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import scorm_runtime.sequencing
from course_packages.model import Item, Standard
from scorm_runtime.sequencing import ActivityReport, Sequencer, reasons
from tests.scorm_runtime.sequencing.building import LATEST, cluster, course, engine, post, pre, says, sco, shared

SOURCES = sorted(Path(scorm_runtime.sequencing.__file__).parent.glob("*.py"))


def test_snapshot_is_small_and_brings_everything_back() -> None:
    items = (cluster("c", sco("a", control={"objectives": (shared("g"),)}), sco("b")), sco("d"))
    e = engine(*items)
    assert e.snapshot() == {"v": 1, "seed": 7, "activities": {}}
    e.navigate("start")
    says(e, completion_status="unknown", scaled=0.5, duration=12.5)
    snapshot = json.loads(json.dumps(e.snapshot()))
    again = Sequencer.restore(course(*items), snapshot, edition=LATEST)
    again.global_objectives = e.global_objectives
    assert again.snapshot() == snapshot
    assert again.toc() == e.toc()
    for one in (e, again):
        assert one.navigate("abandonAll").ended
    assert again.global_objectives == e.global_objectives == {}


@pytest.mark.parametrize(
    "snapshot",
    [{}, {"v": 9, "seed": 1, "activities": {}}, {"v": 1, "seed": 1, "activities": {"gone": {"attempts": 1}}}],
)
def test_foreign_snapshots_are_refused(snapshot: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not a snapshot|no activity 'gone'"):
        Sequencer.restore(course(sco("a")), snapshot, edition=LATEST)


def test_asking_changes_nothing() -> None:
    e = engine(cluster("c", sco("a"), sco("b")), sco("d", control=post("retry", "always")))
    e.navigate("start")
    before = e.snapshot()
    for request in ("continue", "previous", "exitAll", "suspendAll", "abandon", "retry", "retryAll", "start"):
        e.valid(request)
    for target in ("root", "a", "b", "c", "d"):
        e.valid("choice", target)
        e.valid("jump", target)
    e.toc()
    e.controls()
    assert e.snapshot() == before


def test_controls_and_what_the_content_hides() -> None:
    e = engine(sco("a", hide_lms_ui=("continue", "exitAll")), sco("b"))
    assert e.controls().as_dict()["exitAll"] is False
    e.navigate("start")
    controls = e.controls()
    assert (controls.continue_, controls.previous, controls.exit_all, controls.suspend_all) == (True, False, True, True)
    assert controls.hidden == ("continue", "exitAll")
    own = "“A” has its own control for this."
    assert controls.reasons == {"previous": "This is the beginning of the course.", "continue": own, "exitAll": own}
    e.language = "id"
    assert e.controls().reasons["previous"] == "Ini adalah awal kursus."


def test_continue_stays_usable_at_the_end_and_before_a_cluster_without_flow() -> None:
    e = engine(sco("a"), cluster("c", sco("b"), control={"flow": False}))
    e.navigate("start")
    assert e.controls().continue_
    assert not e.valid("continue").allowed
    e.navigate("choice", "b")
    assert not e.controls().continue_
    last = engine(sco("a"), sco("b"))
    last.navigate("choice", "b")
    assert last.controls().continue_


def test_toc_shows_the_whole_tree() -> None:
    e = engine(cluster("c", sco("a"), sco("b", visible=False)), sco("d"))
    e.navigate("start")
    says(e, completion_status="incomplete")
    entries = e.toc()
    assert [(x.id, x.depth, x.visible, x.selectable, x.current, x.status) for x in entries] == [
        ("root", 0, True, True, False, "incomplete"),
        ("c", 1, True, True, False, "incomplete"),
        ("a", 2, True, True, True, "incomplete"),
        ("b", 2, False, False, False, "not attempted"),
        ("d", 1, True, True, False, "not attempted"),
    ]


def test_decisions_can_be_explained() -> None:
    e = engine(sco("a"), sco("b", control=pre("skip", "not completed")), sco("c"))
    e.record("b", ActivityReport(completion_status="incomplete"))
    e.navigate("start")
    e.navigate("continue")
    steps = [(step.code, step.text) for step in e.trace]
    assert ("UP.2", "b: rule skip applies (not completed)") in steps
    assert ("DB.2", "c is delivered, attempt 1") in steps
    refused = e.navigate("choice", "root")
    assert refused.delivered == "a"
    assert e.navigate("start").reason == "The course is already running."
    assert e.trace[-1].code == "NB.2.1-1"


@pytest.mark.parametrize(
    ("item", "reason", "step"),
    [
        (sco("b", control=pre("disabled", "not attempted")), "“B” is not available now.", "b: rule disabled applies"),
        (sco("b", control=pre("hiddenFromChoice", "always")), "“B” cannot be chosen now.", "b: rule hiddenFromChoice"),
        (
            sco("b", control={"attempt_limit": 0}),
            "All attempts of “B” have been used.",
            "b has no attempt left (0 made)",
        ),
    ],
)
def test_a_lock_can_be_asked_for_its_reasons(item: Item, reason: str, step: str) -> None:
    e = engine(sco("a"), item)
    e.navigate("start")
    assert e.valid("choice", "b").reason == reason
    assert any(step in found.text for found in e.trace)
    assert next(entry for entry in e.toc() if entry.id == "b").reason == reason


def test_the_end_of_the_course_is_a_reason_in_the_second_edition_and_an_end_in_later_ones() -> None:
    for edition, ends in ((Standard.SCORM_2004_2, False), (Standard.SCORM_2004_3, True), (LATEST, True)):
        e = engine(sco("a"), edition=edition, control={"choice": False})
        e.navigate("start")
        assert e.controls().continue_ is ends
        assert e.valid("continue").allowed is ends
        assert (e.controls().reasons.get("continue") == "This is the end of the course.") is not ends


def test_jump_is_a_request_of_the_fourth_edition() -> None:
    for edition in (Standard.SCORM_2004_2, Standard.SCORM_2004_3, LATEST):
        e = engine(sco("a"), sco("b"), edition=edition)
        e.navigate("start")
        validity = e.valid("jump", "b")
        assert validity.allowed is (edition is LATEST)
        assert (validity.reason == "This request is not known in this edition.") is (edition is not LATEST)


def test_before_another_attempt_nothing_is_locked_by_what_the_last_one_shared() -> None:
    """CAM 3.4.1.3: objectives that are not global to the system live as long as the attempt."""
    once = {**pre("disabled", "satisfied"), "objectives": (shared("g"),)}
    e = engine(sco("a", control=once), objectives_global_to_system=False)
    e.navigate("start")
    says(e, success_status="passed")
    e.navigate("exitAll")
    assert e.status("a").success == "passed"
    assert e.valid("start").allowed
    assert e.navigate("start").delivered == "a"


def test_report_of_an_unknown_activity() -> None:
    with pytest.raises(ValueError, match="no activity 'x'"):
        engine(sco("a")).record("x", ActivityReport())


def test_every_exception_has_a_sentence_in_both_languages() -> None:
    codes = {
        node.value
        for source in SOURCES
        if source.name != "reasons.py"
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Constant) and re.fullmatch(r"(NB|TB|SB|DB|OP)\.\d(\.\d+)?-\d+", str(node.value))
    }
    assert len(codes) > 40
    assert codes <= set(reasons.SENTENCES)
    assert all(len(texts) == len(reasons.LANGUAGES) and all(texts) for texts in reasons.SENTENCES.values())
    assert reasons.sentence("SB.2.9-3", " A title ", "fr") == "“A title” cannot be chosen now."


def test_sequencing_knows_neither_flask_nor_sqlalchemy() -> None:
    for source in SOURCES:
        imported = re.findall(r"^(?:from|import) ([\w.]+)", source.read_text(), re.MULTILINE)
        allowed = ("scorm_runtime.sequencing", "course_packages.model")
        outside = [m for m in imported if m.startswith(("flask", "sqlalchemy", "core", "lrs", "scorm_", "course_"))]
        assert all(m.startswith(allowed) for m in outside), source.name
