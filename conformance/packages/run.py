"""Judge the sample packages of jcputney/elearning-module-parser by what its own tests expect of them.

    make conformance-packages SUITE=/path/to/elearning-module-parser

What its tests parse must be importable, with the title and the launch file they name. What they find valid must be importable by a
strict import too; what they call malformed must be rejected by a strict import at least. Most of its SCORM packages are manifests
without their files, and its tests look at no files; so files that a manifest names and the folder lacks are put in empty.

A run fails when a verdict differs, or when fewer packages were judged than ``floor.json`` records.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from conformance.packages import expectations
from conformance.packages.expectations import MODULES, Expectation
from course_packages.inspection import Inspection, inspect

FLOOR = Path(__file__).with_name("floor.json")


@dataclass(frozen=True)
class Verdict:
    """``problem`` is empty where Rekam judges as the suite does."""

    expected: Expectation
    lenient: Inspection
    strict: Inspection
    problem: str


def main(suite: Path) -> int:
    if not (suite / MODULES).is_dir():
        print("usage: make conformance-packages SUITE=folder of a checkout of jcputney/elearning-module-parser")
        return 2
    verdicts = [judge(suite / MODULES / expected.path, expected) for expected in expectations.read(suite)]
    for line in table(verdicts):
        print(line)
    problems = [f"{v.expected.path}: {v.problem}" for v in verdicts if v.problem]
    problems += shortfall(verdicts, json.loads(FLOOR.read_text()))
    agreed = sum(not verdict.problem for verdict in verdicts)
    print(f"· {agreed} of {len(verdicts)} packages judged as the suite's tests do")
    for judgement, count in counts(verdicts).items():
        print(f"  {judgement:10} {count:4}")
    for problem in problems:
        print(f"  ✗ {problem}")
    return 1 if problems else 0


def judge(path: Path, expected: Expectation) -> Verdict:
    data = path.read_bytes() if path.is_file() else packed(path)
    lenient, strict = inspect(io.BytesIO(data)), inspect(io.BytesIO(data), strict=True)
    return Verdict(expected, lenient, strict, disagreement(expected, lenient, strict))


def disagreement(expected: Expectation, lenient: Inspection, strict: Inspection) -> str:
    """In which way Rekam judges otherwise; "" where it does not."""
    if expected.judgement == "malformed":
        return "" if not strict.importable else "is malformed, but a strict import takes it"
    if lenient.package is None:
        return f"should be importable: {lenient.report.errors[0].sentence()}"
    if expected.judgement == "valid" and not strict.importable:
        return f"is valid, but a strict import rejects it: {strict.report.errors[0].sentence()}"
    title = " ".join(lenient.package.title.split())
    if expected.title is not None and title != " ".join(expected.title.split()):
        return f"has the title {expected.title!r}, not {title!r}"
    first = next(item.href or "" for item in lenient.package.organization.walk() if item.launchable)
    if expected.launch is not None and unquote(first) not in (expected.launch, unquote(expected.launch)):
        return f"is launched at {expected.launch}, not {first}"
    return ""


def packed(folder: Path) -> bytes:
    """The folder as a zip, with an empty file for each that its manifest names and the folder lacks."""
    files = {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}
    present = {name.casefold() for name in files}
    missing = [name for name in dict.fromkeys(named_in(files)) if name.casefold() not in present]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {**files, **dict.fromkeys(missing, b"")}.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def named_in(files: dict[str, bytes]) -> list[str]:
    """Paths of the files that the manifest of a package names."""
    if "imsmanifest.xml" in files:
        return [*_of_manifest(files["imsmanifest.xml"])]
    found = []
    for name, data in files.items():
        if name.endswith(".au"):
            found += [
                cell.strip(' "') for line in data.decode(errors="replace").splitlines() for cell in line.split(",")
            ]
    return [name for name in found if "." in name and "/" not in name[:1] and " " not in name]


def _of_manifest(data: bytes) -> list[str]:
    root = etree.fromstring(data, etree.XMLParser(recover=True, resolve_entities=False, no_network=True))
    found = []
    for element in root.iter("{*}resource", "{*}file"):
        href = element.get("href")
        if href and ":" not in href:
            found.append(unquote(_based(element, href)))
    return found


def _based(element: etree._Element, href: str) -> str:
    """With the xml:base of everything around it, as far as samples use it: folders that end with a slash."""
    base = "{http://www.w3.org/XML/1998/namespace}base"
    above = [one.get(base) or "" for one in (*reversed([*element.iterancestors()]), element)]
    return ("".join(above) + href).partition("?")[0].partition("#")[0]


def table(verdicts: list[Verdict]) -> list[str]:
    """One line for each package that is not simply imported by both readings."""
    lines = [f"{'package':78} {'the suite':10} {'import':10} {'strict':10} why"]
    plain = 0
    for v in verdicts:
        if v.strict.importable and not v.problem:
            plain += 1
            continue
        reading = ["imported" if found.importable else "rejected" for found in (v.lenient, v.strict)]
        why = ", ".join(dict.fromkeys(error.code for error in (*v.lenient.report.errors, *v.strict.report.errors)))
        lines.append(f"{v.expected.path:78} {v.expected.judgement:10} {reading[0]:10} {reading[1]:10} {why}")
    return [*lines, f"… and {plain} that both readings import, as the suite expects"]


def counts(verdicts: list[Verdict]) -> dict[str, int]:
    return dict(Counter(verdict.expected.judgement for verdict in verdicts))


def shortfall(verdicts: list[Verdict], floor: dict[str, int]) -> list[str]:
    """Where fewer packages were judged than recorded."""
    made = counts(verdicts)
    return [
        f"{made.get(judgement, 0)} {judgement} packages, {least} are recorded in floor.json"
        for judgement, least in floor.items()
        if made.get(judgement, 0) < least
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "").resolve()))
