"""`rekam inspect`: a course of many parts as an author understands it; nothing is stored."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from server.cli import main
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
    assert "57 to launch" in text
    assert "├─ Chapter to 10  [flow, no choice]" in text
    assert "│  └─ Lesson 10  [sco]" in text
    assert "   └─ Lesson 57  [sco]" in text
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


def test_json_for_machines(tmp_path: Path) -> None:
    file = tmp_path / "good.zip"
    file.write_bytes(package(manifest_12()))
    code, text = run(str(file), "--json")
    found = json.loads(text)
    assert (code, found["importable"], found["files"]) == (0, True, 2)
    assert found["package"]["standard"] == "scorm_1_2"
    assert found["report"]["errors"] == []
