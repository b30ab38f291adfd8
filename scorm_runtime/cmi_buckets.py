"""Buckets of shared state (ssp.*) of one activity attempt: what content may read, write and allocate, with the error codes.

Pure, and the server's half of one truth with ``buckets()`` of ``static/scorm_api.js``; ``tests/vectors/`` holds both to the same cases.
Sizes are bytes, two for each UTF-16 unit, as the profile counts them. Of a change set the elements are ``ssp.n.declaration`` (an
allocation of the content) and ``ssp.n.data`` (a bucket's data, whole).
Source: IMS Shareable State Persistence 1.0 with its SCORM Application Profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(
    r"ssp\.(?:(?:(?P<index>[0-9]{1,9})\.)?(?P<member>bucket_state|data|appendData)|(?P<of>[0-9]{1,9})\."
    r"(?P<fact>id|allocation_success)|(?P<alone>_count|allocate))(?:\.(?P<marks>(?:\{[^{}]*\})+))?"
)
_MARK = re.compile(r"\{(bucketID|offset|size|requested|minimum|reducible|persistence|type)=([^{}]*)\}")
_CHANGE = re.compile(r"ssp\.([0-9]{1,9})\.(declaration|data|id|allocation_success)")
_SIZE = re.compile(r"[0-9]{1,10}")
# Characters no database or JSON reader keeps.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
ORDER = ("bucketID", "requested", "minimum", "reducible", "persistence", "type")
_DEFAULTS = {"minimum": "0", "reducible": "false", "persistence": "learner", "type": ""}
SCOPES = ("learner", "course", "session")


@dataclass
class Bucket:
    """``declaration`` is canonical: the marks of :data:`ORDER`. ``success`` is requested, minimum or failure."""

    declaration: str
    success: str
    data: str = ""

    @property
    def marks(self) -> dict[str, str]:
        return dict(_MARK.findall(self.declaration))

    @property
    def id(self) -> str:
        return self.marks["bucketID"]

    @property
    def space(self) -> int:
        return 0 if self.success == "failure" else int(self.marks[self.success])

    @property
    def used(self) -> int:
        return len(_units(self.data))


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _text(units: bytes) -> str:
    return units.decode("utf-16-le", "surrogatepass")


def declared(marks: Mapping[str, str]) -> str | None:
    """The canonical declaration; None where one of the marks is missing or wrong."""
    full = {**_DEFAULTS, **marks}
    sizes = [full.get("requested", ""), full["minimum"]]
    if not full.get("bucketID", "").strip() or len(full["bucketID"]) > 4000 or len(full["type"]) > 3000:
        return None
    if not all(_SIZE.fullmatch(size) and int(size) % 2 == 0 for size in sizes) or int(sizes[1]) > int(sizes[0]):
        return None
    if full["reducible"] not in ("true", "false") or full["persistence"] not in SCOPES:
        return None
    full["requested"], full["minimum"] = str(int(sizes[0])), str(int(sizes[1]))
    text = "".join(f"{{{name}={full[name]}}}" for name in ORDER)
    return None if _UNSTORABLE.search(text) else text


class Buckets:
    """``most``: bytes that all buckets of an attempt may take together."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.all: list[Bucket] = []

    def seed(self, element: str, value: str) -> None:
        """Take over an element of :meth:`flat`; the declaration of a bucket comes before its other elements."""
        found = _CHANGE.fullmatch(element)
        if found is None or int(found[1]) > len(self.all):
            return
        index = int(found[1])
        if found[2] == "declaration" and index == len(self.all):
            self.all.append(Bucket(value, "failure"))
        elif found[2] == "allocation_success" and index < len(self.all):
            self.all[index].success = value
        elif found[2] == "data" and index < len(self.all):
            self.all[index].data = value

    def flat(self) -> Iterator[tuple[str, str]]:
        """Elements that :meth:`seed` takes, in its order."""
        for index, bucket in enumerate(self.all):
            yield f"ssp.{index}.declaration", bucket.declaration
            yield f"ssp.{index}.allocation_success", bucket.success
            if bucket.data:
                yield f"ssp.{index}.data", bucket.data

    def get(self, element: str) -> tuple[str, str]:
        """The value and the situation (key of ``codes.get``) when there is none."""
        found = _NAME.fullmatch(element)
        if found is None:
            return "", "unknown"
        if found["alone"] == "_count" and not found["marks"]:
            return str(len(self.all)), ""
        if found["alone"] or found["member"] == "appendData":
            return "", "writeOnly"
        marks = dict(_MARK.findall(found["marks"] or ""))
        bucket = self._of(found["index"] or found["of"], marks)
        if isinstance(bucket, str):
            return "", bucket
        if found["fact"]:
            return (bucket.id if found["fact"] == "id" else bucket.success), ""
        if bucket.success == "failure":
            return "", "bucket"
        if found["member"] == "bucket_state":
            kind = bucket.marks["type"]
            state = f"{{totalSpace={bucket.space}}}{{used={bucket.used}}}"
            return state + (f"{{type={kind}}}" if kind else ""), ""
        return self._span(bucket, marks)

    def _span(self, bucket: Bucket, marks: Mapping[str, str]) -> tuple[str, str]:
        units = _units(bucket.data)
        offset = _even(marks.get("offset", "0"))
        size = _even(marks["size"]) if "size" in marks else len(units) - (offset or 0)
        if offset is None or size is None or size < 0 or offset + size > len(units):
            return "", "span"
        return _text(units[offset : offset + size]), ""

    def set(self, element: str, value: str) -> tuple[str, str, str]:
        """Store what content sets: (element of a change set, its value, situation when it is refused)."""
        found = _NAME.fullmatch(element)
        if found is None:
            return element, value, "unknown"
        if found["alone"] == "_count" or found["fact"] or found["member"] == "bucket_state":
            return element, value, "readOnly"
        marks = dict(_MARK.findall(found["marks"] or ""))
        if found["alone"]:
            return self._allocate(len(self.all), dict(_MARK.findall(value)))
        while (mark := _MARK.match(value)) and mark[1] in ("bucketID", "offset"):
            marks[mark[1]], value = mark[2], value[mark.end() :]
        bucket = self._of(found["index"], marks)
        if isinstance(bucket, str):
            return element, value, bucket
        if bucket.success == "failure":
            return element, value, "bucket"
        before, given = _units(bucket.data), _units(value)
        offset = len(before) if found["member"] == "appendData" else _even(marks.get("offset", "0"))
        if offset is None or offset > len(before):
            # Buckets are packed: nothing is written behind a gap.
            return element, value, "span"
        rest = before[offset + len(given) :] if offset and found["member"] == "data" else b""
        return self._store(self.all.index(bucket), _text(before[:offset] + given + rest))

    def assign(self, element: str, value: str) -> str:
        """Store an element of a change set; the situation when it is refused."""
        found = _CHANGE.fullmatch(element)
        if found is None or found[2] not in ("declaration", "data"):
            return "unknown"
        index = int(found[1])
        if index > len(self.all):
            return "index"
        if found[2] == "declaration":
            if index < len(self.all):
                return "" if self.all[index].declaration == value else "once"
            return self._allocate(index, dict(_MARK.findall(value)))[2]
        if index == len(self.all):
            return "index"
        return "bucket" if self.all[index].success == "failure" else self._store(index, value)[2]

    def _allocate(self, index: int, marks: Mapping[str, str]) -> tuple[str, str, str]:
        declaration = declared(marks)
        if declaration is None:
            return "ssp.allocate", "", "type"
        element = f"ssp.{index}.declaration"
        known = next((b for b in self.all if b.id == marks["bucketID"] and b.success != "failure"), None)
        if known is not None and known.declaration == declaration:
            # The bucket is there as it is wanted.
            return f"ssp.{self.all.index(known)}.declaration", declaration, ""
        self.all.append(Bucket(declaration, "failure" if known is not None else self._grant(declaration)))
        return element, declaration, ""

    def _grant(self, declaration: str) -> str:
        """What is granted of the space asked for: requested, minimum or failure."""
        marks = dict(_MARK.findall(declaration))
        left = self.most - sum(bucket.space for bucket in self.all)
        if int(marks["requested"]) <= left:
            return "requested"
        return "minimum" if marks["reducible"] == "true" and 0 < int(marks["minimum"]) <= left else "failure"

    def _store(self, index: int, data: str) -> tuple[str, str, str]:
        bucket = self.all[index]
        situation = "type" if _UNSTORABLE.search(data) else "space" if len(_units(data)) > bucket.space else ""
        if not situation:
            bucket.data = data
        return f"ssp.{index}.data", data, situation

    def _of(self, index: str | None, marks: Mapping[str, str]) -> Bucket | str:
        """The bucket that is meant, or the situation."""
        if index is not None:
            return self.all[int(index)] if int(index) < len(self.all) else "index"
        # A failed allocation leaves a record; the bucket of that name, if there is one, is another.
        named = [bucket for bucket in self.all if bucket.id == marks.get("bucketID")]
        return next((b for b in named if b.success != "failure"), named[0] if named else "bucket")


def _even(text: str) -> int | None:
    return int(text) if _SIZE.fullmatch(text) and int(text) % 2 == 0 else None


def of_table(data: Mapping[str, Any]) -> Buckets | None:
    """The buckets of a data model; None where it has none (SCORM 1.2)."""
    known = data.get("buckets")
    return None if known is None else Buckets(known["most"])
