"""The runner over the sample packages of a parser, on a checkout made up here: reading its tests, judging, the floor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.packages import expectations, run
from tests.course_packages.building import manifest_12, manifest_2004

JAVA = """
class MadeUpTest {
  private static final Path LISTED =
      Paths.get("src/test/resources/modules/listed");
  private static final String BASE = "src/test/resources/modules/base";
  static Stream<Path> packages() { return Files.list(LISTED); }

  @ParameterizedTest
  @MethodSource("packages")
  void each(Path folder) { assertThat(errors).isEmpty(); }

  @Test
  void titled() {
    String path = BASE + "/titled/";
    assertEquals("Course", manifest.getTitle());
    assertEquals("index.html", manifest.getLaunchUrl());
  }

  @Test
  void malformed() {
    String path = "src/test/resources/modules/bad";
    assertThrows(ModuleException.class, parser::parseOnly);
  }
}
"""
GOOD, UNTITLED = manifest_12(), manifest_12().replace("<title>Course</title>", "")


def checkout(folder: Path, **packages: str) -> Path:
    """A suite whose packages are manifests without their files."""
    source = folder / expectations.TESTS / "MadeUpTest.java"
    source.parent.mkdir(parents=True)
    source.write_text(JAVA)
    given = {"listed/a": manifest_2004(), "base/titled": GOOD, "bad": UNTITLED, "unnamed": GOOD} | packages
    for path, manifest in given.items():
        (folder / expectations.MODULES / path).mkdir(parents=True)
        (folder / expectations.MODULES / path / "imsmanifest.xml").write_text(manifest)
    return folder


@pytest.fixture
def small_floor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    floor = tmp_path / "floor.json"
    floor.write_text(json.dumps({"valid": 1, "parsed": 2, "malformed": 1}))
    monkeypatch.setattr(run, "FLOOR", floor)


def test_expectations_are_those_of_the_tests(tmp_path: Path) -> None:
    found = {e.path: e for e in expectations.read(checkout(tmp_path))}
    assert {path: e.judgement for path, e in found.items()} == {
        "listed/a": "valid", "base/titled": "parsed", "bad": "malformed", "unnamed": "parsed",
    }  # fmt: skip
    titled = found["base/titled"]
    assert (titled.test, titled.title, titled.launch) == ("MadeUpTest.titled", "Course", "index.html")
    assert found["unnamed"].test == ""


@pytest.mark.usefixtures("small_floor")
def test_agreement_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(checkout(tmp_path / "suite")) == 0
    said = capsys.readouterr().out
    assert "4 of 4 packages" in said
    assert "course_title_missing" in said


@pytest.mark.usefixtures("small_floor")
@pytest.mark.parametrize(
    ("path", "manifest", "said"),
    [
        ("bad", GOOD, "bad: is malformed, but a strict import takes it"),
        ("base/titled", GOOD.replace("Course", "Other"), "has the title 'Course', not 'Other'"),
        ("base/titled", GOOD.replace("index.html", "a.html"), "is launched at index.html, not a.html"),
        ("unnamed", "<manifest", "unnamed: should be importable"),
        ("listed/a", UNTITLED, "is valid, but a strict import rejects it"),
    ],
)
def test_another_verdict_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str, manifest: str, said: str
) -> None:
    assert run.main(checkout(tmp_path / "suite", **{path: manifest})) == 1
    assert said in capsys.readouterr().out


def test_packages_that_vanish_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(checkout(tmp_path)) == 1
    assert "are recorded in floor.json" in capsys.readouterr().out
    assert run.main(tmp_path / "nowhere") == 2


def test_files_the_folder_lacks_are_put_in_with_their_base() -> None:
    based = manifest_12(resources='<resource identifier="r1" type="webcontent" href="a.html?x=1" xml:base="in/"/>')
    assert run.named_in({"imsmanifest.xml": based.encode()}) == ["in/a.html"]
