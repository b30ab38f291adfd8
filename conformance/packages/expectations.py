"""What the tests of jcputney/elearning-module-parser say of its sample packages, read from their Java sources.

A test method that names a package and expects an exception or validation errors calls it malformed; one that expects no validation
errors calls it valid; any other takes for granted that it can be parsed, often with a title and a launch file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Judgement = Literal["valid", "parsed", "malformed"]

TESTS = Path("src/test/java")
MODULES = Path("src/test/resources/modules")
# A folder is a package where it holds one of these; a zip is one by itself.
MANIFESTS = ("imsmanifest.xml", "cmi5.xml", "tincan.xml")

_METHOD = re.compile(r"\bvoid\s+(\w+)\s*\(")
_CONSTANT = re.compile(r'\b(?:String|Path)\s+([A-Z_]+)\s*=\s*(?:Paths\.get\(\s*)?"src/test/resources/modules([^"]*)"')
_LITERAL = re.compile(r'"src/test/resources/modules/([^"]+)"')
_APPENDED = re.compile(r'\b([A-Z_]{4,})\s*\+\s*"([^"]+)"')
_USED = re.compile(r"\b([A-Z_]{4,})\b")
_TITLE = re.compile(r'assertEquals\(\s*"([^"]*)",\s*(?:\w+\s*\.\s*)*getTitle\(\)\s*\)')
_LAUNCH = re.compile(r'assertEquals\(\s*"([^"]*)",\s*(?:\w+\s*\.\s*)*getLaunchUrl\(\)\s*\)')
_FLUENT_LAUNCH = re.compile(r'getLaunchUrl\(\)\)\s*\.isEqualTo\("([^"]*)"\)')
_REFUSED = re.compile(r"assertThrows\(|hasErrors\(\)\)[^;]*?\.isTrue\(\)")
_FLAWLESS = re.compile(r'assertThat\(errors\)[^;]*?\.isEmpty\(\)|validateXsd",\s*"true"')
_LISTED = re.compile(r"Files\.list\(\s*([A-Z_]+)\s*\)")


@dataclass(frozen=True)
class Expectation:
    """Of the package at ``path`` below :data:`MODULES`; ``test`` says so, "" where none names it."""

    path: str
    judgement: Judgement
    test: str = ""
    title: str | None = None
    launch: str | None = None


def read(suite: Path) -> list[Expectation]:
    """One for each package of the checkout, in the order of their paths; one that no test names should be parsed."""
    packages = list(_packages(suite / MODULES))
    said: dict[str, Expectation] = {}
    for source in sorted((suite / TESTS).rglob("*.java")):
        for found in _of_source(source.read_text(encoding="utf-8"), source.stem, packages):
            said[found.path] = _joined(said.get(found.path), found)
    return [said.get(path, Expectation(path, "parsed")) for path in packages]


def _packages(modules: Path) -> Iterator[str]:
    for path in sorted(modules.rglob("*")):
        holds = path.is_dir() and any(file.name in MANIFESTS or file.suffix == ".crs" for file in path.iterdir())
        if holds or path.suffix == ".zip":
            yield path.relative_to(modules).as_posix()


def _of_source(text: str, name: str, packages: list[str]) -> Iterator[Expectation]:
    constants = {match[1]: match[2].strip("/") for match in _CONSTANT.finditer(text)}
    # What a class sets up holds for all its methods.
    starts = [*_METHOD.finditer(text)]
    prelude = text[: starts[0].start()] if starts else ""
    prelude += "".join(body for method, body in _methods(text, starts) if "BeforeEach" in _before(text, method))
    for method, body in _methods(text, starts):
        listed = "".join(_LISTED.findall(prelude)) if "@MethodSource" in _before(text, method) else ""
        named = _named(f"{body} {listed}", constants, packages)
        for path in named:
            yield Expectation(
                path,
                _judgement(body, prelude),
                f"{name}.{method[1]}",
                _only(_TITLE, body, named),
                _only(_LAUNCH, body, named) or _only(_FLUENT_LAUNCH, body, named),
            )


def _methods(text: str, starts: list[re.Match[str]]) -> Iterator[tuple[re.Match[str], str]]:
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        yield start, text[start.start() : after.start() if after else len(text)]


def _before(text: str, method: re.Match[str]) -> str:
    """The annotations of a method."""
    return text[max(0, method.start() - 300) : method.start()].rpartition("}")[2]


def _named(body: str, constants: dict[str, str], packages: list[str]) -> list[str]:
    """The packages that a method speaks of; a folder of packages means each of them."""
    wanted = [match[1] for match in _LITERAL.finditer(body)]
    wanted += [f"{constants[m[1]]}/{m[2].strip('/')}" for m in _APPENDED.finditer(body) if m[1] in constants]
    bare = _APPENDED.sub("", body)
    wanted += [constants[m[1]] for m in _USED.finditer(bare) if m[1] in constants]
    found: dict[str, None] = {}
    for path in (one.strip("/") for one in wanted):
        found |= dict.fromkeys([path] if path in packages else [p for p in packages if p.startswith(f"{path}/")])
    return list(found)


def _judgement(body: str, prelude: str) -> Judgement:
    if _REFUSED.search(body):
        return "malformed"
    return "valid" if _FLAWLESS.search(body) or _FLAWLESS.search(prelude) else "parsed"


def _only(pattern: re.Pattern[str], body: str, named: list[str]) -> str | None:
    """What a method says of its one package."""
    match = pattern.search(body)
    return match[1] if match and len(named) == 1 else None


def _joined(before: Expectation | None, found: Expectation) -> Expectation:
    """Of several tests on a package the one that says most; facts of all."""
    if before is None:
        return found
    order = ("parsed", "valid", "malformed")
    first, second = (
        (before, found) if order.index(before.judgement) >= order.index(found.judgement) else (found, before)
    )
    return replace(first, title=first.title or second.title, launch=first.launch or second.launch)
