"""The guard for every URL we fetch: only public addresses, exactly the address that was checked, no redirects, all bounded.

A URL comes from a tenant, so it may point at the host's own network (SSRF). The name is resolved once for each request;
if any of its addresses is not public the request is refused, and the connection goes to one of the addresses just checked,
so that a name server answering differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from core.errors import Invalid
from core.settings import Network, get_settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

CONNECT_SECONDS = 5.0
# For the whole exchange, however slowly the other side drips.
TOTAL_SECONDS = 20.0
ANSWER_LIMIT = 64 << 10

# IPv6 prefixes that carry an IPv4 address, with the bit offset from the right: NAT64 (RFC 6052), 6to4 (RFC 3056).
_EMBEDDING = ((ipaddress.IPv6Network("64:ff9b::/96"), 0), (ipaddress.IPv6Network("2002::/16"), 80))


class Refused(Invalid):
    """The URL cannot be requested at all; trying again without changing it is useless unless the name server changes.

    ``details["fault"]`` is a word for what is wrong, which the console says in the reader's language.
    """

    code = "url_refused"


class Failed(Exception):
    """No usable answer: refused connection, timeout, broken TLS … The message says which."""


@dataclass(frozen=True)
class Answer:
    """``body`` holds at most :data:`ANSWER_LIMIT` bytes; ``seconds`` is the time the exchange took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def check_url(url: str) -> SplitResult:
    """The parts of an http(s) URL with a host and without credentials; :class:`Refused` says what is wrong."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"not a URL: {error}", fault="form", url=url[:500]) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(
            f"the address must begin with https:// or http:// and name a host, not {url[:200]!r}", fault="scheme"
        )
    if parts.username is not None or parts.password is not None:
        raise Refused("the address must not contain a user name or password", fault="user")
    if port == 0 or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise Refused("the address contains a character or port that cannot be used", fault="character")
    if not url.isascii():
        raise Refused(
            "the address contains other letters than ASCII: write them percent-encoded, in names of hosts as xn--…",
            fault="letters",
        )
    return parts


def resolve(host: str, port: int, *, private: bool = False) -> list[str]:
    """All addresses of ``host``, every one of them public or allowed; :class:`Refused` names the one that is not.

    ``private``: whoever asks may reach any address, as an operator at a shell can anyway.
    """
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Failed(f"cannot resolve {host}: {getattr(error, 'strerror', None) or error}") from None
    found = list(dict.fromkeys(str(info[4][0]) for info in infos))
    allowed = get_settings().private_networks
    for text in found:
        if not private and not is_allowed(ipaddress.ip_address(text.partition("%")[0]), allowed):
            raise Refused(
                f"{host} has the address {text}, which is not public; an operator can allow its network "
                "with REKAM_WEBHOOK_NETWORKS",
                fault="private",
                host=host,
                address=text,
            )
    return found


def is_allowed(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether ``address``, and the IPv4 address inside it if there is one, is public or in a network of ``allowed``."""
    inner = _embedded(address)
    if inner is not None:
        return is_allowed(inner, allowed)
    if any(address.version == network.version and address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    for network, shift in _EMBEDDING:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    limit: int = ANSWER_LIMIT,
    seconds: float = TOTAL_SECONDS,
    into: IO[bytes] | None = None,
    private: bool = False,
) -> Answer:
    """One request without redirects. :class:`Refused` by the guard, :class:`Failed` without a complete answer in time.

    At most ``limit`` bytes of the answer are read: into ``Answer.body``, or into the file ``into`` and then body is empty.
    """
    parts = check_url(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    started = time.monotonic()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Host": parts.netloc, "User-Agent": "Rekam", "Accept-Encoding": "identity", **(headers or {})}
    error: Exception | None = None
    for address in resolve(host, port, private=private):
        connection = _connection(parts.scheme, host, address, port)
        try:
            connection.connect()
        except (OSError, HTTPError) as failure:
            connection.close()
            error = failure
            continue
        return _exchange(connection, method, target, sent, body, _Bounds(started, seconds, limit, into))
    raise Failed(f"cannot connect to {host}:{port}: {_reason(error)}")


def _connection(scheme: str, host: str, address: str, port: int) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(address, port, timeout=CONNECT_SECONDS)
    return HTTPSConnection(
        address,
        port,
        timeout=CONNECT_SECONDS,
        ssl_context=ssl.create_default_context(),
        server_hostname=host,
        assert_hostname=host,
    )


@dataclass(frozen=True)
class _Bounds:
    started: float
    seconds: float
    limit: int
    into: IO[bytes] | None


def _exchange(
    connection: HTTPConnection,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | None,
    bounds: _Bounds,
) -> Answer:
    # A socket timeout bounds each read, not their sum: whoever drips bytes is cut off by the clock.
    ran_out = threading.Event()

    def cut() -> None:
        ran_out.set()
        with contextlib.suppress(OSError):  # closed already
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)

    clock = threading.Timer(max(0.1, bounds.seconds - (time.monotonic() - bounds.started)), cut)
    clock.daemon = True
    clock.start()
    too_late = f"no complete answer within {bounds.seconds:.0f} s"
    try:
        connection.sock.settimeout(TOTAL_SECONDS)
        connection.request(method, target, body=body, headers=dict(headers), preload_content=False)
        response = connection.getresponse()
        content = _read(response, bounds)
        if ran_out.is_set():
            raise Failed(too_late)
        return Answer(response.status, response.headers, content, time.monotonic() - bounds.started)
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        if ran_out.is_set() or isinstance(error, TimeoutError):
            raise Failed(too_late) from None
        raise Failed(f"the connection broke: {_reason(error)}") from None
    finally:
        clock.cancel()
        connection.close()


def _read(response: BaseHTTPResponse, bounds: _Bounds) -> bytes:
    if bounds.into is None:
        return response.read(bounds.limit, decode_content=False)
    left = bounds.limit
    while left and (chunk := response.read(min(left, 1 << 16), decode_content=False)):
        bounds.into.write(chunk)
        left -= len(chunk)
    return b""


def _reason(error: Exception | None) -> str:
    if error is None:
        return "it has no address"
    # urllib3 wraps what the system said in its own sentence; the cause is what an operator can act on.
    cause = error.__cause__ or error.__context__ or error
    return str(getattr(cause, "strerror", None) or cause)
