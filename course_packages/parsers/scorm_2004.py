"""SCORM 2004, 2nd to 4th edition: what its manifests add to content packaging (CAM 3.4.1, 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_packages import xml
from course_packages.model import CompletionThreshold, DataMap, Standard
from course_packages.parsers.manifest import Edition
from course_packages.parsers.scorm_12 import launch_data, time_limit_action
from course_packages.parsers.sequencing import SequencingReader
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of, text

_HIDDEN = ("previous", "continue", "exit", "exitAll", "abandon", "abandonAll", "suspendAll")


def edition(standard: Standard, reader: SequencingReader) -> Edition:
    """The edition ``standard`` for one manifest, whose sequencing collections ``reader`` knows."""
    return Edition(standard, _item(reader), _organization(reader))


def _item(reader: SequencingReader) -> Callable[[Element, Values], dict[str, Any]]:
    def item(element: Element, values: Values) -> dict[str, Any]:
        return {
            "sequencing": reader.of(element, values),
            "completion_threshold": _completion_threshold(element, values),
            "hide_lms_ui": _hide_lms_ui(element, values),
            "data_from_lms": launch_data(element),
            "time_limit_action": time_limit_action(element, values),
            "data_maps": _data_maps(element, values),
        }

    return item


def _organization(reader: SequencingReader) -> Callable[[Element, Values], dict[str, Any]]:
    def organization(element: Element, values: Values) -> dict[str, Any]:
        return {
            "sequencing": reader.of(element, values),
            "completion_threshold": _completion_threshold(element, values),
            "objectives_global_to_system": values.boolean(element, "objectivesGlobalToSystem", True),
            "shared_data_global_to_system": values.boolean(element, "sharedDataGlobalToSystem", True),
            "hide_lms_ui": _hide_lms_ui(element, values),
        }

    return organization


def _completion_threshold(element: Element, values: Values) -> CompletionThreshold | None:
    """4th edition: attributes, CAM 3.4.1.13. Before: only the minimum, as text, and its presence means it counts."""
    threshold = child(element, "completionthreshold")
    if threshold is None:
        return None
    if text(threshold):
        minimum = values.to_number(threshold, "completionThreshold", text(threshold), 1.0, 0, 1)
        return CompletionThreshold(completed_by_measure=True, min_progress_measure=minimum)
    return CompletionThreshold(
        completed_by_measure=values.boolean(threshold, "completedByMeasure", False),
        min_progress_measure=values.number(threshold, "minProgressMeasure", 1.0, 0, 1),
        progress_weight=values.number(threshold, "progressWeight", 1.0, 0, 1),
    )


def _hide_lms_ui(element: Element, values: Values) -> tuple[str, ...]:
    """``adlnav:presentation/navigationInterface/hideLMSUI``, CAM 5.2.1."""
    interface = child(element, "presentation", "navigationinterface")
    if interface is None:
        return ()
    tokens = (
        values.to_token(hide, "hideLMSUI", text(hide), _HIDDEN, "none") for hide in children(interface, "hidelmsui")
    )
    return tuple(dict.fromkeys(token for token in tokens if token))


def _data_maps(element: Element, values: Values) -> tuple[DataMap, ...]:
    """``adlcp:data/adlcp:map``, CAM 3.4.1.16; the schema lets a store be read but not written unless said."""
    data = child(element, "data")
    if data is None:
        return ()
    maps: dict[str, DataMap] = {}
    for entry in children(data, "map"):
        target = attribute(entry, "targetID")
        if not target or target in maps:
            values.findings.add(
                "data_map_invalid", file=values.file, line=line_of(entry), target=target or "", item=xml.name(element)
            )
            continue
        maps[target] = DataMap(
            target_id=target,
            read_shared_data=values.boolean(entry, "readSharedData", True),
            write_shared_data=values.boolean(entry, "writeSharedData", True),
        )
    return tuple(maps.values())
