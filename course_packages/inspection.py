"""From an uploaded file to a parsed package and a report, without storing anything. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import IO

from course_packages import detection, media, strictness, xml
from course_packages.archive import Archive, Limits
from course_packages.model import CoursePackage, Standard
from course_packages.parsers import aicc, cmi5, schemas, scorm_12, scorm_2004, tincan
from course_packages.parsers.files import NoFiles, PackageFiles
from course_packages.parsers.manifest import ManifestReader
from course_packages.parsers.sequencing import SequencingReader
from course_packages.problems import Findings, Rejected, Report

# Sequencing elements a package may have once every IDRef is put in its place, as a multiple of the limit of elements.
_SEQUENCING_FACTOR = 5
# Under this name a course structure that came without a zip is stored.
_STRUCTURE = "cmi5.xml"
_HEAD = 1024
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml\b|([A-Za-z_][\w.-]*:)?courseStructure\b)")


@dataclass(frozen=True)
class Inspection:
    """``package`` is None when the report has errors; ``files`` None for a zip that could not be read and for a single file.

    ``single`` is the path under which a file that is not a zip is stored: a media file, or a course structure.
    """

    package: CoursePackage | None
    report: Report
    files: PackageFiles | None
    single: str | None = None

    @property
    def importable(self) -> bool:
        return self.package is not None


def inspect(
    file: IO[bytes],
    limits: Limits | None = None,
    *,
    filename: str = "",
    threshold: float = media.THRESHOLD,
    strict: bool = False,
) -> Inspection:
    """Read a package from a seekable zip, a single media file, or a cmi5 course structure without a zip.

    Never raises for what is in it: the report says it.
    ``filename`` names a course made of a media file, which is complete from ``threshold`` (0 to 1) on. ``strict``: what breaks
    the rules of the standard blocks the package instead of being repaired (:mod:`course_packages.strictness`).
    """
    limits = limits or Limits()
    findings = Findings()
    recognised = media.recognise(file)
    if recognised is not None:
        course = media.course_of(recognised, filename, threshold)
        return Inspection(course, findings.report(), None, course.organization.items[0].launch_facts["path"])
    files = package = single = None
    try:
        if _is_xml(file):
            single = _STRUCTURE
            package = _structure(file, findings, limits)
        else:
            found, files = _opened(file, findings, limits)
            package = _parse(found, files)
    except Rejected:
        package = None
    report = strictness.strict(findings.report()) if strict else findings.report()
    return Inspection(None if report.errors else package, report, files, single)


def _is_xml(file: IO[bytes]) -> bool:
    """Whether a file begins as an XML document of courses does; pages (HTML) do not."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "ignore").encode()
    return _XML.match(head) is not None


def _structure(file: IO[bytes], findings: Findings, limits: Limits) -> CoursePackage:
    """cmi5 14.2: a course structure alone is a course package, all of whose units are somewhere else."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > limits.manifest_size:
        findings.fail("file_too_large", file=_STRUCTURE, size=size, limit=limits.manifest_size)
    root = xml.parse(file.read(), _STRUCTURE, findings, limits)
    if xml.name(root) != "coursestructure":
        findings.fail("xml_alone", line=xml.line_of(root), element=xml.name(root))
    schemas.check(root, _STRUCTURE, findings)
    return cmi5.parse(root, NoFiles(findings, limits), _STRUCTURE)


def _opened(file: IO[bytes], findings: Findings, limits: Limits) -> tuple[detection.Detected, PackageFiles]:
    """What the zip is, and its files."""
    archive = Archive(file, limits, findings)
    found = detection.detect(archive, findings)
    files = PackageFiles(archive, found.root, findings, limits)
    if files.outside():
        findings.add("files_outside", count=files.outside(), folder=found.root)
    return found, files


def _parse(found: detection.Detected, files: PackageFiles) -> CoursePackage:
    manifest = found.manifest[len(found.root) :]
    if found.kind == "scorm":
        return _scorm(manifest, files)
    if found.kind == "aicc":
        return aicc.parse(files, manifest)
    root = xml.parse(files.read(manifest), manifest, files.findings, files.limits)
    schemas.check(root, manifest, files.findings)
    return cmi5.parse(root, files, manifest) if found.kind == "cmi5" else tincan.parse(root, files, manifest)


def _scorm(manifest: str, files: PackageFiles) -> CoursePackage:
    findings = files.findings
    root = xml.parse(files.read(manifest), manifest, findings, files.limits)
    if xml.name(root) != "manifest":
        findings.fail("manifest_root", file=manifest, line=xml.line_of(root), element=xml.name(root))
    standard, version = detection.scorm_standard(root, manifest, findings)
    if standard is Standard.SCORM_12:
        edition = scorm_12.EDITION
    else:
        reader = SequencingReader(root, files.limits.manifest_elements * _SEQUENCING_FACTOR)
        edition = scorm_2004.edition(standard, reader)
    schemas.check(root, manifest, findings)
    schemas.check_scorm(root, manifest, findings, sequenced=standard.is_scorm_2004)
    return ManifestReader(root, files, manifest, edition, version).read()
