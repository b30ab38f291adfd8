"""A parsed package in words for authors (`rekam inspect`), and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from course_packages import model
from course_packages.inspection import Inspection
from course_packages.model import Item, Standard
from course_packages.problems import localized
from server.cli.sequencing_text import sentences

STANDARDS = {
    Standard.SCORM_12: "SCORM 1.2",
    Standard.SCORM_2004_2: "SCORM 2004 2nd Edition",
    Standard.SCORM_2004_3: "SCORM 2004 3rd Edition",
    Standard.SCORM_2004_4: "SCORM 2004 4th Edition",
    Standard.CMI5: "cmi5",
    Standard.XAPI: "xAPI",
    Standard.AICC: "AICC",
    Standard.MEDIA: "Media file",
}
_SEVERITIES = (
    ("errors", "Errors (keep the package from being imported)"),
    ("warnings", "Warnings"),
    ("repairs", "Repairs"),
)


def as_json(filename: str, found: Inspection, locale: str) -> dict[str, Any]:
    """``{"file", "importable", "files", "report", "package"}``; ``package`` is the model the runtime reads, or null."""
    package = None if found.package is None else msgspec.json.decode(model.to_json(found.package))
    return {
        "file": filename,
        "importable": found.importable,
        "files": _count(found),
        "report": found.report.to_json(locale),
        "package": package,
    }


def _count(found: Inspection) -> int | None:
    if found.files is None:
        return 1 if found.package is not None else None
    return sum(1 for _ in found.files)


def as_text(filename: str, found: Inspection, locale: str) -> str:
    lines = [filename, ""]
    if found.package is not None:
        lines += [*_facts(found.package, _count(found)), "", *_tree(found.package)]
    report = localized(found.report.to_json(), locale)
    for kind, heading in _SEVERITIES:
        if report[kind]:
            lines += ["", f"{heading}: {len(report[kind])}"]
            lines += [line for entry in report[kind] for line in _finding(entry)]
    verdict = "This package can be imported." if found.importable else "This package cannot be imported."
    return "\n".join([*lines, "", verdict])


def _facts(package: model.CoursePackage, files: int | None) -> Iterator[str]:
    rows: list[tuple[str, object]] = [
        ("Title", package.title),
        ("Standard", STANDARDS[package.standard]),
        ("Identifier", package.identifier),
        ("Language", package.language),
        ("Description", package.description),
        ("Duration", None if package.duration is None else f"{package.duration / 60:.0f} min"),
        ("Manifest", package.root + package.manifest_path),
        ("Parts", _parts(package)),
        ("Files", files),
    ]
    for name, value in rows:
        if value not in (None, ""):
            yield f"  {name:<12} {value}"


def _parts(package: model.CoursePackage) -> str:
    items = list(package.organization.walk())
    parts = [item for item in items if item.launchable]
    said = f"{len(parts)} to launch"
    assets = sum(item.scorm_type == "asset" for item in parts)
    if assets:
        said += f" ({len(parts) - assets} report to the server, {assets} do not)"
    chapters = sum(bool(item.children) for item in items)
    return said + (f", in {chapters} chapters" if chapters > 1 else "")


def _tree(package: model.CoursePackage) -> Iterator[str]:
    """Each part with its number, title and file on one line; what is special about it below, in sentences."""
    for organization in package.organizations:
        several = len(package.organizations) > 1
        yield organization.title + (" (the one launched)" if several and organization is package.organization else "")
        yield from (
            f"{'│' if organization.items else ' '}    · {said}"
            for said in sentences(organization.sequencing, cluster=True)
        )
        parts = [item for item in organization.walk() if item.launchable]
        numbers = {item.identifier: number for number, item in enumerate(parts, 1)}
        yield from _branch(organization.items, "", numbers, len(str(len(parts))))


def _branch(items: tuple[Item, ...], indent: str, numbers: dict[str, int], width: int) -> Iterator[str]:
    for item in items:
        last = item is items[-1]
        number = f"{numbers[item.identifier]:>{width}} " if item.identifier in numbers else ""
        opens = f"  → {item.href}" if item.href is not None else ""
        yield f"{indent}{'└─ ' if last else '├─ '}{number}{item.title or item.identifier}{opens}"
        below = indent + ("   " if last else "│  ")
        for note in _notes(item):
            yield f"{below}{'│' if item.children else ' '}  {' ' * len(number)}· {note}"
        yield from _branch(item.children, below, numbers, width)


def _notes(item: Item) -> Iterator[str]:
    if item.scorm_type == "asset":
        yield "a page or file that reports nothing"
    if not item.visible:
        yield "not shown in the contents"
    if item.mastery_score is not None:
        yield f"passes from {item.mastery_score:g}"
    if item.max_time_allowed is not None:
        yield f"at most {item.max_time_allowed:g} s"
    if item.prerequisites:
        yield f"needs {item.prerequisites}"
    if item.completion_threshold is not None and item.completion_threshold.completed_by_measure:
        yield f"complete from {item.completion_threshold.min_progress_measure:.0%}"
    for name in ("moveOn", "masteryScore", "launchMethod"):
        if (value := item.launch_facts.get(name)) is not None:
            yield f"{name} {value}"
    yield from sentences(item.sequencing, cluster=bool(item.children))


def _finding(entry: dict[str, Any]) -> Iterator[str]:
    place = (
        "" if entry["file"] is None else entry["file"] + ("" if entry["line"] is None else f", line {entry['line']}")
    )
    times = f" ({entry['count']} ×)" if entry.get("count", 1) > 1 else ""
    yield f"  • {place + ': ' if place else ''}{entry['message']}{times}"
    if entry.get("advice"):
        yield f"    {entry['advice']}"
