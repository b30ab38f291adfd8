"""One instance of a CMI data model: what a content object may read and write, with the error codes of its standard.

Table-driven (``data_model/*.json``), pure, and the server's half of one truth: ``static/scorm_api.js`` follows the same
tables, and ``tests/vectors/`` holds both to the same cases. Sources: SCORM 1.2 RTE 3.4, SCORM 2004 4th Edition RTE 4.1-4.3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from scorm_runtime import cmi_buckets
from scorm_runtime.cmi_responses import check_response, distinct_form, max_patterns, pattern_forms
from scorm_runtime.cmi_tables import Location, table
from scorm_runtime.cmi_types import Checker, real

BUCKETS = "ssp."
_INDEXES = re.compile(r"\.([0-9]{1,9})(?=\.|$)")


class Problem(NamedTuple):
    """Why one element of a change set was not stored. ``code`` is the API error code of the standard."""

    element: str
    code: int
    message: str


def _place(element: str) -> tuple[int, ...]:
    """The indexes in the name of an element."""
    return tuple(map(int, _INDEXES.findall(element)))


def _member(location: Location) -> tuple[str, str]:
    """Path of the innermost array, and which member of its records."""
    path, _, index = location.arrays[-1]
    return path, location.name.removeprefix(f"{path}.{index}")


class DataModel:
    """The elements of one activity attempt.

    ``seed`` holds every element that has a value, read-only ones included; record counts follow from its indexes.
    ``settings``: see ``settings`` in the table. ``access``: "rw", "ro", "wo" or "none" for
    single elements that differ from the table (adl.data stores by their adlcp:map).
    ``standard`` is a ``course_packages.model.Standard`` value; ValueError when it has no CMI data model.
    """

    def __init__(
        self,
        standard: str,
        seed: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
        access: Mapping[str, str] | None = None,
    ) -> None:
        self.table = table(standard)
        self.checker = Checker(self.table, dict(settings or {}))
        self.access = dict(access or {})
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        # How many records of an array have a value (in one of its forms) in a member, of those members where that matters: to look
        # through all other records for each of thousands would take minutes.
        self._taken: Counter[tuple[str, str, Hashable]] = Counter()
        self.buckets = cmi_buckets.of_table(self.table.data)
        for element, value in (seed or {}).items():
            if self.buckets is not None and element.startswith(BUCKETS):
                self.buckets.seed(element, value)
                continue
            location = self.table.locate(element)
            if isinstance(location, Location) and "keyword" not in location.entry:
                self._store(location, value)

    def get(self, element: str) -> tuple[str, int]:
        """GetValue: the value and error code; the value is "" whenever the code is not 0, and may be "" when it is."""
        if self.buckets is not None and element.startswith(BUCKETS):
            shared, situation = self.buckets.get(element)
            return shared, self.table.code("get", situation) if situation else 0
        location = self.table.locate(element)
        if isinstance(location, str):
            return "", self.table.code("get", location)
        if self._access(location) in ("wo", "none"):
            return "", self.table.code("get", "writeOnly")
        if any(index >= self._counts.get(path, 0) for path, _, index in location.arrays):
            return "", self.table.code("get", "index")
        value = self._read(location)
        return ("", self.table.code("get", "unset")) if value is None else (value, 0)

    def set(self, element: str, value: str) -> int:
        """SetValue: 0 when the value was stored, else the error code, and nothing has changed."""
        if self.buckets is not None and element.startswith(BUCKETS):
            situation = self.buckets.set(element, value)[2]
            return self._set_code(situation) if situation else 0
        location = self.table.locate(element)
        if isinstance(location, str):
            return self._set_code(location)
        if location.entry.get("append"):
            value = self._values.get(location.name, "") + value
        if situation := self._refusal(location, value):
            return self._set_code(situation)
        self._store(location, value)
        return 0

    def apply(self, changes: Mapping[str, str]) -> list[Problem]:
        """Store a change set; answers what could not be stored, and why. All other changes are stored.

        A change set holds the last value of each element, not the way there: the order in which records and
        dependencies came about may be lost, so what cannot be stored yet is tried again after the rest. For the same
        reason an element whose sets append is given whole.
        """
        waiting = list(changes.items())
        while waiting:
            refused: list[tuple[str, str, str]] = []
            for element, value in waiting:
                if situation := self._assign(element, value):
                    refused.append((element, value, situation))
            if len(refused) == len(waiting):
                return [self._problem(element, situation) for element, _, situation in refused]
            # Lower records first, else each round could store no more than one of thousands.
            waiting = sorted(((element, value) for element, value, _ in refused), key=lambda change: _place(change[0]))
        return []

    def to_flat(self) -> dict[str, str]:
        """Every element that has been given a value, as a seed for the next instance. Defaults are left out."""
        return dict(self._values) | dict(self.buckets.flat() if self.buckets is not None else ())

    def count(self, array: str) -> int:
        """Records of an array, e.g. ``cmi.interactions`` or ``cmi.interactions.0.objectives``."""
        return self._counts.get(array, 0)

    def _access(self, location: Location) -> str:
        return str(self.access.get(location.name, location.entry["access"]))

    def _read(self, location: Location) -> str | None:
        keyword = location.entry.get("keyword")
        if keyword == "count":
            return str(self._counts.get(location.name.removesuffix("._count"), 0))
        if keyword:
            return str(location.entry["value"])
        if (decided := self._decided(location)) is not None:
            return decided
        value = self._values.get(location.name)
        if value is None or (value == "" and location.entry.get("emptyIsUnset")):
            return location.entry.get("default")
        return value

    def _decided(self, location: Location) -> str | None:
        """completion_status and success_status where a threshold decides (RTE 4.2.4.1, 4.2.21.1)."""
        rule = location.entry.get("decidedBy")
        threshold = real(self._values.get(rule["threshold"], "")) if rule else None
        if rule is None or threshold is None:
            return None
        measure = real(self._values.get(rule["measure"], ""))
        if measure is None:
            return str(rule["unknown"])
        return str(rule["met"] if measure >= threshold else rule["unmet"])

    def _assign(self, element: str, value: str) -> str:
        """Store the value as it is; the situation when it is refused."""
        if self.buckets is not None and element.startswith(BUCKETS):
            return self.buckets.assign(element, value)
        location = self.table.locate(element)
        situation = location if isinstance(location, str) else self._refusal(location, value)
        if isinstance(location, Location) and not situation:
            self._store(location, value)
        return situation if isinstance(situation, str) else ""

    def _refusal(self, location: Location, value: str) -> str:
        """The situation (key of ``codes.set``) that forbids this value here; "" when it may be stored."""
        if "keyword" in location.entry:
            return "keyword"
        if self._access(location) in ("ro", "none"):
            return "readOnly"
        return (
            self._no_place(location)
            or self._missing(location)
            or self._bad_value(location, value)
            or self._conflict(location, value)
        )

    def _no_place(self, location: Location) -> str:
        """Records are numbered without gaps (RTE 4.1.1.8); some arrays cannot grow."""
        for path, pattern, index in location.arrays:
            count = self._counts.get(path, 0)
            fixed = self.table.data["arrays"].get(pattern, {}).get("fixed")
            if index > count or (fixed and index == count):
                return "index"
            if index >= self.checker.settings["arrayMaxLength"]:
                return "full"
        if location.pattern.endswith(".pattern"):
            limit = max_patterns(self.checker, self._interaction_type(location))
            if limit is not None and location.arrays[-1][2] >= limit:
                return "full"
        return ""

    def _missing(self, location: Location) -> str:
        required: Iterable[str] = location.entry.get("requires", ())
        return "requires" if any(f"{location.record}.{name}" not in self._values for name in required) else ""

    def _bad_value(self, location: Location, value: str) -> str:
        kind = location.entry["type"]
        if kind == "response" or kind == "pattern":
            return check_response(self.checker, kind, self._interaction_type(location), value)
        return self.checker.check(kind, value)

    def _conflict(self, location: Location, value: str) -> str:
        entry = location.entry
        if entry.get("once") and self._values.get(location.name, value) != value:
            return "once"
        if entry.get("unique"):
            form: Hashable | None = value
        elif entry["type"] == "pattern":
            form = distinct_form(self.checker, self._interaction_type(location), value)
        else:
            form = None
        return "duplicate" if form is not None and self._has_another(location, form) else ""

    def _has_another(self, location: Location, form: Hashable) -> bool:
        """Whether the same member of another record of the innermost array has this form (see :meth:`_forms`)."""
        mine = self._values.get(location.name)
        own = mine is not None and form in self._forms(location, mine)
        return self._taken[*_member(location), form] > own

    def _forms(self, location: Location, value: str) -> tuple[Hashable, ...]:
        """As what a value must or may have to differ from those of other records."""
        if location.entry.get("unique"):
            return (value,)
        return pattern_forms(self.checker, value) if location.entry.get("type") == "pattern" else ()

    def _interaction_type(self, location: Location) -> str:
        return self._values.get(f"{location.record}.type", "")

    def _store(self, location: Location, value: str) -> None:
        if forms := self._forms(location, value):
            self._replace(location, forms)
        self._values[location.name] = value
        for path, _, index in location.arrays:
            self._counts[path] = max(self._counts.get(path, 0), index + 1)

    def _replace(self, location: Location, forms: tuple[Hashable, ...]) -> None:
        member, before = _member(location), self._values.get(location.name)
        for form in self._forms(location, before) if before is not None else ():
            self._taken[*member, form] -= 1
        for form in forms:
            self._taken[*member, form] += 1

    def _set_code(self, situation: str) -> int:
        codes: dict[str, int] = self.table.data["codes"]["set"]
        # noChildren, noCount, noVersion: a keyword the element does not have is still a keyword.
        return codes.get(situation, codes["keyword"])

    def _problem(self, element: str, situation: str) -> Problem:
        code = self._set_code(situation)
        return Problem(element, code, f"{element}: {self.table.data['reasons'][situation]} (error {code})")
