"""Reading another record store over xAPI: pages of statements with their attachments, and documents.

Requests go where the operator says, so private addresses are fine here and the guard of :mod:`server.outbound` does not apply.
"""

from __future__ import annotations

import base64
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import IO, cast
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from core import clock
from core.blobs import CHUNK
from core.errors import Invalid, Unavailable
from lrs import multipart, versions

TRIES = 6
LIMIT = 500
PAGE_LIMIT = 512 << 20
# The JSON of an answer → (statements, the link to the next page).
Parse = Callable[[bytes], tuple[list[bytes], str | None]]


@dataclass(frozen=True)
class Page:
    """``statements`` as received; ``more`` is None at the end; ``attachments`` are in files that live as long as the page."""

    statements: list[bytes]
    more: str | None
    attachments: dict[str, IO[bytes]]


@dataclass(frozen=True)
class RemoteDocument:
    content: bytes
    content_type: str
    updated: datetime


class Remote:
    """An xAPI endpoint such as ``https://lrs.example/xapi``, spoken to in its newest version that we know.

    Threads may share it: it keeps at most ``connections`` open and has the others wait.
    """

    def __init__(self, url: str, key: str, secret: str, *, connections: int = 1) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid(f"{url[:200]!r} is not the address of an xAPI endpoint like https://lrs.example/xapi")
        # Many stores show the address of the Statement Resource.
        self.url = url.rstrip("/").removesuffix("/statements") + "/"
        self.connections = connections
        self._stopped = threading.Event()
        timeout = urllib3.Timeout(connect=10, read=120)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False, maxsize=connections, block=True)
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", versions.HEADER: versions.V1.name}
        self.version = self._choose_version()

    def _choose_version(self) -> str:
        with self._get(self.url + "about", absent=True) as response:
            if response.status == 404:
                raise Invalid(
                    f"there is no xAPI endpoint at {self.url}; it is what stands before /statements and /about (404)"
                )
            offered = _versions(response.data)
        found = next((v for v in versions.SUPPORTED if v in offered), None)
        if found is None:
            raise Invalid(f"{self.url} speaks xAPI {', '.join(offered) or '?'}, which is not supported here")
        self._headers[versions.HEADER] = found
        return found

    def stop(self) -> None:
        """Nothing is asked any more: whoever waits to try again gives up."""
        self._stopped.set()

    # --- statements ---

    @contextmanager
    def page(self, more: str | None, since: str | None) -> Iterator[Page]:
        """One page, oldest first: the one behind the link ``more``, or the first of what was stored after ``since``."""
        if more is not None:
            address = urljoin(self.url, more)
        else:
            chosen = {"ascending": "true", "attachments": "true", "limit": str(LIMIT)}
            address = f"{self.url}statements?{urlencode(chosen | ({'since': since} if since else {}))}"
        if urlsplit(address)[:2] != urlsplit(self.url)[:2]:
            raise Invalid(f"the other store's more link leads elsewhere: {address[:200]}")
        with self._read(address, _result) as found:
            yield found

    @contextmanager
    def voided(self, statement_id: str) -> Iterator[Page]:
        """The voided statement of this id as a page of one, or of none where the other store does not have it."""
        chosen = urlencode({"voidedStatementId": statement_id, "attachments": "true"})
        with self._read(f"{self.url}statements?{chosen}", lambda body: ([body], None), absent=True) as found:
            yield found

    @contextmanager
    def _read(self, address: str, parse: Parse, *, absent: bool = False) -> Iterator[Page]:
        attachments: dict[str, IO[bytes]] = {}
        try:
            with self._get(address, absent=absent) as response:
                if response.status == 404:
                    found = Page([], None, {})
                else:
                    found = Page(*parse(_body(response, attachments)), attachments)
            yield found
        finally:
            for file in attachments.values():
                file.close()

    # --- documents ---

    def ids(self, resource: str, **keys: str) -> list[str]:
        """Ids of the documents of a place (``activities/state``, ``activities/profile``, ``agents/profile``)."""
        with self._get(f"{self.url}{resource}?{urlencode(keys)}") as response:
            body = response.data
        try:
            return msgspec.json.decode(body, type=list[str])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid(f"{self.url}{resource} did not answer a list of ids: {error}") from None

    def document(self, resource: str, **keys: str) -> RemoteDocument | None:
        """A document with the time of its last change, or None where it is gone by now."""
        with self._get(f"{self.url}{resource}?{urlencode(keys)}", absent=True) as response:
            content = response.data  # read in any case: a connection is used again only behind a whole answer
            if response.status == 404:
                return None
            kind = response.headers.get("Content-Type") or "application/octet-stream"
            return RemoteDocument(content, kind, _moment(response.headers.get("Last-Modified")))

    # --- HTTP ---

    @contextmanager
    def _get(self, address: str, *, absent: bool = False) -> Iterator[urllib3.BaseHTTPResponse]:
        """A GET that is tried again while the other side is busy or away."""
        response = self._request(address, absent)
        try:
            yield response
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{address[:200]}: the answer broke off: {error}") from None
        finally:
            _give_back(response)

    def _request(self, address: str, absent: bool) -> urllib3.BaseHTTPResponse:
        reason, asked_for = "", 0.0
        for tried in range(TRIES):
            if self._stopped.wait(max(min(2**tried, 30) / 4, asked_for) if tried else 0):
                break
            try:
                response = self._pool.request(
                    "GET", address, headers=self._headers, preload_content=False, redirect=False
                )
            except HTTPError as error:
                reason, asked_for = str(error.__cause__ or error), 0.0
                continue
            if response.status == 200 or (absent and response.status == 404):
                return response
            text = response.read(500).decode("utf-8", "replace").strip()
            _give_back(response)
            reason, asked_for = f"it answered {response.status}: {text}", _retry_after(response)
            if response.status not in (429, 500, 502, 503, 504):
                raise Invalid(f"{address[:300]}: {reason}", status=response.status)
        raise Unavailable(f"{address[:300]}: {reason}")


def _give_back(response: urllib3.BaseHTTPResponse) -> None:
    """Closed where something of the answer is left; whoever waits for a connection gets its place."""
    response.close()
    response.release_conn()


def _retry_after(response: urllib3.BaseHTTPResponse) -> float:
    """Seconds the other store asks us to wait (RFC 9110 10.2.3), a minute at most; 0 where it names none or a date."""
    given = response.headers.get("Retry-After", "")
    return min(float(given), 60.0) if given.isdecimal() else 0.0


def _body(response: urllib3.BaseHTTPResponse, attachments: dict[str, IO[bytes]]) -> bytes:
    """The JSON of an answer; the parts behind it go into files."""
    kind = response.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/mixed"):
        return response.read(PAGE_LIMIT)
    parts = iter(multipart.Reader(cast(multipart.Readable, response), multipart.boundary_of(kind)))
    first = next(parts, None)
    if first is None:
        raise Invalid("the other store answered a multipart body without parts")
    body = first.read()
    for part in parts:
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the page
        attachments[part.headers.get("x-experience-api-hash", "").lower()] = file
        while piece := part.read(CHUNK):
            file.write(piece)
        file.seek(0)
    return body


class _Result(msgspec.Struct):
    statements: list[msgspec.Raw]
    more: str | None = None


def _result(body: bytes) -> tuple[list[bytes], str | None]:
    try:
        found = msgspec.json.decode(body, type=_Result)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"the other store answered no StatementResult: {error}") from None
    return [bytes(s) for s in found.statements], found.more or None


class _About(msgspec.Struct):
    version: list[str]


def _versions(body: bytes) -> list[str]:
    try:
        return msgspec.json.decode(body, type=_About).version
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"its /about does not say which versions of xAPI it speaks: {error}") from None


def _moment(header: str | None) -> datetime:
    try:
        return parsedate_to_datetime(header or "")
    except ValueError:
        return clock.now()
