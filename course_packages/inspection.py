"""From an uploaded file to a parsed package and a report, without storing anything. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from course_packages import detection, media, strictness, xml
from course_packages.archive import Archive, Limits
from course_packages.model import CoursePackage, Standard
from course_packages.parsers import aicc, cmi5, schemas, scorm_12, scorm_2004, tincan
from course_packages.parsers.files import PackageFiles
from course_packages.parsers.manifest import ManifestReader
from course_packages.parsers.sequencing import SequencingReader
from course_packages.problems import Findings, Rejected, Report

# Sequencing elements a package may have once every IDRef is put in its place, as a multiple of the limit of elements.
_SEQUENCING_FACTOR = 5


@dataclass(frozen=True)
class Inspection:
    """``package`` is None when the report has errors; ``files`` None for a zip that could not be read and for media."""

    package: CoursePackage | None
    report: Report
    files: PackageFiles | None

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
    """Read a package from a seekable zip, or a single media file. Never raises for what is in it: the report says it.

    ``filename`` names a course made of a media file, which is complete from ``threshold`` (0 to 1) on. ``strict``: what breaks
    the rules of the standard blocks the package instead of being repaired (:mod:`course_packages.strictness`).
    """
    limits = limits or Limits()
    findings = Findings()
    recognised = media.recognise(file)
    if recognised is not None:
        return Inspection(media.course_of(recognised, filename, threshold), findings.report(), None)
    files = package = None
    try:
        archive = Archive(file, limits, findings)
        found = detection.detect(archive, findings)
        files = PackageFiles(archive, found.root, findings, limits)
        if files.outside():
            findings.add("files_outside", count=files.outside(), folder=found.root)
        package = _parse(found, files)
    except Rejected:
        package = None
    report = strictness.strict(findings.report()) if strict else findings.report()
    return Inspection(None if report.errors else package, report, files)


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
