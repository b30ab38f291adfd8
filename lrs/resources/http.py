"""What all xAPI resources share: blueprint, version, parameters, preconditions, headers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from flask import Response, g, request

from core.errors import Conflict, Invalid, PreconditionFailed, UnsupportedMedia
from core.settings import get_settings
from core.web import blueprint
from lrs import alternate, parsing, versions
from lrs.documents import Content, Precondition
from lrs.formats import is_iri, is_uuid, parse_timestamp
from lrs.identity import ifi
from lrs.validation import validate_actor
from lrs.versions import Version

xapi = blueprint("xapi", __name__, origin="base", url_prefix="/xapi")

# Authorization is sent explicitly by xAPI clients, never by cookies: any page may call.
FOR_BROWSERS = (
    ("Access-Control-Allow-Origin", "*"),
    (
        "Access-Control-Expose-Headers",
        "ETag, Last-Modified, Content-Length, Content-Range, Retry-After, X-Experience-API-Version, "
        "X-Experience-API-Consistent-Through, X-Request-Id",
    ),
    # Without it a browser takes what has not changed for ten days as fresh for another, unasked (RFC 9111 §4.2.2): a learner who
    # went on at another machine would begin here with the old State.
    ("Cache-Control", "private, no-cache"),
)


# In the environ of a request that failed on its way here (lrs.express): the error, only to be answered.
FAILED = "rekam.xapi_failed"


@xapi.before_request
def _negotiate() -> None:
    request.max_content_length = get_settings().statement_request_limit
    if FAILED in request.environ:
        g.xapi_body = request.get_data(cache=False)  # in memory already
        raise request.environ[FAILED]
    problem = request.environ.get(alternate.PROBLEM)
    if problem is not None:
        raise Invalid(problem, code="alternate_syntax")
    # /about tells which versions there are, so it needs none (1.0.3 Communication 2.8); preflights cannot send one.
    if request.endpoint != "xapi.about" and request.method != "OPTIONS":
        g.xapi_version = versions.negotiate(request.headers.get(versions.HEADER))
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A document would be kept packed, and handed out without a word of it.
        raise UnsupportedMedia("bodies are taken without Content-Encoding only (RFC 9110 §8.4)")
    query = request.environ.get("QUERY_STRING", "")
    g.xapi_asked = Asked(arguments(query), request.headers.get, lambda: request.get_data(cache=False))


@xapi.after_app_request
def _finish(response: Response) -> Response:
    """Also where no view was found for the address or method: "in every response" (1.0.3 Communication 3.3; 2.0 §4.1.7)."""
    if not request.path.startswith("/xapi/"):
        return response
    headers = response.headers
    if response.status_code == 204:
        # Flask gives everything a type.
        headers.remove("Content-Type")
    headers[versions.HEADER] = _version_of_answer()
    for name, value in FOR_BROWSERS:
        headers[name] = value
    if response.status_code == 415:
        headers["Accept-Encoding"] = "identity"
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
        headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, If-Match, If-None-Match, Accept-Language, Idempotency-Key, "
            "X-Experience-API-Version, X-Request-Id"
        )
        headers["Access-Control-Max-Age"] = "86400"
    return response


def _version_of_answer() -> str:
    known = g.get("xapi_version")
    if known is not None:
        return str(known.name)
    header = request.headers.get(versions.HEADER)
    if header is None and request.endpoint != "xapi.about":
        return versions.WITHOUT_HEADER
    try:
        return versions.negotiate(header).name
    except Invalid:
        return versions.SUPPORTED[0]


def version() -> Version:
    """The rules of the version this request asked for."""
    negotiated: Version = g.xapi_version
    return negotiated


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks, whichever way it came (the framework, or :mod:`lrs.express`).

    ``arguments`` are the parameters of the query with all their values; ``header`` finds a header by its name; ``body`` reads the body.
    """

    arguments: list[tuple[str, list[str]]]
    header: Callable[[str], str | None]
    body: Callable[[], bytes]

    def __contains__(self, parameter: str) -> bool:
        return any(name == parameter for name, _ in self.arguments)


def asked() -> Asked:
    """Of the present request."""
    found: Asked = g.xapi_asked
    return found


def arguments(query: str) -> list[tuple[str, list[str]]]:
    """The parameters of a query string as WSGI has it, each with all its values; :class:`Invalid` unless it is UTF-8 (RFC 3986 §2.5).

    Whatever else was made of other bytes could also be what somebody really means.
    """
    found: dict[str, list[str]] = {}
    try:
        text = query if query.isascii() else query.encode("latin-1").decode("utf-8")
        for name, value in parse_qsl(text, keep_blank_values=True, errors="strict"):
            found.setdefault(name, []).append(value)
    except UnicodeDecodeError:
        raise Invalid("the query is not percent-encoded UTF-8", code="parameter") from None
    return list(found.items())


# --- parameters ---------------------------------------------------------------------------------------------------


class Parameters:
    """The query parameters of a request; everything unknown, repeated or malformed is :class:`Invalid` and named."""

    def __init__(self, allowed: Collection[str], required: Collection[str] = ()) -> None:
        self.values: dict[str, str] = {}
        for name, values in asked().arguments:
            if name not in allowed:
                known = ", ".join(sorted(allowed)) or "none"
                # Whoever still sends requests by forms is told so; under 1.0.x they were read before (lrs.alternate).
                forms = "; requests by forms are of xAPI 1.0.x only" if name == "method" else ""
                raise Invalid(f"unknown parameter {name[:50]!r}{forms}; this resource takes {known}", code="parameter")
            if len(values) > 1:
                raise Invalid(f"the parameter {name} is given twice", code="parameter")
            if "\0" in values[0]:
                raise Invalid(f"the parameter {name} contains U+0000", code="parameter")
            self.values[name] = values[0]
        for name in required:
            if not self.values.get(name):
                raise Invalid(f"the parameter {name} is missing", code="parameter")

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        return self.values[name]

    def iri(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is not None and not is_iri(value):
            raise Invalid(f"the parameter {name} is not an IRI: {value[:100]!r}", code="parameter")
        return value

    def uuid(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is not None and not is_uuid(value):
            raise Invalid(f"the parameter {name} is not a UUID: {value[:100]!r}", code="parameter")
        return value

    def moment(self, name: str) -> datetime | None:
        value = self.values.get(name)
        if value is None:
            return None
        # An unencoded + of an offset arrives as a blank; so may the T between date and time be one (RFC 3339 §5.6).
        moment = parse_timestamp(value[:11] + value[11:].replace(" ", "+"))
        if moment is None:
            raise Invalid(f"the parameter {name} is not a timestamp: {value[:100]!r}", code="parameter")
        return moment

    def boolean(self, name: str) -> bool:
        value = self.values.get(name, "false")
        if value not in ("true", "false"):
            raise Invalid(f"the parameter {name} must be true or false, not {value[:20]!r}", code="parameter")
        return value == "true"

    def number(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is not None and not (value.isdecimal() and value.isascii() and len(value) < 10):
            raise Invalid(f"the parameter {name} must be a whole number, not {value[:20]!r}", code="parameter")
        return int(value) if value is not None else None

    def agent(self, name: str = "agent") -> dict[str, Any] | None:
        """An agent or identified group, as JSON."""
        text = self.values.get(name)
        if text is None:
            return None
        value = parsing.loads(text, f"the parameter {name}")
        if not isinstance(value, dict):
            raise Invalid(f"the parameter {name} is not a JSON object", code="parameter")
        validate_actor(value, f"the parameter {name}", version())
        if ifi(value) is None:
            raise Invalid(f"the parameter {name} is an anonymous group; it needs an identifier", code="parameter")
        return value


# --- bodies and headers -------------------------------------------------------------------------------------------


def body() -> bytes:
    """The whole body, within the limit."""
    data = asked().body()
    # Only a reference: a refused request is kept for its sender (lrs.rejections).
    g.xapi_body = data
    return data


def last_modified(moment: datetime) -> tuple[str, str]:
    """The header: whole seconds, never later than the fact."""
    return "Last-Modified", format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def precondition(*, overwrite: bool = True, create: bool = True) -> Precondition | None:
    """If-Match / If-None-Match of this request as a check of what is stored; None: it may do what it wants.

    ``overwrite``: a request with neither may change what exists (else 409: 1.0.3 Communication 3.1; 2.0 §4.1.4);
    ``create``: it may create what does not (else 400).
    """
    match, none_match = _tags("If-Match"), _tags("If-None-Match")
    if match is None and none_match is None and overwrite and create:
        return None

    def check(stored: Content | None) -> None:
        if match is not None and (stored is None or not ("*" in match or stored.etag in match)):
            raise PreconditionFailed("If-Match does not name the document as it is now")
        if none_match is not None and stored is not None and ("*" in none_match or stored.etag in none_match):
            raise PreconditionFailed("If-None-Match: there is such a document")
        if match is not None or none_match is not None:
            return
        if stored is None and not create:
            raise Invalid("this needs If-Match or If-None-Match; to create the document send If-None-Match: *")
        if stored is not None and not overwrite:
            raise Conflict(
                "the document exists: send If-Match with its ETag to replace it, or If-None-Match: * to create only"
            )

    return check


def _tags(header: str) -> set[str] | None:
    value = asked().header(header)
    if value is None:
        return None
    return {part.strip().removeprefix("W/").strip('"') for part in value.split(",")}


class Answer(NamedTuple):
    """What a view answers, of which Flask makes its Response: that costs too much for :mod:`lrs.express`."""

    content: bytes | Iterator[bytes]
    status: int
    headers: list[tuple[str, str]]


def document_answer(content: Content) -> Answer:
    """A stored document as it was sent; 304 for who names it in If-None-Match (RFC 9110 §13.1.2).

    Some clients send ``If-None-Match: *`` with whatever they ask: they want the document.
    """
    if content.etag in (_tags("If-None-Match") or ()):
        return Answer(b"", 304, [("ETag", f'"{content.etag}"')])
    # Whatever was stored here is not a page of this origin.
    safe = ("Content-Security-Policy", "sandbox; default-src 'none'")
    return Answer(content.content, 200, [("Content-Type", content.content_type), *_described(content), safe])


def no_content(content: Content | None = None) -> Answer:
    return Answer(b"", 204, _described(content) if content is not None else [])


def _described(content: Content) -> list[tuple[str, str]]:
    return [("ETag", f'"{content.etag}"'), last_modified(content.updated)]


def json_answer(value: Any, *headers: tuple[str, str]) -> Answer:
    return Answer(msgspec.json.encode(value), 200, [("Content-Type", "application/json"), *headers])
