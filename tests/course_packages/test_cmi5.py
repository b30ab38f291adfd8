from __future__ import annotations

import pytest

from course_packages.inspection import Inspection
from course_packages.model import Standard, from_json, to_json
from tests.course_packages.building import codes, inspected, zipped

TEXT = '<{0}><langstring lang="en">{1}</langstring><langstring lang="id">{1} (id)</langstring></{0}>'
ABOUT = TEXT.format("title", "T") + TEXT.format("description", "D")
AU = '<au id="{0}" {1}>' + ABOUT + "{2}<url>{3}</url></au>"
PLAIN = AU.format("urn:a:1", "", "", "index.html")


def read(body: str, *, objectives: str = "", course: str = 'id="urn:c"') -> Inspection:
    text = (
        '<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">'
        f"<course {course}>{ABOUT}</course>{objectives}{body}</courseStructure>"
    )
    return inspected(zipped({"cmi5.xml": text, "index.html": ""}))


def test_units_in_blocks_with_all_their_facts() -> None:
    objectives = f'<objectives><objective id="urn:o">{ABOUT}</objective></objectives>'
    unit = AU.format(
        "urn:a:1",
        'moveOn="CompletedOrPassed" masteryScore="0.8" launchMethod="OwnWindow" activityType="http://x/lesson"',
        '<objectives><objective idref="urn:o"/></objectives>',
        "index.html?pages=1",
    ).replace("</url>", "</url><launchParameters> a=1\n</launchParameters><entitlementKey>k</entitlementKey>")
    found = read(f'<block id="urn:b">{ABOUT}{unit}</block>', objectives=objectives)
    made = found.package
    assert made is not None, found.report.errors
    assert (made.standard, made.identifier, made.title, made.description) == (Standard.CMI5, "urn:c", "T", "D")
    assert made.facts["objectives"][0]["id"] == "urn:o"
    block, item = made.organization.walk()
    assert (block.identifier, block.href, item.identifier, item.href) == (
        "urn:b",
        None,
        "urn:a:1",
        "index.html?pages=1",
    )
    assert item.launch_facts == {
        "title": {"en": "T", "id": "T (id)"},
        "description": {"en": "D", "id": "D (id)"},
        "objectives": ["urn:o"],
        "moveOn": "CompletedOrPassed",
        "launchMethod": "OwnWindow",
        "masteryScore": 0.8,
        "activityType": "http://x/lesson",
        "launchParameters": " a=1\n",
        "entitlementKey": "k",
    }
    assert from_json(to_json(made)) == made


def test_defaults_and_external_addresses() -> None:
    found = read(AU.format("urn:a:1", "", "", "https://example.org/au?x=1"))
    assert found.package is not None
    (item,) = found.package.organization.items
    assert item.href == "https://example.org/au?x=1"
    facts = item.launch_facts
    assert (facts["moveOn"], facts["launchMethod"], facts["masteryScore"]) == ("NotApplicable", "AnyWindow", None)


@pytest.mark.parametrize(
    ("body", "course", "code"),
    [
        (PLAIN + PLAIN, 'id="urn:c"', "cmi5_id_duplicate"),
        (AU.format("one", "", "", "index.html"), 'id="urn:c"', "cmi5_id_no_iri"),
        (PLAIN, "", "cmi5_id_missing"),
        (AU.format("urn:a", "", "", ""), 'id="urn:c"', "cmi5_url_missing"),
        (AU.format("urn:a", "", "", "http://e.org index.html"), 'id="urn:c"', "cmi5_url_invalid"),
        (
            AU.format("urn:a", "", "", "index.html?x=1&amp;endpoint=http://e.org#x"),
            'id="urn:c"',
            "cmi5_reserved_parameter",
        ),
        (AU.format("urn:a", "", "", "gone.html"), 'id="urn:c"', "launch_file_missing"),
        (AU.format("urn:a", "", "", "../x"), 'id="urn:c"', "href_outside"),
        (f'{PLAIN}<block id="urn:b">{ABOUT}</block>', 'id="urn:c"', "cmi5_empty_block"),
        ("", 'id="urn:c"', "nothing_to_launch"),
    ],
)
def test_rules_of_the_course_structure(body: str, course: str, code: str) -> None:
    found = read(body, course=course)
    assert found.package is None
    assert code in [e.code for e in found.report.errors]


def test_wrong_values_are_warned_of() -> None:
    body = AU.format(
        "urn:a", 'moveOn="Sometimes" masteryScore="80"', '<objectives><objective idref="x"/></objectives>', "index.html"
    )
    found = read(body)
    assert found.package is not None
    assert sorted(codes(found)) == ["cmi5_objective_unknown", "value_invalid", "value_invalid"]


def test_other_root_is_refused() -> None:
    assert codes(inspected(zipped({"cmi5.xml": "<a/>"}))) == ["cmi5_no_course"]
