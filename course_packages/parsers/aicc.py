"""AICC: the course structure files ``.crs .au .des .cst .pre`` (AICC CMI Guidelines 4.0, appendix A)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

from course_packages.model import CoursePackage, Item, Organization, Standard
from course_packages.parsers.files import PackageFiles
from course_packages.parsers.hrefs import resolve, with_parameters
from course_packages.parsers.values import seconds_of

_DEEPEST = 60
_ROOT = "root"


def parse(files: PackageFiles, manifest: str) -> CoursePackage:
    """The course whose ``.crs`` is ``manifest``; its siblings have the same name and another extension."""
    return _Reader(files, manifest).read()


class _Reader:
    def __init__(self, files: PackageFiles, manifest: str) -> None:
        self.files, self.manifest = files, manifest
        self.findings = files.findings
        self.stem = manifest.rpartition(".")[0]
        self.placed: set[str] = set()

    def read(self) -> CoursePackage:
        course, description = self._course()
        self.units = self._by_id("au", ("system_id", "file_name"), needed=True)
        self.texts = self._by_id("des", ("system_id", "title"))
        self.members = self._structure()
        self.prerequisites = self._prerequisites()
        items = tuple(self._items(self.members.get(_ROOT) or list(self.units), 1))
        self._check_course(course)
        if not any(item.launchable for parent in items for item in parent.walk()):
            self.findings.add("nothing_to_launch", file=self.manifest)
        identifier = course.get("course_id") or self.stem
        title = course.get("course_title") or identifier
        organization = Organization(identifier=identifier, title=title, items=items, description=description)
        return CoursePackage(
            standard=Standard.AICC,
            identifier=identifier,
            title=title,
            organizations=(organization,),
            default_organization=identifier,
            root=self.files.root,
            manifest_path=self.manifest,
            schema_version=course.get("version") or None,
            description=description,
            facts={"course": course},
        )

    def _by_id(self, extension: str, columns: tuple[str, ...], *, needed: bool = False) -> dict[str, dict[str, str]]:
        """The rows of a table by their ``system_id``; each id stands for one element (A.4)."""
        rows, file = self._rows(extension, needed=needed), f"{self.stem}.{extension}"
        for column in columns:
            if rows and column not in rows[0]:
                self.findings.add("aicc_column_missing", file=file, column=column)
        keys = [_key(row.get("system_id")) for row in rows]
        if "" in keys:
            self.findings.add("aicc_id_missing", file=file, count=keys.count(""))
        for key, count in Counter(keys).items():
            if key and count > 1:
                self.findings.add("aicc_id_duplicate", file=file, identifier=key)
        return {key: row for key, row in zip(keys, rows, strict=True) if key}

    def _check_course(self, course: dict[str, str]) -> None:
        """What the course file must say (A.3), and whether what it counts is there."""
        wanted = ("Course_ID", "Course_Title", "Course_Creator", "Course_System", "Level", "Version")
        if missing := [field for field in wanted if not course.get(field.lower())]:
            self.findings.add("aicc_field_missing", file=self.manifest, field=", ".join(missing), section="Course")
        blocks = sum(key != _ROOT and key.startswith("b") for key in self.members)
        for field, found in (("Total_AUs", len(self.units)), ("Total_Blocks", blocks)):
            said = course.get(field.lower(), "")
            if said.isascii() and said.isdigit() and len(said) < 9 and int(said) != found:
                self.findings.add("aicc_total_wrong", file=self.manifest, field=field, said=int(said), found=found)
        lost = [key for key in self.units if key not in self.placed]
        if lost:
            self.findings.add("aicc_not_placed", file=f"{self.stem}.cst", count=len(lost), member=lost[0])

    # --- files ----------------------------------------------------------------------------------------------------

    def _text(self, extension: str, *, needed: bool = False) -> str:
        path = self.files.find(f"{self.stem}.{extension}") or self._only(extension)
        if path is None:
            if needed:
                self.findings.fail("aicc_file_missing", file=self.manifest, extension=extension)
            return ""
        data = self.files.read(path)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.findings.repair("aicc_windows_1252", file=path)
            return data.decode("cp1252", "replace")

    def _only(self, extension: str) -> str | None:
        """Some tools give each file another name: then the only one beside the course file is meant."""
        found = [path for path, _ in self.files if path.lower().endswith("." + extension) and "/" not in path]
        return found[0] if len(found) == 1 else None

    def _course(self) -> tuple[dict[str, str], str | None]:
        """The ``[Course]`` and ``[Course_Behavior]`` fields in lower case, and the text of ``[Course_Description]``."""
        fields: dict[str, str] = {}
        description: list[str] = []
        section = ""
        for line in self._text("crs", needed=True).splitlines():
            bare = line.strip()
            if bare.startswith("[") and bare.endswith("]"):
                section = bare[1:-1].strip().lower()
            elif section == "course_description":
                description.append(bare)
            elif "=" in bare and not bare.startswith(";"):
                key, _, value = bare.partition("=")
                fields.setdefault(key.strip().lower(), value.strip().strip('"'))
        return fields, " ".join(" ".join(description).split()) or None

    def _rows(self, extension: str, *, needed: bool = False) -> list[dict[str, str]]:
        """The records of a table by the lower-case names of its first line."""
        rows = list(self._records(extension, needed=needed))
        if not rows:
            return []
        header = [name.strip().lower() for name in rows[0]]
        return [dict(zip(header, (value.strip() for value in row), strict=False)) for row in rows[1:]]

    def _records(self, extension: str, *, needed: bool = False) -> Iterator[list[str]]:
        text = self._text(extension, needed=needed)
        try:
            for row in csv.reader(io.StringIO(text, newline=""), skipinitialspace=True):
                if any(value.strip() for value in row):
                    yield row
        except csv.Error as error:
            self.findings.fail("aicc_table_broken", file=f"{self.stem}.{extension}", detail=str(error))

    def _structure(self) -> dict[str, list[str]]:
        """``.cst``: block → members; the members of a block may go on in further lines."""
        members: dict[str, list[str]] = {}
        header: list[str] = []
        for row in self._records("cst"):
            values = [value.strip() for value in row]
            if not header:
                header = [value.lower() for value in values]
                continue
            named = [
                _key(value)
                for name, value in zip(header, values, strict=False)
                if value and (name == "member" or name.startswith("member"))
            ]
            members.setdefault(_key(values[0]), []).extend(named)
        return members

    def _prerequisites(self) -> dict[str, str]:
        """``.pre`` level 1: structure element → script."""
        rows = list(self._records("pre"))[1:]
        return {_key(row[0]): row[1].strip() for row in rows if len(row) == 2 and row[1].strip()}

    # --- items ----------------------------------------------------------------------------------------------------

    def _items(self, keys: list[str], depth: int) -> Iterator[Item]:
        if depth > _DEEPEST:
            self.findings.fail("items_too_deep", file=self.manifest, limit=_DEEPEST)
        for key in keys:
            if key in self.placed:
                self.findings.add("aicc_member_twice", file=self.manifest, member=key)
            elif key not in self.units and key not in self.members:
                # Members with the letter J are objectives: they have no place in the table of contents.
                if not key.startswith("j"):
                    self.findings.add("aicc_member_unknown", file=self.manifest, member=key)
            else:
                self.placed.add(key)
                yield self._item(key, depth)

    def _item(self, key: str, depth: int) -> Item:
        unit, text = self.units.get(key, {}), self.texts.get(key, {})
        identifier = unit.get("system_id") or text.get("system_id") or key.upper()
        title = " ".join(text.get("title", "").split())
        if not title:
            self.findings.repair("title_missing", file=self.manifest, identifier=identifier)
        details: dict[str, Any] = self._launch(unit, title or identifier) if unit else {}
        return Item(
            identifier=identifier,
            title=title or identifier,
            children=tuple(self._items(self.members.get(key, []), depth + 1)),
            description=" ".join(text.get("description", "").split()) or None,
            prerequisites=self.prerequisites.get(key),
            **details,
        )

    def _launch(self, unit: dict[str, str], title: str) -> dict[str, Any]:
        written = unit.get("file_name", "")
        target = resolve(self.files, (), written, file=f"{self.stem}.au", line=None) if written else None
        if target is None or (target.path is None and not target.external):
            self.findings.add("launch_file_missing", file=f"{self.stem}.au", line=None, title=title, path=written)
        parameters = unit.get("web_launch", "")
        longest = seconds_of(unit.get("max_time_allowed", ""))
        return {
            "href": None if target is None else with_parameters(target.href, parameters),
            "parameters": parameters,
            "mastery_score": _number(unit.get("mastery_score", "")),
            "max_time_allowed": longest or None,
            "data_from_lms": unit.get("core_vendor") or None,
            "launch_facts": {
                "systemId": unit.get("system_id"),
                "type": unit.get("type") or None,
                "commandLine": unit.get("command_line") or None,
                "maxScore": _number(unit.get("max_score", "")),
                "timeLimitAction": unit.get("time_limit_action") or None,
                "password": unit.get("au_password") or None,
                "systemVendor": unit.get("system_vendor") or None,
            },
        }


def _key(identifier: str | None) -> str:
    """System ids are matched without case."""
    return (identifier or "").strip().lower()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1e6 else None
