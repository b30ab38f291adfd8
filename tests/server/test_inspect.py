"""`rekam inspect`: a course of many parts as an author understands it; nothing is stored."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from course_packages.model import (
    MapInfo,
    Objective,
    RollupCondition,
    RollupRule,
    RuleCondition,
    Sequencing,
    SequencingRule,
)
from server.cli.commands import main
from server.cli.sequencing_text import sentences
from tests.course_packages.building import manifest_12, manifest_2004, package


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["inspect", *arguments])
    return result.exit_code, result.output


def big_course() -> bytes:
    """57 SCOs in chapters, with what sequencing authors set."""
    chapters, number = [], 0
    while number < 57:
        parts = []
        for _ in range(min(10, 57 - number)):
            number += 1
            parts.append(f'<item identifier="i{number}" identifierref="r1"><title>Lesson {number}</title></item>')
        chapters.append(
            f'<item identifier="c{number}"><title>Chapter to {number}</title>{"".join(parts)}<imsss:sequencing>'
            '<imsss:controlMode flow="true" choice="false"/></imsss:sequencing></item>'
        )
    return package(manifest_2004("".join(chapters)))


def test_the_tree_of_a_big_course(tmp_path: Path) -> None:
    file = tmp_path / "big.zip"
    file.write_bytes(big_course())
    code, text = run(str(file))
    assert code == 0
    assert "57 to launch, in 6 chapters" in text
    assert "├─ Chapter to 10\n│  │  · learners go through it with Continue and Previous\n" in text
    assert "│  │  · its parts cannot be chosen in the contents\n│  ├─  1 Lesson 1  → index.html" in text
    assert "│  └─ 10 Lesson 10  → index.html" in text
    assert "   └─ 57 Lesson 57  → index.html" in text
    assert max(map(len, text.splitlines())) < 100, "it fits a terminal"
    assert "This package can be imported." in text
    assert [p.name for p in tmp_path.iterdir()] == ["big.zip"]


def test_a_rejected_package_says_why_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "bad.zip"
    file.write_bytes(package(manifest_12(), ()))
    code, text = run(str(file))
    assert code == 1
    assert "imsmanifest.xml, line" in text
    assert "index.html" in text
    assert "This package cannot be imported." in text
    assert "tidak ada" in run(str(file), "--locale", "id")[1]


def test_a_strict_look_at_what_would_be_repaired(tmp_path: Path) -> None:
    file = tmp_path / "untitled.zip"
    file.write_bytes(package(manifest_12().replace("<title>Course</title>", "")))
    assert run(str(file))[0] == 0
    code, text = run(str(file), "--strict")
    assert code == 1
    assert "The course has no title" in text
    assert "A strict import does not make the repair" in text
    assert "impor ketat" in run(str(file), "--strict", "--locale", "id", "--json")[1]


def test_json_for_machines(tmp_path: Path) -> None:
    file = tmp_path / "good.zip"
    file.write_bytes(package(manifest_12()))
    code, text = run(str(file), "--json")
    found = json.loads(text)
    assert (code, found["importable"], found["files"]) == (0, True, 2)
    assert found["package"]["standard"] == "scorm_1_2"
    assert found["report"]["errors"] == []


def test_sequencing_is_told_in_sentences() -> None:
    rules = Sequencing(
        flow=True,
        forward_only=True,
        choice=False,
        choice_exit=False,
        attempt_limit=1,
        pre_condition_rules=(
            SequencingRule(
                action="disabled",
                combination="any",
                conditions=(
                    RuleCondition(condition="satisfied", referenced_objective="o1", negated=True),
                    RuleCondition(condition="objectiveStatusKnown", referenced_objective="o1", negated=True),
                ),
            ),
            SequencingRule(action="skip", conditions=(RuleCondition(condition="always"),)),
        ),
        post_condition_rules=(
            SequencingRule(
                action="retryAll",
                conditions=(RuleCondition(condition="objectiveMeasureLessThan", measure_threshold=0.5),),
            ),
        ),
        rollup_rules=(
            RollupRule(
                action="satisfied",
                child_activity_set="atLeastCount",
                minimum_count=2,
                conditions=(RollupCondition(condition="satisfied"),),
            ),
        ),
        objectives=(
            Objective(objective_id="p", primary=True, satisfied_by_measure=True, min_normalized_measure=0.8),
            Objective(
                objective_id="o1",
                maps=(
                    MapInfo(target_objective_id="urn:a"),
                    MapInfo(target_objective_id="urn:b", write_satisfied_status=True),
                ),
            ),
        ),
    )
    assert list(sentences(rules, cluster=True)) == [
        "learners go through it with Continue",
        "there is no way back",
        "its parts cannot be chosen in the contents",
        "while it is open nothing outside it can be chosen",
        "at most 1 attempt",
        "cannot be opened if “o1” is not passed or it is not known whether “o1” is passed",
        "Continue passes it by, always",
        "afterwards the whole course begins again if its score is below 50%",
        "is passed once at least 2 parts are passed",
        "it is passed from a score of 80%",
        "objective “o1” is known from “urn:a”",
        "objective “o1” is shared as “urn:b”",
    ]
    assert list(sentences(Sequencing(flow=True), cluster=False)) == []
