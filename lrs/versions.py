"""All differences between the versions of xAPI this store speaks: 1.0.0 to 1.0.3 and 2.0.0 (IEEE 9274.1.1-2023)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import Invalid

HEADER = "X-Experience-API-Version"
# What /about lists, newest first.
SUPPORTED = ("2.0.0", "1.0.3", "1.0.2", "1.0.1", "1.0.0")


@dataclass(frozen=True)
class Version:
    """Rules of one version line. ``name`` is its latest patch, which every answer carries."""

    name: str
    schema: str
    # Value of a statement's `version` where it has none (1.0.3 Data 2.4.10; 2.0 §4.2.4.3).
    statement_default: str
    # Timestamps with an offset are rewritten in UTC (2.0 §4.2.7); 1.0.x keeps them as received.
    utc_timestamps: bool
    # POST ?method=… with the request as a form (1.0.3 Communication 1.3).
    alternate_syntax: bool
    # A PUT without If-Match / If-None-Match may overwrite State documents. Field clients of 1.0.x never send either.
    state_overwrite: bool
    # A PUT of a profile must say by If-Match / If-None-Match that it is a creation, too (1.0.3 Communication 2.6, 2.7).
    profile_precondition: bool
    # `format=ids` also drops the words of the verb (2.0 §4.1.6.1).
    ids_without_display: bool


V1 = Version("1.0.3", "statement-1.0.json", "1.0.0", False, True, True, True, False)
V2 = Version("2.0.0", "statement-2.0.json", "2.0.0", True, False, False, False, True)

# The header did not exist in 0.9: a request without it is answered in the name of that line.
WITHOUT_HEADER = "0.9"


def of(name: str) -> Version:
    """The rules of a version name such as ``1.0.1`` or ``2.0``; :class:`Invalid` for others.

    Patches to come keep the rules of their line: every 1.0.x is accepted (1.0.3 Communication 3.3), and every 2.0.x (2.0 §4.1.7).
    """
    line = re.fullmatch(r"(1\.0|2\.0)(?:\.[0-9]{1,3})?", name)
    if line is not None:
        return V1 if line[1] == "1.0" else V2
    raise Invalid(f"xAPI version {name[:40]!r} is not supported; one of {', '.join(SUPPORTED)}", code="version")


def negotiate(header: str | None) -> Version:
    """The rules that govern a request by its version header."""
    if header is None or not header.strip():
        raise Invalid(f"the header {HEADER} is missing; send one of {', '.join(SUPPORTED)}", code="version")
    return of(header.strip())
