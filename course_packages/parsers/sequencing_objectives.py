"""Objectives of an activity: ``imsss:objectives``, and the maps that ``adlseq:objectives`` adds to them.

Sources: SCORM 2004 4th Edition SN 3.10, CAM 5.1; IMS Simple Sequencing 1.0 Information Model.
"""

from __future__ import annotations

from collections.abc import Iterator

from course_packages import xml
from course_packages.model import MapInfo, Objective
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of


def objectives(element: Element | None, extended: Element | None, values: Values) -> tuple[Objective, ...]:
    """``imsss:objectives`` joined with the maps that ``adlseq:objectives`` (4th edition) adds by objective ID."""
    added: dict[str | None, list[Element]] = {}
    for objective in children(extended, "objective") if extended is not None else ():
        added.setdefault(attribute(objective, "objectiveID"), []).extend(children(objective, "mapinfo"))
    found: list[Objective] = []
    seen: set[str | None] = set()
    for objective in children(element, "primaryobjective", "objective") if element is not None else ():
        identifier = attribute(objective, "objectiveID") or None
        primary = xml.name(objective) == "primaryobjective"
        if identifier in seen or (identifier is None and not primary):
            values.findings.add(
                "objective_invalid", file=values.file, line=line_of(objective), identifier=identifier or ""
            )
            continue
        seen.add(identifier)
        found.append(_objective(objective, identifier, primary, added.pop(identifier, []), values))
    for identifier in added:
        line = None if extended is None else line_of(extended)
        values.findings.add("objective_unknown", file=values.file, line=line, identifier=identifier or "")
    return tuple(found)


def _objective(
    element: Element, identifier: str | None, primary: bool, extended: list[Element], values: Values
) -> Objective:
    minimum = child(element, "minnormalizedmeasure")
    measure = 1.0
    if minimum is not None and xml.text(minimum):
        measure = values.to_number(minimum, "minNormalizedMeasure", xml.text(minimum), 1.0, -1, 1)
    return Objective(
        objective_id=identifier,
        primary=primary,
        satisfied_by_measure=values.boolean(element, "satisfiedByMeasure", False),
        min_normalized_measure=measure,
        maps=tuple(_maps(element, extended, values)),
    )


# (attribute, default) of each flag of a map, and the field of :class:`MapInfo` it becomes.
_SHARED = {
    "read_satisfied_status": ("readSatisfiedStatus", True),
    "read_normalized_measure": ("readNormalizedMeasure", True),
    "write_satisfied_status": ("writeSatisfiedStatus", False),
    "write_normalized_measure": ("writeNormalizedMeasure", False),
}
_EXTENDED = {
    "read_raw_score": ("readRawScore", True),
    "read_min_score": ("readMinScore", True),
    "read_max_score": ("readMaxScore", True),
    "read_completion_status": ("readCompletionStatus", True),
    "read_progress_measure": ("readProgressMeasure", True),
    "write_raw_score": ("writeRawScore", False),
    "write_min_score": ("writeMinScore", False),
    "write_max_score": ("writeMaxScore", False),
    "write_completion_status": ("writeCompletionStatus", False),
    "write_progress_measure": ("writeProgressMeasure", False),
}


def _maps(element: Element, extended: list[Element], values: Values) -> Iterator[MapInfo]:
    maps: dict[str, dict[str, bool]] = {}
    for entry in children(element, "mapinfo"):
        maps.setdefault(attribute(entry, "targetObjectiveID") or "", {}).update(_flags(entry, _SHARED, values))
    for entry in extended:
        # A target that only adlseq names shares none of the two facts of imsss.
        nothing = {"read_satisfied_status": False, "read_normalized_measure": False}
        maps.setdefault(attribute(entry, "targetObjectiveID") or "", nothing).update(_flags(entry, _EXTENDED, values))
    for target, flags in maps.items():
        if target:
            yield MapInfo(target_objective_id=target, **flags)
        else:
            values.findings.add("map_without_target", file=values.file, line=line_of(element))


def _flags(entry: Element, wanted: dict[str, tuple[str, bool]], values: Values) -> dict[str, bool]:
    return {field: values.boolean(entry, name, default) for field, (name, default) in wanted.items()}
