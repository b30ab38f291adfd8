"""Content packaging that all SCORM editions share: resources, organizations, items, sub-manifests.

What an edition adds to an item or an organization comes from its :class:`Edition`.
Sources: IMS Content Packaging 1.1.2 - 1.1.4, SCORM 1.2 CAM 2.3, SCORM 2004 4th Edition CAM 3.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from course_packages import xml
from course_packages.model import CoursePackage, Item, Organization, Resource, Standard
from course_packages.parsers import buckets, metadata
from course_packages.parsers.files import PackageFiles
from course_packages.parsers.hrefs import resolve, with_parameters
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of

# Deeper nesting has no reader; it would only exhaust stacks further on.
_DEEPEST = 60
_XML_ID = re.compile(r"[^\W\d][\w.\-·]*")


@dataclass(frozen=True)
class Edition:
    """What is particular to an edition: functions from an element to keyword arguments of the model class."""

    standard: Standard
    item: Callable[[Element, Values], dict[str, Any]]
    organization: Callable[[Element, Values], dict[str, Any]]


@dataclass
class _Found:
    """A resource with what is needed to report on it."""

    resource: Resource
    line: int | None
    missing: str | None
    usable: bool


@dataclass
class ManifestReader:
    """Reads one manifest into a :class:`CoursePackage`."""

    root: Element
    files: PackageFiles
    manifest: str
    edition: Edition
    schema_version: str | None
    resources: dict[str, _Found] = field(default_factory=dict)
    manifests: dict[str, Element] = field(default_factory=dict)
    # Every identifier in use, with the highest number that was appended to it.
    identifiers: dict[str, int] = field(default_factory=dict)
    items: int = 0

    def __post_init__(self) -> None:
        self.findings = self.files.findings
        self.values = Values(self.findings, self.manifest)

    def read(self) -> CoursePackage:
        """:class:`course_packages.problems.Rejected`, or errors among the findings, when it cannot be launched."""
        self._collect(self.root, [])
        self._type_resources()
        organizations = self._organizations()
        about = metadata.read(child(self.root, "metadata"), self.files, self.manifest)
        default = self._default(organizations)
        chosen = next(o for o in organizations if o.identifier == default)
        if not any(item.launchable for item in chosen.walk()):
            self.findings.add("nothing_to_launch", file=self.manifest)
        return CoursePackage(
            standard=self.edition.standard,
            identifier=attribute(self.root, "identifier") or chosen.identifier,
            title=self._title(chosen, about.title),
            organizations=tuple(organizations),
            default_organization=default,
            resources=tuple(found.resource for found in self.resources.values()),
            root=self.files.root,
            manifest_path=self.manifest,
            schema_version=self.schema_version,
            description=about.description,
            language=about.language,
            keywords=about.keywords,
            duration=about.duration,
            facts={"thumbnail": about.thumbnail} if about.thumbnail else {},
        )

    # --- resources ------------------------------------------------------------------------------------------------

    def _collect(self, manifest: Element, bases: list[str]) -> None:
        """The resources of a manifest and of its sub-manifests, with all xml:base applied."""
        bases = [*bases, attribute(manifest, "base") or ""]
        group = child(manifest, "resources")
        if group is not None:
            inner = [*bases, attribute(group, "base") or ""]
            for element in children(group, "resource"):
                self._resource(element, [*inner, attribute(element, "base") or ""])
        for sub in children(manifest, "manifest"):
            identifier = attribute(sub, "identifier")
            if identifier:
                self.manifests.setdefault(identifier, sub)
            self._collect(sub, bases)

    def _resource(self, element: Element, bases: list[str]) -> None:
        line = line_of(element)
        identifier = attribute(element, "identifier")
        if not identifier:
            self.findings.add("resource_without_identifier", file=self.manifest, line=line)
            return
        if identifier in self.resources:
            self.findings.add("resource_duplicate", file=self.manifest, line=line, identifier=identifier)
            return
        written = attribute(element, "href")
        target = resolve(self.files, bases, written, file=self.manifest, line=line) if written else None
        missing = written if target is not None and target.path is None and not target.external else None
        self.resources[identifier] = _Found(
            Resource(
                identifier=identifier,
                scorm_type=self._scorm_type(element),
                href=None if target is None else target.href,
                files=tuple(self._file_paths(element, bases)),
                dependencies=tuple(
                    filter(None, (attribute(d, "identifierref") for d in children(element, "dependency")))
                ),
                buckets=buckets.read(element, self.values),
            ),
            line,
            missing,
            usable=target is not None or not written,
        )

    def _scorm_type(self, element: Element) -> Literal["sco", "asset"] | None:
        value = attribute(element, "scormtype")
        if not value:
            return None
        kind = self.values.to_token(element, "scormType", value, ("sco", "asset"), "asset")
        return "sco" if kind == "sco" else "asset"

    def _file_paths(self, element: Element, bases: list[str]) -> Iterator[str]:
        for file in children(element, "file"):
            href = attribute(file, "href")
            target = resolve(self.files, bases, href, file=self.manifest, line=line_of(file)) if href else None
            if target is None or target.external:
                continue
            if target.path is None:
                self.findings.add("file_missing", file=self.manifest, line=line_of(file), path=href)
            else:
                yield target.path

    def _type_resources(self) -> None:
        """A package that types none of its resources means SCOs: an asset would find no API, and never report."""
        if any(found.resource.scorm_type for found in self.resources.values()):
            return
        for found in self.resources.values():
            if found.resource.href is not None:
                self.findings.repair("scorm_type_missing", file=self.manifest, line=found.line)
                found.resource = replace(found.resource, scorm_type="sco")

    # --- organizations --------------------------------------------------------------------------------------------

    def _organizations(self) -> list[Organization]:
        group = child(self.root, "organizations")
        found = [] if group is None else [self._organization(e) for e in children(group, "organization")]
        return found or [self._from_resources()]

    def _organization(self, element: Element) -> Organization:
        identifier = self._identifier(element, "organization")
        title = xml.text(child(element, "title"))
        items = tuple(self._item(e, 1, ()) for e in children(element, "item"))
        description = metadata.read(child(element, "metadata"), self.files, self.manifest).description
        extra = self.edition.organization(element, self.values)
        return Organization(identifier=identifier, title=title, items=items, description=description, **extra)

    def _title(self, chosen: Organization, described: str) -> str:
        """The course's title, if need be from its only item, its metadata or its identifier."""
        if chosen.title:
            return chosen.title
        only = chosen.items[0].title if len(chosen.items) == 1 else ""
        used = only or described or chosen.identifier
        if chosen.identifier in self.identifiers:  # one that the manifest has, not one made of its resources
            self.findings.repair("course_title_missing", file=self.manifest, used=used)
        return used

    def _from_resources(self) -> Organization:
        """A resource package has no organization: one item for each thing that can be launched."""
        found = list(self.resources.values())
        launchable = [f for f in found if f.resource.href and f.resource.scorm_type == "sco"]
        launchable = launchable or [f for f in found if f.resource.href]
        self.findings.repair("organization_missing", file=self.manifest)
        items = tuple(
            self._launch(
                Item(identifier=f"item-{f.resource.identifier}", title=f.resource.identifier),
                f.resource.identifier,
                None,
            )
            for f in launchable
        )
        extra = self.edition.organization(self.root, self.values)
        return Organization(identifier="organization", title="", items=items, **extra)

    def _default(self, organizations: list[Organization]) -> str:
        group = child(self.root, "organizations")
        wanted = None if group is None else attribute(group, "default")
        identifiers = [o.identifier for o in organizations]
        if wanted in identifiers:
            return str(wanted)
        if group is not None and next(children(group, "organization"), None) is not None:
            code = "default_organization_wrong" if wanted else "default_organization_missing"
            if wanted or len(identifiers) > 1:
                self.findings.repair(
                    code, file=self.manifest, line=line_of(group), wanted=wanted or "", used=identifiers[0]
                )
        return identifiers[0]

    # --- items ----------------------------------------------------------------------------------------------------

    def _item(self, element: Element, depth: int, within: tuple[str, ...]) -> Item:
        """``within``: the sub-manifests that are being put in, so that none is put into itself."""
        self.items += 1
        if depth > _DEEPEST:
            self.findings.fail("items_too_deep", file=self.manifest, line=line_of(element), limit=_DEEPEST)
        if self.items > self.files.limits.manifest_elements:
            self.findings.fail("items_too_many", file=self.manifest, limit=self.files.limits.manifest_elements)
        identifier = self._identifier(element, "item")
        title = xml.text(child(element, "title"))
        if not title:
            self.findings.repair("title_missing", file=self.manifest, line=line_of(element), identifier=identifier)
        item = Item(
            identifier=identifier,
            title=title or identifier,
            children=tuple(self._item(e, depth + 1, within) for e in children(element, "item")),
            visible=self.values.boolean(element, "isvisible", True),
            parameters=attribute(element, "parameters") or "",
            description=metadata.read(child(element, "metadata"), self.files, self.manifest).description,
            **self.edition.item(element, self.values),
        )
        reference = attribute(element, "identifierref")
        if not reference:
            if not item.children:
                self.findings.add("item_empty", file=self.manifest, line=line_of(element), title=item.title)
            return item
        if reference in self.manifests and reference not in self.resources:
            return self._put_in(item, element, reference, depth, within)
        return self._launch(item, reference, line_of(element))

    def _launch(self, item: Item, reference: str, line: int | None) -> Item:
        """The item with the resource it refers to."""
        found = self.resources.get(reference)
        if found is None:
            self.findings.add(
                "reference_dangling", file=self.manifest, line=line, title=item.title, reference=reference
            )
            return item
        resource = found.resource
        if resource.href is None:
            if found.usable:
                self.findings.add(
                    "resource_without_href", file=self.manifest, line=found.line, title=item.title, reference=reference
                )
            return item
        if found.missing is not None:
            self.findings.add(
                "launch_file_missing", file=self.manifest, line=found.line, title=item.title, path=found.missing
            )
        if resource.href.startswith(("http:", "https:", "//")):
            self.findings.add("launch_external", file=self.manifest, line=line, title=item.title, href=resource.href)
        return replace(
            item,
            resource=resource.identifier,
            href=with_parameters(resource.href, item.parameters),
            scorm_type=resource.scorm_type or "asset",
            buckets=resource.buckets,
        )

    def _put_in(self, item: Item, element: Element, reference: str, depth: int, within: tuple[str, ...]) -> Item:
        """The item stands for a sub-manifest: its default organization's items become the item's children."""
        if reference in within:
            self.findings.fail("manifest_in_itself", file=self.manifest, line=line_of(element), reference=reference)
        group = child(self.manifests[reference], "organizations")
        organizations = [] if group is None else list(children(group, "organization"))
        if not organizations or group is None:
            self.findings.add(
                "reference_dangling", file=self.manifest, line=line_of(element), title=item.title, reference=reference
            )
            return item
        wanted = attribute(group, "default")
        chosen = next((o for o in organizations if attribute(o, "identifier") == wanted), organizations[0])
        inner = tuple(self._item(e, depth + 1, (*within, reference)) for e in children(chosen, "item"))
        return replace(item, children=item.children + inner)

    def _identifier(self, element: Element, kind: str) -> str:
        """The identifier of an organization or item, made unique: activities are found by it."""
        given = attribute(element, "identifier")
        line = line_of(element)
        if not given:
            self.findings.repair("identifier_missing", file=self.manifest, line=line, kind=kind)
        elif not _XML_ID.fullmatch(given):
            self.findings.repair("identifier_invalid", file=self.manifest, line=line, identifier=given)
        base = given or f"{kind}-{len(self.identifiers) + 1}"
        identifier = base
        while identifier in self.identifiers:
            self.identifiers[base] += 1
            identifier = f"{base}-{self.identifiers[base]}"
        if given and identifier != given:
            self.findings.repair("identifier_duplicate", file=self.manifest, line=line, identifier=given)
        self.identifiers[identifier] = 1
        return identifier
