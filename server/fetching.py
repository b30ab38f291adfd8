"""Fetching packages for imports: the guard of every outgoing request, with the patience a large file needs."""

from __future__ import annotations

from typing import IO
from urllib.parse import unquote, urlsplit

from flask import Flask

from core.settings import get_settings
from course_packages import import_source
from server import outbound

# A job waits, not a client: a gigabyte over a slow line takes its time.
SECONDS = 3000.0


def check(url: str) -> None:
    """:class:`core.errors.Invalid` for an address that may not be reached, so that the client learns it at once."""
    parts = outbound.check_url(url)
    try:
        outbound.resolve(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    except outbound.Failed as failure:
        message = f"cannot fetch {url}: {failure}"
        raise outbound.Refused(message, fault="unknown_host", host=parts.hostname, path="$.url") from None


def name_of(url: str) -> str:
    """The file name that an address ends with."""
    return unquote(urlsplit(url).path).rpartition("/")[2] or "package.zip"


def fetch(url: str, into: IO[bytes], *, private: bool = False) -> None:
    """Into the file; :class:`course_packages.import_source.FetchFailed` says why not. Checked again: names change.

    ``private`` is for operators: addresses that are not public may be reached.
    """
    limit = get_settings().upload_limit
    try:
        got = outbound.request("GET", url, limit=limit + 1, seconds=SECONDS, into=into, private=private)
    except (outbound.Failed, outbound.Refused) as failure:
        raise import_source.FetchFailed(str(failure)) from None
    if got.status != 200:
        raise import_source.FetchFailed(f"the server answered {got.status}")


def init_app(app: Flask) -> None:
    import_source.fetcher = fetch
