"""Manifests against their schemas: each fault once, with its place, how often it is there and what to do; never a rejection."""

from __future__ import annotations

import pytest

from course_packages.inspection import Inspection
from course_packages.messages import MESSAGES
from course_packages.problems import Problem, Repair
from tests.course_packages.building import codes, inspected, manifest_12, manifest_2004, package, zipped


def found_in(found: Inspection, code: str) -> Problem | Repair:
    """The one finding with this code."""
    assert found.package is not None, [p.sentence() for p in found.report.errors]
    (one,) = [f for f in (*found.report.problems, *found.report.repairs) if f.code == code]
    assert one.file is not None
    assert one.line is not None
    if isinstance(one, Problem):
        assert one.severity == "warning"
        assert one.advice
    return one


# --- IMS Content Packaging ----------------------------------------------------------------------------------------

ITEM = '<item identifier="i1" identifierref="r1"><title>One</title>{}</item>'
RESOURCE = '<resource identifier="r1" type="webcontent" adlcp:scormType="sco" href="index.html">{}</resource>'


def scorm(item: str = "", resource: str = "", items: str | None = None) -> Inspection:
    return inspected(package(manifest_2004(items or ITEM.format(item), RESOURCE.format(resource))))


def test_good_manifests_have_nothing_to_say() -> None:
    for found in (scorm(), inspected(package(manifest_12()))):
        assert [code for code in codes(found) if code.startswith(("schema_", "objective_", "dependency_"))] == []


@pytest.mark.parametrize(
    ("item", "resource", "code", "about"),
    [
        ("<title>Two</title>", "", "schema_element_repeated", ("item", "title", 1)),
        ("<titel>Two</titel><titel/>", "", "schema_element_unknown", ("item", "titel", 2)),
        ("<metadata/><metadata/>", "", "schema_element_repeated", ("item", "metadata", 1)),
        ("", "<file/>", "schema_attribute_missing", ("file", "href", 1)),
        ("", "<dependency/>", "schema_attribute_missing", ("dependency", "identifierref", 1)),
    ],
)
def test_a_fault_of_a_manifest_is_told_with_its_place(
    item: str, resource: str, code: str, about: tuple[str, str, int]
) -> None:
    one = found_in(scorm(item, resource), code)
    assert (one.values["element"], one.values["part"], one.values["count"]) == about


def test_the_same_fault_in_many_places_is_one_line() -> None:
    items = "\n".join(f'<item identifier="i{n}" identifierref="r1"><title>{n}</title><x/></item>' for n in range(40))
    one = found_in(scorm(items=items), "schema_element_unknown")
    assert one.values["count"] == 40
    manifest = manifest_2004(items, RESOURCE.format(""))
    assert one.line == manifest[: manifest.index('<item identifier="i0"')].count("\n") + 1


def test_another_order_is_a_repair() -> None:
    one = found_in(scorm(resource='<dependency identifierref="r1"/><file href="index.html"/>'), "schema_order")
    assert isinstance(one, Repair)
    assert one.message == "What stands within <resource> is not in the order of its schema."


def test_extensions_and_manifests_without_namespace_are_left_alone() -> None:
    assert codes(scorm('<x:own xmlns:x="urn:x"><x:title/><x:title/></x:own>')) == []
    bare = manifest_2004(ITEM.format("<own/>"), RESOURCE.format("")).replace(
        'xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"', ""
    )
    found = inspected(package(bare))
    assert found.package is not None
    assert "schema_element_unknown" not in codes(found)


def test_a_dependency_on_nothing() -> None:
    one = found_in(scorm(resource='<dependency identifierref="gone"/>'), "dependency_unknown")
    assert one.values["reference"] == "gone"


def test_an_item_that_launches_and_contains() -> None:
    inner = '<item identifier="i2" identifierref="r1"><title>Two</title></item>'
    one = found_in(scorm(inner), "item_launches_and_contains")
    assert one.values["identifier"] == "i1"


# --- IMS Simple Sequencing ----------------------------------------------------------------------------------------


def sequencing(inner: str) -> Inspection:
    return scorm(f"<imsss:sequencing>{inner}</imsss:sequencing>")


def test_a_good_definition_has_nothing_to_say() -> None:
    good = (
        '<imsss:controlMode flow="true"/><imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions>'
        '<imsss:ruleCondition condition="satisfied"/></imsss:ruleConditions><imsss:ruleAction action="skip"/>'
        '</imsss:preConditionRule></imsss:sequencingRules><imsss:objectives><imsss:primaryObjective objectiveID="p">'
        '<imsss:mapInfo targetObjectiveID="g" writeSatisfiedStatus="true"/></imsss:primaryObjective>'
        '<imsss:objective objectiveID="o"><imsss:mapInfo targetObjectiveID="h" writeSatisfiedStatus="true"/>'
        "</imsss:objective></imsss:objectives>"
    )
    assert codes(sequencing(good)) == []


@pytest.mark.parametrize(
    ("inner", "code", "about"),
    [
        ("<imsss:controlMode/><imsss:controlMode/>", "schema_element_repeated", ("sequencing", "controlMode")),
        ("<imsss:controlmodes/>", "schema_element_unknown", ("sequencing", "controlmodes")),
        (
            '<imsss:objectives><imsss:objective objectiveID="o"/></imsss:objectives>',
            "schema_element_missing",
            ("objectives", "primaryObjective"),
        ),
        (
            "<imsss:rollupRules><imsss:rollupRule><imsss:rollupConditions>"
            '<imsss:rollupCondition condition="completed"/></imsss:rollupConditions></imsss:rollupRule></imsss:rollupRules>',
            "schema_element_missing",
            ("rollupRule", "rollupAction"),
        ),
    ],
)
def test_a_fault_of_a_definition(inner: str, code: str, about: tuple[str, str]) -> None:
    one = found_in(sequencing(inner), code)
    assert (one.values["element"], one.values["part"]) == about


def test_a_shared_objective_with_two_writers_and_one_with_two_sources() -> None:
    def maps(*targets: str, writes: bool) -> str:
        how = 'readSatisfiedStatus="false" writeSatisfiedStatus="true"' if writes else ""
        return "".join(f'<imsss:mapInfo targetObjectiveID="{target}" {how}/>' for target in targets)

    def objectives(first: str, second: str) -> Inspection:
        return sequencing(
            f'<imsss:objectives><imsss:primaryObjective objectiveID="p">{first}</imsss:primaryObjective>'
            f'<imsss:objective objectiveID="o">{second}</imsss:objective></imsss:objectives>'
        )

    written = objectives(maps("g", writes=True), maps("g", writes=True))
    assert found_in(written, "objective_written_twice").values["identifier"] == "g"
    read = objectives("", maps("g", "h", writes=False))
    assert found_in(read, "objective_read_twice").values["identifier"] == "o"
    assert codes(objectives(maps("g", writes=True), maps("g", writes=False))) == []


# --- cmi5 ---------------------------------------------------------------------------------------------------------

NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
TEXTS = (
    '<title><langstring lang="en">T</langstring></title><description><langstring lang="en">D</langstring></description>'
)
COURSE = f'<course id="urn:x:c">{TEXTS}</course>'
UNIT = f'<au id="urn:x:u">{TEXTS}<url>index.html</url></au>'


def cmi5(*parts: str, namespace: str = NAMESPACE) -> Inspection:
    text = f'<courseStructure xmlns="{namespace}">\n' + "\n".join(parts) + "\n</courseStructure>"
    return inspected(zipped({"cmi5.xml": text, "index.html": ""}))


OBJECTIVES = f'<objectives><objective id="urn:x:o">{TEXTS}</objective></objectives>'


def test_a_good_structure_has_nothing_to_say() -> None:
    full = (
        f'<block id="urn:x:b">{TEXTS}<objectives><objective idref="urn:x:o"/></objectives>{UNIT}</block>'
        f'<au id="urn:x:v" moveOn="Passed" masteryScore="0.5">{TEXTS}<url>index.html?a=1</url>'
        "<launchParameters>x</launchParameters><entitlementKey>k</entitlementKey></au>"
    )
    assert codes(cmi5(COURSE, OBJECTIVES, full)) == []


@pytest.mark.parametrize(
    ("parts", "code", "about"),
    [
        (('<course id="urn:x:c"/>', UNIT), "schema_element_missing", ("course", "title")),
        (
            (COURSE, UNIT.replace('<description><langstring lang="en">D</langstring></description>', "")),
            "schema_element_missing",
            ("au", "description"),
        ),
        ((COURSE, COURSE.replace(":c", ":d"), UNIT), "schema_element_repeated", ("courseStructure", "course")),
        ((COURSE, "<objectives/>", UNIT), "schema_element_missing", ("objectives", "objective")),
        (
            (COURSE, UNIT.replace("<url>", "<moveOn>Passed</moveOn><url>")),
            "schema_element_unknown",
            ("au", "moveOn"),
        ),
        (
            (COURSE, UNIT.replace("<url>", "<url>index.html</url><url>")),
            "schema_element_repeated",
            ("au", "url"),
        ),
        (
            (COURSE, UNIT.replace('<title><langstring lang="en">T</langstring></title>', "<title>T</title>")),
            "schema_element_missing",
            ("title", "langstring"),
        ),
        (
            (COURSE, UNIT.replace("<url>", "<objectives><objective/></objectives><url>")),
            "schema_attribute_missing",
            ("objective", "idref"),
        ),
    ],
)
def test_a_fault_of_a_structure(parts: tuple[str, ...], code: str, about: tuple[str, str]) -> None:
    found = cmi5(*parts)
    assert found.package is not None, [p.sentence() for p in found.report.errors]
    values = [p.values for p in found.report.problems if p.code == code]
    assert about in [(v["element"], v["part"]) for v in values]


def test_the_order_of_a_structure() -> None:
    assert codes(cmi5(OBJECTIVES, COURSE, UNIT)) == ["schema_order"]


def test_another_namespace_is_named() -> None:
    one = found_in(cmi5(COURSE, UNIT, namespace="urn:example:cmi5"), "cmi5_namespace")
    assert one.values["found"] == "urn:example:cmi5"


def test_a_language_twice() -> None:
    twice = UNIT.replace("<title>", '<title><langstring lang="EN">Other</langstring>')
    assert found_in(cmi5(COURSE, twice), "cmi5_language_twice").values["language"] == "en"


def test_every_message_has_advice_in_both_languages() -> None:
    for code, text in MESSAGES.items():
        if text.severity != "repair":
            assert all(text.english), code
            assert all(text.indonesian), code
