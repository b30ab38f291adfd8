"""From the bytes of a package to its files among the blobs: inspected first, then published, then a thumbnail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.blobs import Blob, blobs
from core.settings import Settings, get_settings
from course_packages import media, thumbnails
from course_packages.archive import Limits
from course_packages.import_outcome import Outcome, sole
from course_packages.import_progress import Counted, Progress
from course_packages.import_source import OBTAINED, obtained
from course_packages.inspection import Inspection, inspect
from course_packages.mime import mime_of
from course_packages.model import CoursePackage
from course_packages.parsers.files import PackageFiles
from course_packages.problems import Report
from course_packages.zip_directory import BadZip

# Reading the manifest counts as so many percent, storing the files as the rest.
_PARSED = 10


def read(sha256: str, filename: str, options: dict[str, Any], progress: Progress) -> Outcome:
    """Inspect the upload and, when it is good, publish its files."""
    with blobs().as_file(sha256) as path, path.open("rb") as file:
        threshold, strict = options.get("threshold", media.THRESHOLD), options.get("strict", False)
        found = inspect(file, limits(), filename=filename, threshold=threshold, strict=strict)
        if found.package is None:
            return Outcome(found.report)
        if found.single is not None:
            return _single(found.single, Outcome(found.report, found.package), sha256, path, progress)
        assert found.files is not None, "a package is a zip or a single file"
        try:
            stored = _store(found.files, progress, obtained(options) or _PARSED)
        except BadZip as bad:
            return Outcome(_damaged(found, bad))
    return _with_picture(Outcome(found.report, found.package, stored), found.package)


def _single(name: str, outcome: Outcome, sha256: str, path: Path, progress: Progress) -> Outcome:
    """A file that is no zip is stored already: it is what was uploaded."""
    row = {"path": name, "sha256": sha256, "size": path.stat().st_size, "mime": mime_of(name)}
    progress.report(OBTAINED, "making a thumbnail", force=True)
    stored = replace(outcome, stored=[row])
    return _with_thumbnail(stored, name, lambda: thumbnails.of_media(path, name.rpartition(".")[2]))


def _with_picture(outcome: Outcome, package: CoursePackage) -> Outcome:
    """With the thumbnail that is among the files of the package, if one is."""
    rows = {row["path"]: row for row in outcome.stored}
    picture = thumbnails.find(rows, package.facts.get("thumbnail"))
    if picture is None:
        return outcome
    return _with_thumbnail(outcome, picture, lambda: thumbnails.of_stored(rows[picture]))


def _with_thumbnail(outcome: Outcome, path: str, make: Callable[[], Blob | None]) -> Outcome:
    """A thumbnail that cannot be made is a warning, never a reason to reject the course."""
    try:
        made = make()
    except thumbnails.NotMade as reason:
        warning = sole("thumbnail_unreadable", file=path, detail=str(reason))
        report = Report(outcome.report.problems + warning.problems, outcome.report.repairs)
        return replace(outcome, report=report)
    return replace(outcome, thumbnail=made.sha256 if made else None)


def _damaged(found: Inspection, bad: BadZip) -> Report:
    damage = sole(bad.code, file=bad.entry, **bad.values)
    return Report(found.report.problems + damage.problems, found.report.repairs)


def limits(settings: Settings | None = None) -> Limits:
    """The limits that the settings (default: those in force) put on a package."""
    settings = settings or get_settings()
    return Limits(
        entries=settings.package_entries_limit,
        total_size=settings.package_size_limit,
        ratio=settings.package_ratio_limit,
        manifest_size=settings.manifest_size_limit,
        manifest_elements=settings.manifest_elements_limit,
    )


def _store(files: PackageFiles, progress: Progress, start: int) -> list[dict[str, Any]]:
    """Publish every file as a blob; columns of ``package_files``. :class:`BadZip` where the data is not what it should be."""
    progress.stage("storing files", start, 98, sum(entry.size for _, entry in files))
    rows = []
    with blobs().batch() as batch:
        for path, entry in files:
            progress.message = path
            with files.archive.open(entry) as reader:
                blob = batch.put(Counted(reader, progress.add))
            rows.append({"path": path, "sha256": blob.sha256, "size": blob.size, "mime": mime_of(path)})
        progress.report(98, "making the files durable", force=True)
    return rows
