"""A parsed package in words for authors (`rekam inspect`), and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from course_packages import model
from course_packages.inspection import Inspection
from course_packages.model import Item, Sequencing, Standard
from course_packages.problems import localized

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
    parts = [item for item in package.organization.walk() if item.launchable]
    rows: list[tuple[str, object]] = [
        ("Title", package.title),
        ("Standard", STANDARDS[package.standard]),
        ("Identifier", package.identifier),
        ("Language", package.language),
        ("Description", package.description),
        ("Duration", None if package.duration is None else f"{package.duration / 60:.0f} min"),
        ("Manifest", package.root + package.manifest_path),
        ("Parts", f"{len(parts)} to launch"),
        ("Files", files),
    ]
    for name, value in rows:
        if value not in (None, ""):
            yield f"  {name:<12} {value}"


def _tree(package: model.CoursePackage) -> Iterator[str]:
    for organization in package.organizations:
        chosen = (
            " (the one launched)" if len(package.organizations) > 1 and organization is package.organization else ""
        )
        rules = _rules(organization.sequencing)
        yield organization.title + chosen + (f"  [{', '.join(rules)}]" if rules else "")
        yield from _branch(organization.items, "")


def _branch(items: tuple[Item, ...], indent: str) -> Iterator[str]:
    for item in items:
        last = item is items[-1]
        notes = _notes(item)
        yield f"{indent}{'└─ ' if last else '├─ '}{item.title or item.identifier}" + (
            f"  [{', '.join(notes)}]" if notes else ""
        )
        below = indent + ("   " if last else "│  ")
        if item.href is not None:
            yield f"{below}{'│  ' if item.children else '   '}→ {item.href}"
        yield from _branch(item.children, below)


def _notes(item: Item) -> list[str]:
    notes: list[str] = [item.scorm_type] if item.scorm_type else []
    if not item.visible:
        notes.append("hidden")
    if item.mastery_score is not None:
        notes.append(f"passes from {item.mastery_score:g}")
    if item.max_time_allowed is not None:
        notes.append(f"at most {item.max_time_allowed:g} s")
    if item.prerequisites:
        notes.append(f"needs {item.prerequisites}")
    if item.completion_threshold is not None and item.completion_threshold.completed_by_measure:
        notes.append(f"complete from {item.completion_threshold.min_progress_measure:.0%}")
    for name in ("moveOn", "masteryScore", "launchMethod"):
        if (value := item.launch_facts.get(name)) is not None:
            notes.append(f"{name} {value}")
    return notes + _rules(item.sequencing)


def _rules(sequencing: Sequencing) -> list[str]:
    """Sequencing in the fewest words: what an author set on purpose."""
    notes = []
    if sequencing.flow:
        notes.append("flow")
    if not sequencing.choice:
        notes.append("no choice")
    if sequencing.forward_only:
        notes.append("forward only")
    if sequencing.attempt_limit is not None:
        notes.append(f"at most {sequencing.attempt_limit} attempts")
    for name, rules in (
        ("before", sequencing.pre_condition_rules),
        ("exit", sequencing.exit_condition_rules),
        ("after", sequencing.post_condition_rules),
    ):
        for rule in rules:
            said = f" {'and' if rule.combination == 'all' else 'or'} ".join(
                ("not " if c.negated else "") + c.condition for c in rule.conditions
            )
            notes.append(f"{name}: {rule.action} if {said}")
    if sequencing.rollup_rules:
        notes.append(f"{len(sequencing.rollup_rules)} rollup rules")
    return notes


def _finding(entry: dict[str, Any]) -> Iterator[str]:
    place = (
        "" if entry["file"] is None else entry["file"] + ("" if entry["line"] is None else f", line {entry['line']}")
    )
    times = f" ({entry['count']} ×)" if entry.get("count", 1) > 1 else ""
    yield f"  • {place + ': ' if place else ''}{entry['message']}{times}"
    if entry.get("advice"):
        yield f"    {entry['advice']}"
