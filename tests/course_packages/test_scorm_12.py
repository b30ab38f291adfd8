from __future__ import annotations

import pytest

from course_packages.model import Item
from tests.course_packages.building import codes, inspected, manifest_12, package


def item_with(extra: str) -> tuple[Item, list[str]]:
    items = f'<item identifier="i1" identifierref="r1" isvisible="false"><title>T</title>{extra}</item>'
    found = inspected(package(manifest_12(items=items)))
    assert found.package is not None
    return found.package.organization.items[0], codes(found)


def test_everything_an_item_can_say() -> None:
    item, found = item_with(
        "<adlcp:prerequisites type='aicc_script'>a&amp;b</adlcp:prerequisites>"
        "<adlcp:maxtimeallowed>0001:02:03.50</adlcp:maxtimeallowed>"
        "<adlcp:timelimitaction>exit,message</adlcp:timelimitaction>"
        "<adlcp:datafromlms>\n a=1\n b=2 </adlcp:datafromlms><adlcp:masteryscore>80</adlcp:masteryscore>"
    )
    assert found == []
    assert item.prerequisites == "a&b"
    assert item.max_time_allowed == 3723.5
    assert item.time_limit_action == "exit,message"
    assert item.data_from_lms == "a=1\n b=2"
    assert item.mastery_score == 80
    assert item.visible is False


def test_nothing_said_is_none() -> None:
    item, _ = item_with("")
    assert (item.prerequisites, item.max_time_allowed, item.time_limit_action) == (None, None, None)
    assert (item.data_from_lms, item.mastery_score, item.completion_threshold) == (None, None, None)


def test_free_navigation() -> None:
    item, _ = item_with("")
    assert (item.sequencing.choice, item.sequencing.flow) == (True, True)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ("<adlcp:masteryscore>eighty</adlcp:masteryscore>", "mastery_score"),
        ("<adlcp:masteryscore>101</adlcp:masteryscore>", "mastery_score"),
        ("<adlcp:maxtimeallowed>soon</adlcp:maxtimeallowed>", "max_time_allowed"),
        ("<adlcp:timelimitaction>explode</adlcp:timelimitaction>", "time_limit_action"),
    ],
)
def test_wrong_values_are_warned_of_and_dropped(extra: str, field: str) -> None:
    item, found = item_with(extra)
    assert found == ["value_invalid"]
    assert getattr(item, field) is None


def test_iso_duration_spaced_action_and_decimal_comma_are_understood() -> None:
    item, found = item_with(
        "<adlcp:maxtimeallowed>PT1H</adlcp:maxtimeallowed><adlcp:timelimitaction>Continue, No Message"
        "</adlcp:timelimitaction><adlcp:masteryscore>79,5</adlcp:masteryscore>"
    )
    assert (item.max_time_allowed, item.time_limit_action, item.mastery_score) == (3600, "continue,no message", 79.5)
    assert found == ["token_case"]
