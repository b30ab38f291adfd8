"""Buckets of shared state that a resource declares (IMS Shareable State Persistence 1.0, ``imsssp:bucket``)."""

from __future__ import annotations

from course_packages.model import Bucket
from course_packages.parsers.values import Values
from course_packages.xml import Element, attribute, child, children, line_of

SCOPES = ("learner", "course", "session")


def read(resource: Element, values: Values) -> tuple[Bucket, ...]:
    """The buckets of a ``resource``; one without an id or an even size is noted and left out."""
    found: dict[str, Bucket] = {}
    for element in children(resource, "bucket"):
        identifier, size = attribute(element, "bucketID") or "", child(element, "size")
        requested = None if size is None else values.count(size, "requested")
        minimum = None if size is None else values.count(size, "minimum")
        sizes_fit = (
            requested is not None and requested % 2 == 0 and (minimum or 0) % 2 == 0 and (minimum or 0) <= requested
        )
        if not identifier or identifier in found or size is None or requested is None or not sizes_fit:
            values.findings.add("bucket_invalid", file=values.file, line=line_of(element), identifier=identifier)
            continue
        found[identifier] = Bucket(
            bucket_id=identifier,
            requested=requested,
            minimum=minimum or 0,
            reducible=values.boolean(size, "reducible", False),
            persistence=values.token(element, "persistence", SCOPES, "learner"),
            bucket_type=attribute(element, "bucketType") or "",
        )
    return tuple(found.values())
