"""The demo course as a package."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from course_packages.inspection import inspect
from course_packages.model import Standard
from server.demo import FOLDER, build_zip


def test_the_same_bytes_every_time() -> None:
    assert build_zip() == build_zip()


def test_it_is_a_flawless_package() -> None:
    found = inspect(io.BytesIO(build_zip()))
    assert found.report.problems == ()
    assert found.report.repairs == ()
    assert found.package is not None
    assert found.package.standard is Standard.SCORM_2004_4
    items = list(found.package.organization.walk())
    assert [item.identifier for item in items] == ["lifting", "workstation", "quiz"]
    assert {item.scorm_type for item in items} == {"sco"}


def test_the_manifest_lists_every_file() -> None:
    listed = set(re.findall(r'<file href="([^"]+)"', (FOLDER / "imsmanifest.xml").read_text()))
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert listed == there - {"imsmanifest.xml"}


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*/*.html")), ids=lambda path: path.parent.name)
def test_every_text_is_there_in_both_languages(page: Path) -> None:
    text = page.read_text()
    assert text.count('lang="en"') - 1 == text.count('lang="id"')  # the html element is English until the script runs
