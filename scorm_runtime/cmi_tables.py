"""The data model tables: loading them, and finding the element a content object named.

A table is one JSON file of ``data_model/``; its ``about`` entry describes the format. The browser reads the same files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

DATA_MODEL_DIR = Path(__file__).parent / "data_model"
KEYWORDS = {"_children": "noChildren", "_count": "noCount", "_version": "noVersion"}
# adl.nav.request_valid.choice.{target=X}: X may hold dots (SN 5.6.2).
_TARGET = re.compile(r"(adl\.nav\.request_valid\.(?:choice|jump))\.\{target=.+\}")
_INDEX = re.compile(r"[0-9]{1,9}")
# Names of elements that are remembered: how many, and up to what length. Longer ones are nobody's but a prankster's.
_REMEMBERED, _LONGEST = 8192, 120


@dataclass(frozen=True)
class Location:
    """A recognised element: ``name`` with plain indexes, ``pattern`` with ``n`` for each index, its table entry.

    ``arrays`` lists ``(path of the array, its pattern, index)`` from the outside in.
    """

    name: str
    pattern: str
    entry: dict[str, Any]
    arrays: tuple[tuple[str, str, int], ...]

    @property
    def record(self) -> str:
        """Path of the record of the outermost array, e.g. ``cmi.interactions.3``; "" outside arrays."""
        if not self.arrays:
            return ""
        path, _, index = self.arrays[0]
        return f"{path}.{index}"


class Table:
    """One data model; ``data`` is the parsed JSON."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.elements: dict[str, dict[str, Any]] = data["elements"]
        # The same few hundred names come again with each commit.
        self._remembered = lru_cache(_REMEMBERED)(self._locate)

    @cached_property
    def branches(self) -> frozenset[str]:
        """Every element and every path above one, e.g. ``cmi``, ``cmi.objectives.n.score``."""
        paths: set[str] = set()
        for pattern in self.elements:
            parts = pattern.split(".")
            paths.update(".".join(parts[: i + 1]) for i in range(len(parts)))
        return frozenset(paths)

    def locate(self, element: str) -> Location | str:
        """The element meant by ``element``, or the situation (key of ``codes``) that says why there is none."""
        return self._remembered(element) if len(element) <= _LONGEST else self._locate(element)

    def _locate(self, element: str) -> Location | str:
        if not element:
            return "noName"
        if target := _TARGET.fullmatch(element):
            pattern = f"{target[1]}.{{target=}}"
            return self._found(Location(element, pattern, self.elements.get(pattern, {}), ()))
        name: list[str] = []
        generic: list[str] = []
        arrays: list[tuple[str, str, int]] = []
        for part in element.split("."):
            if part == "n":
                return "unknown"
            if _INDEX.fullmatch(part):
                arrays.append((".".join(name), ".".join(generic), int(part)))
                name.append(str(int(part)))
                generic.append("n")
            else:
                name.append(part)
                generic.append(part)
        pattern = ".".join(generic)
        return self._found(Location(".".join(name), pattern, self.elements.get(pattern, {}), tuple(arrays)))

    def _found(self, location: Location) -> Location | str:
        if location.entry:
            return location
        above, _, last = location.pattern.rpartition(".")
        return KEYWORDS[last] if last in KEYWORDS and above in self.branches else "unknown"

    def code(self, group: Literal["get", "set"], situation: str) -> int:
        return int(self.data["codes"][group][situation])

    def setting(self, settings: dict[str, Any], name: str) -> Any:
        """The value of a setting; the table's default where ``settings`` has none. None: this standard has no such one."""
        known = self.data["settings"].get(name)
        return None if known is None else settings.get(name, known["default"])


def family(standard: str) -> str:
    """``scorm_2004_3`` → ``scorm_2004``: the table that serves a standard. ValueError for anything but SCORM."""
    if standard == "scorm_1_2":
        return standard
    if standard == "scorm_2004" or standard.startswith("scorm_2004_"):
        return "scorm_2004"
    raise ValueError(f"{standard!r} has no CMI data model; known are scorm_1_2 and scorm_2004_2 to scorm_2004_4")


@cache
def table(standard: str) -> Table:
    """The table of a standard (``course_packages.model.Standard`` value)."""
    name = family(standard)
    return Table(msgspec.json.decode((DATA_MODEL_DIR / f"{name}.json").read_bytes()))
