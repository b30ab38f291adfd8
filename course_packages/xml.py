"""Reading manifests: hardened against hostile XML, tolerant of careless XML, every tolerance named. Pure.

No DTD, no entities, no network; bytes and elements are capped before a tree is built.
"""

from __future__ import annotations

import codecs
import html.entities
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from lxml import etree

from course_packages.archive import Limits
from course_packages.problems import Findings

Element = etree._Element
# Stands for the namespace of a prefix that the document did not declare.
UNDECLARED = "urn:undeclared:"

# Python knows codecs that are no character sets (zip, rot13 …): only these may be named by a manifest.
_CHARSET = re.compile(
    r"(utf[-_]?(8|16|16le|16be|32)|us-ascii|ascii|(iso[-_]?8859[-_]\d+)|latin-?1|windows-?\d+|cp\d+|koi8-[ru]|gb2312|gbk"
    r"|gb18030|big5|shift_jis|euc-(jp|kr)|iso-2022-jp|tis-620|macintosh)",
    re.IGNORECASE,
)
_DECLARATION = re.compile(r"<\?xml\b[^>]*?\?>")
_ENCODING = re.compile(rb"""<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_NOT_MARKUP = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->", re.DOTALL)
_BARE_AMPERSAND = re.compile(r"&(?!(?:[A-Za-z_][\w.-]*|#[0-9]+|#x[0-9A-Fa-f]+);)")
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);")
_INVALID_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PREFIX = re.compile(r"[A-Za-z_][\w.-]*")
_UNDECLARED = re.compile(r"Namespace prefix (\S+)")
_ROOT_TAG = re.compile(r"<([A-Za-z_][\w.:-]*)")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def parse(data: bytes, file: str, findings: Findings, limits: Limits) -> Element:
    """The root element of a document; :class:`course_packages.problems.Rejected` when it cannot be read.

    The element's ``sourceline`` is a line of ``file``.
    """
    text = _decode(data, file, findings)
    _root_start(text, file, findings)
    if text.count("<") - text.count("</") - text.count("<!") > limits.manifest_elements:
        findings.fail("xml_too_many_elements", file=file, limit=limits.manifest_elements)
    fault = None
    for attempt in (_as_it_is, _without_invalid_characters, _with_ampersands, _with_entities):
        text = attempt(text, file, findings)
        root, fault = _try(text)
        if prefixes := _undeclared(text, fault):
            text = _declare_prefixes(text, prefixes, file, findings)
            root, fault = _try(text)
        if root is not None:
            return root
    assert fault is not None
    return findings.fail("xml_broken", file=file, line=fault.line, detail=fault.message)


@dataclass(frozen=True)
class _Fault:
    """Why a text could not be parsed; ``prefixes`` were used without being declared."""

    message: str
    line: int | None
    prefixes: frozenset[str]


def _try(text: str) -> tuple[Element | None, _Fault | None]:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser), None
    except etree.XMLSyntaxError as error:
        # The log of the exception is shared with what other parsers of this thread complained of.
        entries = cast("list[Any]", parser.error_log)
        prefixes = frozenset(match[1] for entry in entries if (match := _UNDECLARED.match(entry.message)))
        return None, _Fault(_first_message(error), error.lineno or None, prefixes)


def _first_message(error: etree.XMLSyntaxError) -> str:
    return re.sub(r", line \d+, column \d+.*$", "", error.msg or "not well-formed")


# --- characters ---------------------------------------------------------------------------------------------------


def _decode(data: bytes, file: str, findings: Findings) -> str:
    """The document as text without BOM and XML declaration; line numbers are kept."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            if encoding == "utf-8":
                findings.repair("xml_bom", file=file)
            return _clean_start(_decoded(data[len(bom) :], encoding, file, findings), file, findings)
    return _clean_start(_decoded(data, _declared_encoding(data, file, findings), file, findings), file, findings)


def _declared_encoding(data: bytes, file: str, findings: Findings) -> str:
    if data.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if data.startswith(b"<\0") else "utf-16-be"
    found = _ENCODING.search(data[:1000])
    if found is None:
        return "utf-8"
    name = found[1].decode("ascii")
    if not _CHARSET.fullmatch(name):
        findings.fail("xml_encoding", file=file, line=1, encoding=name)
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        findings.fail("xml_encoding", file=file, line=1, encoding=name)
    if codec.startswith(("utf-16", "utf-32")):
        # The declaration could be read as ASCII, so this cannot be.
        findings.repair("xml_encoding_wrong", file=file, line=1, encoding=name)
        return "utf-8"
    return codec


def _decoded(data: bytes, encoding: str, file: str, findings: Findings) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if encoding != "utf-8":
            findings.fail("xml_not_in_encoding", file=file, line=line, encoding=encoding)
        findings.repair("xml_windows_1252", file=file, line=line)
        return data.decode("cp1252", "replace")


def _clean_start(text: str, file: str, findings: Findings) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    stripped = text.lstrip("\ufeff \t\n")
    # Blank out instead of cutting, so that line numbers stay those of the file.
    head = "\n" * text.count("\n", 0, len(text) - len(stripped))
    if not stripped.startswith("<?xml"):
        return head + stripped
    if len(stripped) != len(text):
        findings.repair("xml_leading_space", file=file, line=1)
    return head + _DECLARATION.sub(lambda m: "\n" * m[0].count("\n"), stripped, count=1)


def _root_start(text: str, file: str, findings: Findings) -> int | None:
    """Where the root element starts. A DOCTYPE can stand only before it: found there, the document is rejected."""
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            end = text.find("?>", at + 2)
        elif text.startswith("<!", at):
            findings.fail("xml_doctype", file=file, line=text.count("\n", 0, at) + 1)
        else:
            return at
        if end < 0:
            return None
        at = end
    return None


# --- repairs ------------------------------------------------------------------------------------------------------


def _as_it_is(text: str, file: str, findings: Findings) -> str:
    return text


def _without_invalid_characters(text: str, file: str, findings: Findings) -> str:
    return _replace(_INVALID_CHARACTER, lambda m: "", text, "xml_invalid_characters", file, findings)


def _with_ampersands(text: str, file: str, findings: Findings) -> str:
    return _outside_cdata(_BARE_AMPERSAND, lambda m: "&amp;", text, "xml_bare_ampersand", file, findings)


def _with_entities(text: str, file: str, findings: Findings) -> str:
    """HTML's named characters, which XML does not know. What HTML does not know either is a bare ampersand."""

    def character(match: re.Match[str]) -> str:
        known = html.entities.name2codepoint.get(match[1])
        return f"&#{known};" if known else f"&amp;{match[1]};"

    return _outside_cdata(_NAMED_ENTITY, character, text, "xml_html_entity", file, findings)


def _replace(
    pattern: re.Pattern[str],
    by: Callable[[re.Match[str]], str],
    text: str,
    code: str,
    file: str,
    findings: Findings,
    line: int = 1,
) -> str:
    first = pattern.search(text)
    if first is None:
        return text
    text_before, (text, count) = text, pattern.subn(by, text)
    findings.repair(code, file=file, line=line + text_before.count("\n", 0, first.start()), count=count)
    return text


def _outside_cdata(
    pattern: re.Pattern[str], by: Callable[[re.Match[str]], str], text: str, code: str, file: str, findings: Findings
) -> str:
    pieces: list[str] = []
    at, line = 0, 1
    for skip in [*_NOT_MARKUP.finditer(text), None]:
        end = len(text) if skip is None else skip.start()
        pieces.append(_replace(pattern, by, text[at:end], code, file, findings, line))
        line += text.count("\n", at, end)
        if skip is not None:
            pieces.append(skip[0])
            line += skip[0].count("\n")
            at = skip.end()
    return "".join(pieces)


def _undeclared(text: str, fault: _Fault | None) -> list[str]:
    """The prefixes the parser complained of, without those that were declared already."""
    found = fault.prefixes if fault else frozenset()
    return sorted(p for p in found if _PREFIX.fullmatch(p) and _declaration(p) not in text)


def _declaration(prefix: str) -> str:
    return f' xmlns:{prefix}="{UNDECLARED}{prefix}"'


def _declare_prefixes(text: str, prefixes: list[str], file: str, findings: Findings) -> str:
    """Declare prefixes at the root."""
    start = _root_start(text, file, findings)
    root = None if start is None else _ROOT_TAG.match(text, start)
    if root is None:
        return text
    for prefix in prefixes:
        line = text.count("\n", 0, root.start()) + 1
        findings.repair("xml_prefix_undeclared", file=file, line=line, prefix=prefix)
    return text[: root.end()] + "".join(map(_declaration, prefixes)) + text[root.end() :]


# --- looking into a tree ------------------------------------------------------------------------------------------


def name(element: Element) -> str:
    """The local name in lower case: manifests are matched without regard to case and, mostly, to namespace."""
    return etree.QName(element).localname.lower()


def namespace(element: Element) -> str:
    return (etree.QName(element).namespace or "").lower()


def children(element: Element, *names: str) -> Iterator[Element]:
    """Child elements with one of the local names (lower case)."""
    return (child for child in element if isinstance(child.tag, str) and name(child) in names)


def child(element: Element | None, *path: str) -> Element | None:
    """The first element at a path of local names, one level each."""
    for step in path:
        if element is None:
            return None
        element = next(children(element, step), None)
    return element


def attribute(element: Element, wanted: str) -> str | None:
    """The attribute with that local name in any case and namespace, whitespace collapsed; None when absent."""
    value = element.get(wanted)
    if value is None:
        wanted = wanted.lower()
        keys = (key for key in element.attrib if etree.QName(key).localname.lower() == wanted)
        key = next(keys, None)
        value = None if key is None else element.get(key)
    return None if value is None else " ".join(value.split())


def raw_text(element: Element | None) -> str:
    """All text of an element as it stands; "" for None."""
    return "" if element is None else "".join(str(piece) for piece in element.itertext())


def text(element: Element | None) -> str:
    """All text of an element, whitespace collapsed; "" for None."""
    return " ".join(raw_text(element).split())


def line_of(element: Element) -> int | None:
    """The line of the file in which the element starts."""
    line = element.sourceline
    return line if isinstance(line, int) else None
