"""xAPI packages: the activities of ``tincan.xml`` (Tin Can launch, Rustici's packaging convention)."""

from __future__ import annotations

from typing import Any

from course_packages import xml
from course_packages.model import CoursePackage, Item, Organization, Standard
from course_packages.parsers.files import PackageFiles
from course_packages.parsers.hrefs import resolve
from course_packages.xml import Element, attribute, child, children, line_of


def parse(root: Element, files: PackageFiles, manifest: str) -> CoursePackage:
    """Every activity with a ``launch`` becomes an item; the others are kept among the facts."""
    findings = files.findings
    group = child(root, "activities")
    activities = [] if group is None else list(children(group, "activity"))
    if xml.name(root) != "tincan" or not activities:
        findings.fail("tincan_no_activity", file=manifest, line=line_of(root))
    items = tuple(item for item in (_item(e, files, manifest) for e in activities) if item is not None)
    if not items:
        findings.add("nothing_to_launch", file=manifest)
    identifier = attribute(activities[0], "id") or "course"
    title = items[0].title if items else identifier
    organization = Organization(identifier=identifier, title=title, items=items)
    return CoursePackage(
        standard=Standard.XAPI,
        identifier=identifier,
        title=title,
        organizations=(organization,),
        default_organization=identifier,
        root=files.root,
        manifest_path=manifest,
        description=items[0].description if items else None,
        facts={"activities": [_facts(e) for e in activities]},
    )


def _item(element: Element, files: PackageFiles, manifest: str) -> Item | None:
    launch = child(element, "launch")
    if launch is None or not xml.text(launch):
        return None
    line, written = line_of(launch), xml.text(launch)
    identifier = attribute(element, "id")
    if not identifier:
        files.findings.add("tincan_id_missing", file=manifest, line=line_of(element))
        return None
    title = xml.text(child(element, "name")) or identifier
    target = resolve(files, (), written, file=manifest, line=line)
    if target is not None and target.path is None and not target.external:
        files.findings.add("launch_file_missing", file=manifest, line=line, title=title, path=written)
    return Item(
        identifier=identifier,
        title=title,
        href=None if target is None else target.href,
        description=xml.text(child(element, "description")) or None,
        launch_facts=_facts(element),
    )


def _facts(element: Element) -> dict[str, Any]:
    return {
        "activityId": attribute(element, "id"),
        "type": attribute(element, "type"),
        "name": _by_language(element, "name"),
        "description": _by_language(element, "description"),
    }


def _by_language(element: Element, wanted: str) -> dict[str, str]:
    return {attribute(e, "lang") or "und": xml.text(e) for e in children(element, wanted)}
