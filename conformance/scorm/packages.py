"""The suite's importable packages, put together from a checkout as its build file says; nothing is unpacked or compiled.

The checkout holds each package's manifest; scripts, SCO pages, style sheet and schemas lie in shared folders, and the build
file (Ant) says which of them a package gets. The Java archive of the SCO pages is replaced by an empty one: what the
pages would ask it is answered by the runner.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from urllib.parse import unquote

from conformance.scorm.plans import COURSES, ROOT

BUILD = f"{ROOT}/buildTestPackages.xml"
SCRIPTS = ("About.js", "BrowserDetect.js", "EmulationCode.js")
NAMESPACE = {"cp": "http://www.imsglobal.org/xsd/imscp_v1p1"}
XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"

# SCO pages and schemas of a package.
Recipe = tuple[list[str], list[str]]


class PackageError(Exception):
    """The checkout lacks something that a package needs."""


def recipes(checkout: Path) -> dict[str, Recipe]:
    """What the build file puts into each package, by the name of its folder."""
    tree = ET.parse(checkout / BUILD).getroot()
    groups = {path.get("id"): [each.get("name", "") for each in path.iter("include")] for path in tree.findall("path")}
    found: dict[str, Recipe] = {}
    for task in (task for target in tree.findall("target") for task in target):
        name = task.get("name", "")
        if task.tag == "buildTestPackageWithDefaults":
            found[name] = (["SequencingTest.htm"], groups["coreXSDs.path"] + groups["sequencingXSDs.path"])
        elif task.tag == "buildTestPackage":
            files = [fileset.get("file", "").replace("\\", "/") for fileset in task.iter("fileset")]
            schemas = [schema for path in task.iter("path") for schema in groups[path.get("refid")]]
            found[name] = ([file.rsplit("/", 1)[-1] for file in files], schemas)
    return found


def empty_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n")
    return buffer.getvalue()


def missing(files: dict[str, bytes]) -> list[str]:
    """Local files that the manifest lists and the package lacks."""
    manifest = ET.fromstring(files["imsmanifest.xml"])
    group = manifest.find("cp:resources", NAMESPACE)
    found = set()
    for resource in group.findall("cp:resource", NAMESPACE) if group is not None else ():
        prefix = "".join(element.get(XML_BASE, "") for element in (manifest, group, resource) if element is not None)
        listed = [resource.get("href"), *(file.get("href") for file in resource.findall("cp:file", NAMESPACE))]
        for href in listed:
            if href and not re.match(r"[a-z]+:", href):
                path = unquote(re.split(r"[?#]", prefix + href)[0])
                found |= {path} - files.keys()
    return sorted(found)


def build(checkout: Path, name: str, folder: Path, recipe: Recipe) -> Path:
    """Write the zip of one package into ``folder``; its path."""
    top = f"LMSTestPackage_{name}"
    source = checkout / COURSES / top
    if not (source / "imsmanifest.xml").is_file():
        raise PackageError(f"no package {name!r} in the checkout")
    files = {file.relative_to(source).as_posix(): file.read_bytes() for file in source.rglob("*") if file.is_file()}
    files |= _shared(checkout, recipe)
    if lacking := missing(files):
        raise PackageError(f"{name}: the manifest lists {', '.join(lacking)}, which the checkout does not have")
    path = folder / f"{top}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in sorted(files, key=lambda entry: (entry != "imsmanifest.xml", entry)):
            archive.writestr(entry, files[entry])
    return path


def _shared(checkout: Path, recipe: Recipe) -> dict[str, bytes]:
    """The files that lie in the checkout once for all packages."""
    root, courses = checkout / ROOT, checkout / COURSES
    pages, schemas = recipe
    paths = {f"common/{script}": root / "TestSuite/scripts" / script for script in SCRIPTS}
    paths |= {"common/lmsrtefunctions.js": courses / "scripts/lmsrtefunctions.js"}
    paths |= {f"includes/{file.name}": file for file in (courses / "includes").iterdir() if file.is_file()}
    paths |= {f"resources/{page}": courses / "SCODepot" / page for page in pages}
    paths |= {schema: file for schema in schemas if (file := root / "xml/xsd" / schema).is_file()}
    return {"common/LMSTest.jar": empty_archive()} | {entry: file.read_bytes() for entry, file in paths.items()}
