from __future__ import annotations

import pytest

from course_packages.inspection import Inspection
from course_packages.model import Standard
from tests.course_packages.building import codes, inspected, manifest_12, zipped

ACTIVITY = (
    '<activity id="http://x/course" type="http://adlnet.gov/expapi/activities/course"><name lang="en">C</name>'
    '<name>D</name><description lang="en">About</description><launch lang="en">story.html?a=b</launch></activity>'
)


def read(activities: str) -> Inspection:
    text = f'<tincan xmlns="http://projecttincan.com/tincan.xsd"><activities>{activities}</activities></tincan>'
    return inspected(zipped({"tincan.xml": text, "story.html": ""}))


def test_launchable_activities_are_items_and_the_others_facts() -> None:
    found = read(ACTIVITY + '<activity id="http://x/slide"><name>Slide</name></activity>')
    made = found.package
    assert made is not None
    assert (made.standard, made.identifier, made.title, made.description) == (
        Standard.XAPI,
        "http://x/course",
        "C",
        "About",
    )
    (item,) = made.organization.items
    assert (item.identifier, item.href) == ("http://x/course", "story.html?a=b")
    assert item.launch_facts["name"] == {"en": "C", "und": "D"}
    assert [a["activityId"] for a in made.facts["activities"]] == ["http://x/course", "http://x/slide"]


@pytest.mark.parametrize(
    ("activities", "code"),
    [
        ("", "tincan_no_activity"),
        ('<activity id="http://x"/>', "nothing_to_launch"),
        ("<activity><launch>story.html</launch></activity>", "tincan_id_missing"),
        (ACTIVITY.replace("story.html", "gone.html"), "launch_file_missing"),
    ],
)
def test_what_cannot_run_is_rejected(activities: str, code: str) -> None:
    found = read(activities)
    assert found.package is None
    assert code in codes(found)


def test_scorm_wins_over_tincan_beside_it() -> None:
    found = inspected(zipped({"tincan.xml": "<broken", "imsmanifest.xml": manifest_12(), "index.html": ""}))
    assert found.package is not None
    assert found.package.standard is Standard.SCORM_12
