"""What the learning object metadata of a package says about it: title, description, language, keywords, duration.

Sources: IMS LRM 1.2.1 (SCORM 1.2), IEEE 1484.12.3 (SCORM 2004).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from course_packages import xml
from course_packages.parsers.files import PackageFiles
from course_packages.parsers.values import seconds_of
from course_packages.problems import Findings, Rejected
from course_packages.xml import Element, line_of


@dataclass(frozen=True)
class Metadata:
    title: str = ""
    description: str | None = None
    language: str | None = None
    keywords: tuple[str, ...] = ()
    # Typical learning time, seconds.
    duration: float | None = None
    # Where the package has a picture of the course: a path as it is written.
    thumbnail: str | None = None


def read(metadata: Element | None, files: PackageFiles, manifest: str) -> Metadata:
    """The metadata of a ``metadata`` element, inline or in the file its ``adlcp:location`` names."""
    if metadata is None:
        return Metadata()
    lom = next((e for e in metadata.iter() if isinstance(e.tag, str) and xml.name(e) in ("lom", "record")), None)
    location = xml.child(metadata, "location")
    if lom is None and location is not None:
        lom = _external(xml.text(location), files, manifest, line_of(location))
    return Metadata() if lom is None else _of_lom(lom)


def _external(location: str, files: PackageFiles, manifest: str, line: int | None) -> Element | None:
    """Metadata in a file of its own. It is only shown to people: whatever is wrong with it never blocks an import."""
    path = files.find(location.replace("\\", "/").removeprefix("./"))
    if path is None:
        if location:
            files.findings.add("metadata_missing", file=manifest, line=line, path=location)
        return None
    try:
        return xml.parse(files.read(path), path, Findings(), files.limits)
    except Rejected:
        files.findings.add("metadata_unreadable", file=path)
        return None


def _of_lom(lom: Element) -> Metadata:
    general = xml.child(lom, "general")
    if general is None:
        return Metadata(duration=_duration(lom), thumbnail=_thumbnail(lom))
    keywords = [_string(keyword) for keyword in xml.children(general, "keyword")]
    return Metadata(
        title=_string(xml.child(general, "title")),
        description=_string(xml.child(general, "description")) or None,
        language=xml.text(xml.child(general, "language"))[:35] or None,
        keywords=tuple(dict.fromkeys(k for k in keywords if k)),
        duration=_duration(lom),
        thumbnail=_thumbnail(lom),
    )


def _thumbnail(lom: Element) -> str | None:
    """The resource of a relation (LOM 7) that is a preview or thumbnail of the course, as learning object repositories write it."""
    for relation in xml.children(lom, "relation"):
        said, resource = xml.child(relation, "kind"), xml.child(relation, "resource")
        kind = "" if said is None else "".join(map(str, said.itertext())).lower()
        if resource is None or not any(word in kind for word in ("preview", "thumbnail")):
            continue
        for element in resource.iter():
            written = xml.text(element) if isinstance(element.tag, str) else ""
            if re.search(r"\.(png|jpe?g|webp|gif)$", written, re.IGNORECASE):
                return written.replace("\\", "/").removeprefix("./")
    return None


def _string(element: Element | None) -> str:
    """The first non-empty language string."""
    if element is None:
        return ""
    strings = list(xml.children(element, "langstring", "string"))
    return next((found for s in strings if (found := xml.text(s))), "" if strings else xml.text(element))


def _duration(lom: Element) -> float | None:
    time = xml.child(lom, "educational", "typicallearningtime")
    if time is None:
        return None
    for part in ("duration", "datetime"):
        seconds = seconds_of(xml.text(xml.child(time, part)))
        if seconds:
            return seconds
    return None
