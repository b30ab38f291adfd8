from __future__ import annotations

import pytest

from course_packages.model import CompletionThreshold, CoursePackage, DataMap
from tests.course_packages.building import codes, inspected, manifest_2004, package, parsed


def with_item(extra: str, version: str = "2004 4th Edition") -> CoursePackage:
    items = f'<item identifier="i1" identifierref="r1"><title>T</title>{extra}</item>'
    return parsed(manifest_2004(items=items, version=version))


def test_completion_threshold_of_the_fourth_edition() -> None:
    item = with_item(
        '<adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.75" progressWeight="0.5"/>'
    ).organization.items[0]
    assert item.completion_threshold == CompletionThreshold(
        completed_by_measure=True, min_progress_measure=0.75, progress_weight=0.5
    )
    item = with_item("<adlcp:completionThreshold/>").organization.items[0]
    assert item.completion_threshold == CompletionThreshold()


def test_completion_threshold_of_older_editions_is_its_text() -> None:
    item = with_item("<adlcp:completionThreshold> 0.6 </adlcp:completionThreshold>", "2004 3rd Edition")
    assert item.organization.items[0].completion_threshold == CompletionThreshold(
        completed_by_measure=True, min_progress_measure=0.6
    )


def test_hidden_buttons_in_any_case_and_once() -> None:
    tokens = ("previous", "continue", "suspendall", "previous", "exitAll")
    hides = "".join(f"<adlnav:hideLMSUI>{token}</adlnav:hideLMSUI>" for token in tokens)
    presentation = (
        f"<adlnav:presentation><adlnav:navigationInterface>{hides}</adlnav:navigationInterface></adlnav:presentation>"
    )
    assert with_item(presentation).organization.items[0].hide_lms_ui == (
        "previous",
        "continue",
        "suspendAll",
        "exitAll",
    )


def test_shared_data_maps_may_be_read_and_written_unless_they_say_otherwise() -> None:
    data = (
        '<adlcp:data><adlcp:map targetID="a"/><adlcp:map targetID="b" readSharedData="false" writeSharedData="false"/>'
        "</adlcp:data>"
    )
    # The schema's own default for writing is false; CAM 3.4.1.17 and ADL's packages say true.
    assert with_item(data).organization.items[0].data_maps == (
        DataMap(target_id="a", read_shared_data=True, write_shared_data=True),
        DataMap(target_id="b", read_shared_data=False, write_shared_data=False),
    )


def test_repeated_map_is_warned_of() -> None:
    items = (
        '<item identifier="i1" identifierref="r1"><title>T</title>'
        '<adlcp:data><adlcp:map targetID="a"/><adlcp:map targetID="a"/></adlcp:data></item>'
    )
    assert codes(inspected(package(manifest_2004(items=items)))) == ["data_map_invalid"]


def test_launch_data_and_time_limit_action() -> None:
    item = with_item(
        "<adlcp:dataFromLMS> x&amp;y </adlcp:dataFromLMS><adlcp:timeLimitAction>exit,no message</adlcp:timeLimitAction>"
    ).organization.items[0]
    assert (item.data_from_lms, item.time_limit_action) == ("x&y", "exit,no message")


@pytest.mark.parametrize(("written", "expected"), [("", True), ("true", True), ("false", False), ("0", False)])
def test_global_objectives_and_data(written: str, expected: bool) -> None:
    said = f' adlseq:objectivesGlobalToSystem="{written}" adlcp:sharedDataGlobalToSystem="{written}"' if written else ""
    organization = parsed(manifest_2004(organization=said)).organization
    assert organization.objectives_global_to_system is expected
    assert organization.shared_data_global_to_system is expected
