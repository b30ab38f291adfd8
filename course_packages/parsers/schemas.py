"""Manifests against the rules of their published schemas: what must be there, how often, and what is not known at all.

Content that breaks them plays all the same wherever the reader of a format can make sense of it, so these are warnings; what a
course cannot do without is an error of its own in the parsers. Rules: imscp_v1p1.xsd and imscp_rootv1p1p2.xsd (IMS Content
Packaging), imsss_v1p0.xsd (IMS Simple Sequencing) with SN 3.10, CourseStructure.xsd (cmi5 Quartz 13).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from course_packages.problems import Findings
from course_packages.xml import Element, attribute, children, line_of, name, namespace

_MANY = 1_000_000


@dataclass(frozen=True)
class Part:
    """Children of these names (lower case), together ``least`` to ``most`` times; ``shown`` as the schema spells them."""

    shown: tuple[str, ...]
    least: int = 0
    most: int = _MANY

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.lower() for one in self.shown)


@dataclass(frozen=True)
class Shape:
    """The content of an element: its parts in the order of the schema, and attributes it cannot go without."""

    parts: tuple[Part, ...] = ()
    attributes: tuple[str, ...] = ()


def _one(*shown: str) -> Part:
    return Part(shown, 0, 1)


def _needed(*shown: str) -> Part:
    return Part(shown, 1, 1)


def _some(*shown: str) -> Part:
    return Part(shown)


# By the name of the element, or parent/name where that decides. What the parsers themselves complain about is not asked for again.
_IMSCP = {
    "manifest": Shape((_one("metadata"), _one("organizations"), _needed("resources"), _some("manifest"))),
    "metadata": Shape((_one("schema"), _one("schemaversion"))),
    "organizations": Shape((_some("organization"),)),
    "organization": Shape((_one("title"), _some("item"), _one("metadata"))),
    "item": Shape((_one("title"), _some("item"), _one("metadata"))),
    "resources": Shape((_some("resource"),)),
    "resource": Shape((_one("metadata"), _some("file"), _some("dependency"))),
    "file": Shape((_one("metadata"),), ("href",)),
    "dependency": Shape((), ("identifierref",)),
}
_RULE = Shape((_one("ruleConditions"), _needed("ruleAction")))
_OBJECTIVE = Shape((_one("minNormalizedMeasure"), _some("mapInfo")))
_IMSSS = {
    "sequencing": Shape(
        tuple(
            _one(part)
            for part in (
                "controlMode",
                "sequencingRules",
                "limitConditions",
                "auxiliaryResources",
                "rollupRules",
                "objectives",
                "randomizationControls",
                "deliveryControls",
            )
        )
    ),
    "sequencingrules": Shape((_some("preConditionRule"), _some("exitConditionRule"), _some("postConditionRule"))),
    "preconditionrule": _RULE,
    "exitconditionrule": _RULE,
    "postconditionrule": _RULE,
    "ruleconditions": Shape((_some("ruleCondition"),)),
    "rolluprules": Shape((_some("rollupRule"),)),
    "rolluprule": Shape((_one("rollupConditions"), _needed("rollupAction"))),
    "rollupconditions": Shape((_some("rollupCondition"),)),
    "objectives": Shape((_needed("primaryObjective"), _some("objective"))),
    "primaryobjective": _OBJECTIVE,
    "objective": _OBJECTIVE,
    "sequencingcollection": Shape((_some("sequencing"),)),
}
_TEXT = Shape((Part(("langstring",), 1),))
_CMI5 = {
    "coursestructure": Shape((_one("course"), _one("objectives"), _some("au", "block"))),
    "course": Shape((_needed("title"), _needed("description"))),
    "coursestructure/objectives": Shape((Part(("objective",), 1),)),
    "coursestructure/objectives/objective": Shape((_needed("title"), _needed("description"))),
    "objectives": Shape((Part(("objective",), 1),)),
    "objective": Shape((), ("idref",)),
    "au": Shape(
        (
            _one("title"),
            _needed("description"),
            _one("objectives"),
            _one("url"),
            _one("launchParameters"),
            _one("entitlementKey"),
        )
    ),
    "block": Shape((_one("title"), _needed("description"), _one("objectives"), _some("au", "block"))),
    "title": _TEXT,
    "description": _TEXT,
}
_VOCABULARIES = (("imscp", _IMSCP), ("imsss", _IMSSS))


@dataclass
class _Seen:
    """The first place of a finding, and how often it was made."""

    line: int | None
    count: int = 0


def check(root: Element, file: str, findings: Findings) -> None:
    """Note where the document breaks the rules of its schema: each kind of fault once, with the first place and how often."""
    faults: dict[tuple[str, str, str], _Seen] = {}
    for element, shape in _shaped(root):
        for code, part in _faults(element, shape):
            seen = faults.setdefault((code, _spelled(element), part), _Seen(line_of(element)))
            seen.count += 1
    for (code, element_name, part), seen in faults.items():
        if code == "schema_order":
            findings.repair(code, file=file, line=seen.line, count=seen.count, element=element_name)
        else:
            findings.add(code, file=file, line=seen.line, element=element_name, part=part, count=seen.count)


def _shaped(root: Element) -> Iterator[tuple[Element, Shape]]:
    """Every element that one of the schemas describes, with its shape."""
    waiting: list[tuple[Element, str]] = [(root, "")]
    while waiting:
        element, above = waiting.pop()
        rules = _vocabulary(element, root)
        found = name(element)
        key = next((k for k in (f"{above}/{found}", found) if k in rules), found)
        if key in rules:
            yield element, rules[key]
        waiting += [(below, key) for below in element.iterchildren("*")][::-1]


def _vocabulary(element: Element, root: Element) -> dict[str, Shape]:
    """The rules of the element's namespace; elements of extensions have none."""
    where = namespace(element)
    if name(root) == "coursestructure":
        return _CMI5 if where == namespace(root) else {}
    return next((rules for word, rules in _VOCABULARIES if word in where), {})


def _faults(element: Element, shape: Shape) -> Iterator[tuple[str, str]]:
    """(code, what it is about) of one element."""
    own = [child for child in element.iterchildren("*") if namespace(child) == namespace(element)]
    counts = Counter(name(child) for child in own)
    ranks = {one: rank for rank, part in enumerate(shape.parts) for one in part.names}
    for part in shape.parts:
        count = sum(counts[one] for one in part.names)
        if count < part.least:
            yield "schema_element_missing", part.shown[0]
        elif count > part.most:
            yield "schema_element_repeated", part.shown[0]
    if shape.parts:
        for child in own:
            if name(child) not in ranks:
                yield "schema_element_unknown", _spelled(child)
    order = [ranks[name(child)] for child in own if name(child) in ranks]
    if order != sorted(order):
        yield "schema_order", ""
    for wanted in shape.attributes:
        if not attribute(element, wanted):
            yield "schema_attribute_missing", wanted


def _spelled(element: Element) -> str:
    """The local name as it is written."""
    return str(element.tag).rpartition("}")[2]


# --- rules between elements ---------------------------------------------------------------------------------------


def check_scorm(root: Element, file: str, findings: Findings, *, sequenced: bool) -> None:
    """Rules of SCORM manifests that no single element shows; ``sequenced``: those of SCORM 2004 too."""
    resources = {attribute(r, "identifier") for r in root.iter("{*}resource")}
    for dependency in root.iter("{*}dependency"):
        wanted = attribute(dependency, "identifierref")
        if wanted and wanted not in resources:
            findings.add("dependency_unknown", file=file, line=line_of(dependency), reference=wanted)
    if not sequenced:
        return
    for item in root.iter("{*}item"):
        # CAM 3.4.1.9: only a leaf refers to a resource.
        if attribute(item, "identifierref") and next(children(item, "item"), None) is not None:
            title = attribute(item, "identifier") or ""
            findings.add("item_launches_and_contains", file=file, line=line_of(item), identifier=title)
    for objectives in root.iter("{*}objectives"):
        if "imsss" in namespace(objectives):
            _check_maps(objectives, file, findings)


def _check_maps(objectives: Element, file: str, findings: Findings) -> None:
    """SN 3.10.2: no two objectives of an activity write the same global one; an objective reads each thing from one only."""
    written: set[str] = set()
    for objective in children(objectives, "primaryobjective", "objective"):
        reads = 0
        targets: set[str] = set()
        for info in children(objective, "mapinfo"):
            target = attribute(info, "targetObjectiveID") or ""
            reads += (attribute(info, "readSatisfiedStatus") or "true").lower() in ("true", "1")
            if any((attribute(info, what) or "").lower() in ("true", "1") for what in _WRITES):
                targets.add(target)
        for target in sorted(targets & written):
            findings.add("objective_written_twice", file=file, line=line_of(objective), identifier=target)
        written |= targets
        if reads > 1:
            identifier = attribute(objective, "objectiveID") or ""
            findings.add("objective_read_twice", file=file, line=line_of(objective), identifier=identifier)


_WRITES = ("writeSatisfiedStatus", "writeNormalizedMeasure")
