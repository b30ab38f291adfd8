"""Which standard a package was written for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from course_packages import xml
from course_packages.archive import Archive
from course_packages.model import Standard
from course_packages.problems import Findings
from course_packages.xml import Element, attribute, child, line_of

Kind = Literal["scorm", "cmi5", "xapi", "aicc"]

# In the order of belief where several lie side by side: authoring tools add tincan.xml to SCORM packages, not the reverse.
_MANIFESTS: dict[str, Kind] = {"imsmanifest.xml": "scorm", "cmi5.xml": "cmi5", "tincan.xml": "xapi"}
_EDITIONS = (
    (re.compile(r"\b4th\b|\bfourth\b"), Standard.SCORM_2004_4),
    (re.compile(r"\b3rd\b|\bthird\b"), Standard.SCORM_2004_3),
    (re.compile(r"\b2nd\b|\bsecond\b|\bcam ?1\.3\b"), Standard.SCORM_2004_2),
    (re.compile(r"^(scorm ?)?1\.[12]\b"), Standard.SCORM_12),
)


@dataclass(frozen=True)
class Detected:
    """``manifest`` is a path inside the zip; ``root`` its folder, "" or "folder/"."""

    kind: Kind
    manifest: str

    @property
    def root(self) -> str:
        return self.manifest[: self.manifest.rfind("/") + 1]


def detect(archive: Archive, findings: Findings) -> Detected:
    """The manifest of the package: of several the one least deep, then the first in the zip."""
    found: list[tuple[int, int, str]] = []
    for entry in archive.entries.values():
        kind = entry.path.rpartition("/")[2].lower()
        order = (
            list(_MANIFESTS).index(kind) if kind in _MANIFESTS else len(_MANIFESTS) if kind.endswith(".crs") else None
        )
        if order is not None:
            found.append((entry.path.count("/"), order, entry.path))
    if not found:
        _explain_nothing(archive, findings)
    depth, order, path = min(found, key=lambda f: f[:2])
    if depth:
        findings.repair("manifest_in_folder", file=path, folder=path.rpartition("/")[0])
    name = path.rpartition("/")[2]
    if order == len(_MANIFESTS):
        return Detected("aicc", path)
    if name != name.lower():
        findings.repair("manifest_name_case", file=path)
    return Detected(list(_MANIFESTS.values())[order], path)


def _explain_nothing(archive: Archive, findings: Findings) -> None:
    names = [entry.path for entry in archive.entries.values()]
    inner = next((n for n in names if n.lower().endswith(".zip")), None)
    if inner is not None:
        findings.fail("zip_within_zip", file=inner)
    findings.fail("manifest_missing", found=", ".join(sorted(names)[:5]) or "-")


def scorm_standard(root: Element, file: str, findings: Findings) -> tuple[Standard, str | None]:
    """(standard, schemaversion as written) of an ``imsmanifest.xml``."""
    written = xml.text(child(root, "metadata", "schemaversion")) or None
    words = (written or "").lower()
    for pattern, standard in _EDITIONS:
        if pattern.search(words):
            _check_namespaces(root, standard, file, findings)
            return standard, written
    standard = _by_content(root, words)
    code = "schema_version_missing" if written is None else "schema_version_unknown"
    findings.repair(code, file=file, version=written or "", standard=standard.value)
    return standard, written


def _by_content(root: Element, words: str) -> Standard:
    """The edition a manifest without a clear schemaversion is written in, from namespaces and elements."""
    uris = _namespaces(root)
    is_2004 = (
        "2004" in words
        or words == "1.3"
        or any(mark in uri for uri in uris for mark in ("adlcp_v1p3", "adlseq_v1p3", "adlnav_v1p3", "imsss"))
        or any(isinstance(e.tag, str) and xml.name(e) == "sequencing" for e in root.iter())
    )
    if not is_2004:
        return Standard.SCORM_12
    return Standard.SCORM_2004_4 if _has_fourth_edition(root) else Standard.SCORM_2004_3


def _has_fourth_edition(root: Element) -> bool:
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        name, namespace = xml.name(element), xml.namespace(element)
        if (name == "objectives" and "adlseq" in namespace) or (name == "data" and "adlcp" in namespace):
            return True
        if name == "completionthreshold" and len(element.attrib):
            return True
        if name == "organization" and attribute(element, "sharedDataGlobalToSystem"):
            return True
    return False


def _namespaces(root: Element) -> set[str]:
    uris = {uri.lower() for uri in root.nsmap.values() if uri}
    uris.update(xml.namespace(e) for e in root.iter() if isinstance(e.tag, str))
    return uris


def _check_namespaces(root: Element, standard: Standard, file: str, findings: Findings) -> None:
    uris = _namespaces(root)
    if not xml.namespace(root):
        findings.repair("namespace_missing", file=file, line=line_of(root))
    other = "adlcp_v1p3" if standard is Standard.SCORM_12 else "adlcp_rootv1p2"
    own = "adlcp_rootv1p2" if standard is Standard.SCORM_12 else "adlcp_v1p3"
    if any(other in uri for uri in uris) and not any(own in uri for uri in uris):
        findings.add("namespace_other_edition", file=file, line=line_of(root), standard=standard.value, namespace=other)
