"""cmi5: the course structure ``cmi5.xml`` (cmi5 "Quartz" 13, CourseStructure.xsd)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from course_packages import xml
from course_packages.model import CoursePackage, Item, Organization, Standard
from course_packages.parsers.files import PackageFiles
from course_packages.parsers.hrefs import resolve
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of

_MOVE_ON = ("NotApplicable", "Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed")
_LAUNCH_METHODS = ("AnyWindow", "OwnWindow")
_DEEPEST = 60
_NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/coursestructure.xsd"
# 8.1: what a launch adds to the address of an AU.
_RESERVED = {"endpoint", "fetch", "actor", "registration", "activityId"}
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
# 14.2: without a zip every url is a complete one.
_COMPLETE = re.compile(r"https?://", re.IGNORECASE)
_ADDRESS = re.compile(r"(https?:)?//[^\s/?#]+\S*", re.IGNORECASE)


def parse(root: Element, files: PackageFiles, manifest: str) -> CoursePackage:
    """The course structure; what breaks its rules is among the findings."""
    return _Reader(files, manifest).read(root)


def languages(element: Element | None) -> dict[str, str]:
    """A language map of the ``langstring`` children; "und" where no language is given (RFC 5646)."""
    if element is None:
        return {}
    strings = {attribute(s, "lang") or "und": xml.text(s) for s in children(element, "langstring")}
    return strings or ({"und": xml.text(element)} if xml.text(element) else {})


class _Reader:
    def __init__(self, files: PackageFiles, manifest: str) -> None:
        self.files, self.manifest = files, manifest
        self.findings = files.findings
        self.values = Values(files.findings, manifest)
        self.identifiers: set[str] = set()
        self.objectives: dict[str, dict[str, Any]] = {}

    def read(self, root: Element) -> CoursePackage:
        course = child(root, "course")
        if xml.name(root) != "coursestructure" or course is None:
            self.findings.fail("cmi5_no_course", file=self.manifest, line=line_of(root))
        if xml.namespace(root) != _NAMESPACE:
            found = xml.namespace(root) or "–"
            self.findings.add("cmi5_namespace", file=self.manifest, line=line_of(root), found=found)
        self._check_languages(root)
        identifier = self._identifier(course)
        title, description = languages(child(course, "title")), languages(child(course, "description"))
        self._declare_objectives(child(root, "objectives"))
        items = self._items(root, 1)
        if not any(item.launchable for parent in items for item in parent.walk()):
            self.findings.add("nothing_to_launch", file=self.manifest)
        shown = _first(title) or identifier
        organization = Organization(
            identifier=identifier, title=shown, items=items, description=_first(description) or None
        )
        return CoursePackage(
            standard=Standard.CMI5,
            identifier=identifier,
            title=shown,
            organizations=(organization,),
            default_organization=identifier,
            root=self.files.root,
            manifest_path=self.manifest,
            description=_first(description) or None,
            language=next(iter(title), None),
            facts={"title": title, "description": description, "objectives": list(self.objectives.values())},
        )

    def _check_languages(self, root: Element) -> None:
        """A language map has each language once (RFC 5646 tags, matched without case)."""
        for element in root.iter("{*}title", "{*}description"):
            tags = [(attribute(s, "lang") or "und").lower() for s in children(element, "langstring")]
            for tag in sorted({tag for tag in tags if tags.count(tag) > 1}):
                self.findings.add("cmi5_language_twice", file=self.manifest, line=line_of(element), language=tag)

    def _declare_objectives(self, group: Element | None) -> None:
        for objective in children(group, "objective") if group is not None else ():
            identifier = self._identifier(objective)
            title, description = languages(child(objective, "title")), languages(child(objective, "description"))
            self.objectives[identifier] = {"id": identifier, "title": title, "description": description}

    def _items(self, parent: Element, depth: int) -> tuple[Item, ...]:
        if depth > _DEEPEST:
            self.findings.fail("items_too_deep", file=self.manifest, line=line_of(parent), limit=_DEEPEST)
        found = []
        for element in children(parent, "au", "block"):
            found.append(self._unit(element) if xml.name(element) == "au" else self._block(element, depth))
        if not found:
            self.findings.add("cmi5_empty_block", file=self.manifest, line=line_of(parent))
        return tuple(found)

    def _block(self, element: Element, depth: int) -> Item:
        common = self._common(element)
        facts = common.pop("facts")
        return Item(**common, children=self._items(element, depth + 1), launch_facts=facts)

    def _unit(self, element: Element) -> Item:
        common = self._common(element)
        facts = common.pop("facts")
        facts |= {
            "moveOn": self.values.token(element, "moveOn", _MOVE_ON, "NotApplicable"),
            "launchMethod": self.values.token(element, "launchMethod", _LAUNCH_METHODS, "AnyWindow"),
            "masteryScore": self._mastery(element),
            "activityType": attribute(element, "activityType"),
            # 13.1.4: the text as it stands, white space included, is what the AU finds in its launch data.
            "launchParameters": xml.raw_text(child(element, "launchparameters")) or None,
            "entitlementKey": xml.raw_text(child(element, "entitlementkey")) or None,
        }
        return Item(**common, href=self._href(element, common["title"]), launch_facts=facts)

    def _common(self, element: Element) -> dict[str, Any]:
        identifier = self._identifier(element)
        title, description = languages(child(element, "title")), languages(child(element, "description"))
        if not title:
            self.findings.repair("title_missing", file=self.manifest, line=line_of(element), identifier=identifier)
        return {
            "identifier": identifier,
            "title": _first(title) or identifier,
            "description": _first(description) or None,
            "facts": {"title": title, "description": description, "objectives": self._references(element)},
        }

    def _references(self, element: Element) -> list[str]:
        group = child(element, "objectives")
        found = []
        for objective in children(group, "objective") if group is not None else ():
            reference = attribute(objective, "idref") or ""
            if reference not in self.objectives:
                self.findings.add(
                    "cmi5_objective_unknown", file=self.manifest, line=line_of(objective), identifier=reference
                )
            else:
                found.append(reference)
        return found

    def _mastery(self, element: Element) -> float | None:
        value = self.values.number(element, "masteryScore", -1.0, 0, 1)
        return None if value < 0 else value

    def _identifier(self, element: Element) -> str:
        """13.1: every id is an IRI, unique in the course structure."""
        identifier = attribute(element, "id") or ""
        line = line_of(element)
        if not identifier:
            self.findings.add("cmi5_id_missing", file=self.manifest, line=line, element=xml.name(element))
        elif identifier in self.identifiers:
            self.findings.add("cmi5_id_duplicate", file=self.manifest, line=line, identifier=identifier)
        elif not _IRI.fullmatch(identifier):
            self.findings.add("cmi5_id_no_iri", file=self.manifest, line=line, identifier=identifier)
        self.identifiers.add(identifier)
        return identifier

    def _href(self, element: Element, title: str) -> str | None:
        written, line = xml.text(child(element, "url")), line_of(element)
        if not written:
            self.findings.add("cmi5_url_missing", file=self.manifest, line=line, title=title)
            return None
        query = parse_qsl(written.partition("?")[2].partition("#")[0], keep_blank_values=True)
        for parameter in sorted({key for key, _ in query} & _RESERVED):
            self.findings.add(
                "cmi5_reserved_parameter", file=self.manifest, line=line, title=title, parameter=parameter
            )
        target = resolve(self.files, (), written, file=self.manifest, line=line)
        if target is None:
            return None
        if self.files.alone and not _COMPLETE.match(written):
            self.findings.add("cmi5_url_relative", file=self.manifest, line=line, title=title, href=written)
            return None
        if target.external and not _ADDRESS.fullmatch(written):
            self.findings.add("cmi5_url_invalid", file=self.manifest, line=line, title=title, href=written)
        if target.path is None and not target.external:
            self.findings.add("launch_file_missing", file=self.manifest, line=line, title=title, path=written)
        return target.href


def _first(strings: dict[str, str]) -> str:
    return next(iter(strings.values()), "")
