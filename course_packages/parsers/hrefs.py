"""From what a manifest writes in an ``href`` to an address inside the package.

Sources: RFC 3986 section 5, XML Base, SCORM 2004 4th Edition CAM 3.4.1.7 (parameters) and 3.4.2 (xml:base).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from course_packages.parsers.files import PackageFiles

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
# What RFC 3986 allows unescaped in a path, and in a query or fragment (where escapes are left alone).
_PATH_SAFE = "/!$&'()*+,;=:@~"
_QUERY_SAFE = "/!$&'()*+,;=:@~?%[]"


@dataclass(frozen=True)
class Target:
    """Where a reference leads. ``href`` is URL-encoded; ``path`` the file of the package, None when external or missing."""

    href: str
    path: str | None
    external: bool = False


def resolve(files: PackageFiles, bases: Sequence[str], href: str, *, file: str, line: int | None) -> Target | None:
    """Resolve ``href`` against the composed xml:base values, outermost first.

    None when it cannot be an address of the package (the problem is noted); a missing file gives ``path`` None.
    """
    findings = files.findings
    written = href.strip()
    if _DRIVE.match(written):
        findings.add("href_absolute", file=file, line=line, href=written)
        return None
    address = _slashes(files, written, file, line)
    address = _join([_slashes(files, base.strip(), file, line) for base in bases], address)
    scheme = _SCHEME.match(address)
    if address.startswith("//") or (scheme and scheme[1].lower() in ("http", "https")):
        return Target(quote(address, safe=_QUERY_SAFE + "#"), None, external=True)
    if scheme:
        findings.add("href_scheme", file=file, line=line, href=written, scheme=scheme[1])
        return None
    path, rest = _split(address)
    outside = True
    for candidate, suffix, repair in _candidates(bases, written, path, rest, address):
        normal = _normal(candidate)
        if normal is None:
            continue
        outside = False
        real = files.find(normal)
        if real is not None:
            if repair:
                findings.repair(repair, file=file, line=line, href=written)
            elif real != normal:
                findings.repair("href_case", file=file, line=line, href=written, path=real)
            return Target(quote(real, safe=_PATH_SAFE) + quote(suffix, safe=_QUERY_SAFE + "#"), real)
    if outside:
        findings.add("href_outside", file=file, line=line, href=written)
        return None
    return Target(quote(_normal(unquote(path)) or path, safe=_PATH_SAFE) + quote(rest, safe=_QUERY_SAFE + "#"), None)


def _candidates(
    bases: Sequence[str], written: str, path: str, rest: str, address: str
) -> Iterator[tuple[str, str, str | None]]:
    """(path, query and fragment, repair) in the order of belief."""
    yield unquote(path), rest, None
    # Names written as they are in the zip: "100%25 safe.html" in the file system, or "a#b.html".
    if "%" in path:
        yield path, rest, "href_unescaped"
        yield unquote(path, encoding="cp1252"), rest, "href_unescaped"
    if rest:
        yield address, "", "href_unescaped"
    if any(bases):
        slashed = [base if base.endswith("/") or not base else base + "/" for base in bases]
        yield unquote(_split(_join(slashed, written.replace("\\", "/")))[0]), rest, "xml_base_slash"
        yield unquote(_split(written.replace("\\", "/"))[0]), rest, "xml_base_ignored"


def _slashes(files: PackageFiles, text: str, file: str, line: int | None) -> str:
    path, rest = _split(text)
    if "\\" in path:
        files.findings.repair("href_backslash", file=file, line=line, href=text)
        path = path.replace("\\", "/")
    if path.startswith("/") and not path.startswith("//"):
        files.findings.repair("href_leading_slash", file=file, line=line, href=text)
        path = path.lstrip("/")
    return path + rest


def _join(bases: Sequence[str], href: str) -> str:
    """RFC 3986 section 5.2 as far as packages need it: each part replaces what follows the last slash before it."""
    address = ""
    for part in [*bases, href]:
        if _SCHEME.match(part) or part.startswith("//"):
            address = part
        elif part:
            path = _split(address)[0]
            address = path[: path.rfind("/") + 1] + part
    return address


def _split(address: str) -> tuple[str, str]:
    """(path, query and fragment with their marks)."""
    cut = next((i for i, c in enumerate(address) if c in "?#"), len(address))
    return address[:cut], address[cut:]


def _normal(path: str) -> str | None:
    """Without dot segments; None when it leads out of the package or nowhere."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


def with_parameters(href: str, parameters: str) -> str:
    """Append an item's ``parameters`` to the address of its resource as CAM 3.4.1.7 (parameters) says.

    A query goes before a fragment that the address already has.
    """
    parameters = parameters.strip().lstrip("?&")
    if not parameters:
        return href
    parameters = quote(parameters, safe=_QUERY_SAFE + "#")
    address, hash_, fragment = href.partition("#")
    if parameters.startswith("#"):
        return href if hash_ else href + parameters
    if hash_ and "#" in parameters:
        parameters = parameters.partition("#")[0]
    return f"{address}{'&' if '?' in address else '?'}{parameters}{hash_}{fragment}"
