"""Attachments and signatures over HTTP: in with their statements, out with them or alone."""

from __future__ import annotations

import base64
import datetime
import email
import hashlib
import json
from collections.abc import Iterable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core import credentials
from core.db import unit_of_work
from tests.conftest import TestTenant, basic
from tests.lrs.builders import new_uuid, statement
from tests.lrs.http import Xapi

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
Part = tuple[dict[str, str], bytes]


@pytest.fixture
def xapi(client: FlaskClient, tenant: TestTenant) -> Xapi:
    return Xapi(client, tenant.auth)


def attachment(content: bytes, **members: Any) -> dict[str, Any]:
    return {
        "usageType": "http://example.com/usage",
        "display": {"en": "File"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
    } | members


def part(content: bytes, **headers: str) -> Part:
    given = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": hashlib.sha256(content).hexdigest(),
    }
    return given | {k.replace("_", "-"): v for k, v in headers.items()}, content


def multipart(statements: Any, parts: Iterable[Part], boundary: str = "abc") -> bytes:
    out = b""
    for headers, content in ({"Content-Type": "application/json"}, json.dumps(statements).encode()), *parts:
        lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items() if v)
        out += f"--{boundary}\r\n{lines}\r\n".encode() + content + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


def post(xapi: Xapi, statements: Any, *parts: Part) -> TestResponse:
    kind = {"Content-Type": "multipart/mixed; boundary=abc"}
    return xapi("POST", "/statements", multipart(statements, parts), kind)


def parts_of(answer: TestResponse) -> list[tuple[str, str | None, bytes]]:
    """(media type, hash, bytes) of each part."""
    message = email.message_from_bytes(f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode() + answer.data)
    return [
        (p.get_content_type(), p["X-Experience-API-Hash"], p.get_payload(decode=True))
        for p in message.get_payload()  # type: ignore[union-attr,misc]
    ]


def test_there_and_back(xapi: Xapi) -> None:
    text, binary = b"hello", bytes(range(256)) * 500 + b"\r\n--ab\r\n--"
    one = statement(attachments=[attachment(text), attachment(binary, contentType="image/png")])
    two = statement(attachments=[attachment(text)])
    answer = post(xapi, [one, two], part(text), part(binary, Content_Type="image/png"))
    assert answer.status_code == 200, answer.text
    found = parts_of(xapi("GET", "/statements", statementId=answer.get_json()[0], attachments="true"))
    assert found[0][0] == "application/json"
    assert {(kind, sha2, content) for kind, sha2, content in found[1:]} == {
        ("text/plain", one["attachments"][0]["sha2"], text),
        ("image/png", one["attachments"][1]["sha2"], binary),
    }
    plain = xapi("GET", "/statements", statementId=answer.get_json()[0])
    assert plain.headers["Content-Type"] == "application/json"
    listed = parts_of(xapi("GET", "/statements", attachments="true"))
    assert listed[0][0] == "application/json"


def test_the_next_page_comes_with_attachments_too(xapi: Xapi) -> None:
    contents = [b"first", b"second"]
    for content in contents:
        assert post(xapi, statement(attachments=[attachment(content)]), part(content)).status_code == 200
    page, found = xapi("GET", "/statements", attachments="true", ascending="true", limit=1), []
    for content in contents:
        (_, _, result), (_, _, attached) = parts_of(page)
        found.append(attached)
        assert content == attached
        more = json.loads(result)["more"]
        if more:
            page = xapi("GET", "/statements", more=more.partition("more=")[2])
            assert page.status_code == 200
    assert (found, more) == (contents, "")


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
def test_every_sha2(xapi: Xapi, algorithm: str) -> None:
    content = algorithm.encode()
    sha2 = hashlib.new(algorithm, content).hexdigest()
    answer = post(
        xapi, statement(attachments=[attachment(content, sha2=sha2)]), part(content, X_Experience_API_Hash=sha2)
    )
    assert answer.status_code == 200, answer.text


def test_no_parts_are_needed_where_there_is_a_url(xapi: Xapi) -> None:
    linked = attachment(b"x", fileUrl="http://example.com/file")
    assert post(xapi, statement(attachments=[linked])).status_code == 200
    assert post(xapi, statement()).status_code == 200
    assert xapi("POST", "/statements", statement(attachments=[linked])).status_code == 200
    assert xapi("POST", "/statements", statement(attachments=[attachment(b"x")])).status_code == 400
    assert post(xapi, statement(attachments=[attachment(b"x")])).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        part(b"other"),
        part(b"hello", X_Experience_API_Hash=hashlib.sha256(b"other").hexdigest()),
        part(b"hello", X_Experience_API_Hash=""),
        part(b"hello", X_Experience_API_Hash="zz"),
        part(b"hello", Content_Transfer_Encoding=""),
        part(b"hello", Content_Transfer_Encoding="base64"),
        part(b"hallo", X_Experience_API_Hash=hashlib.sha256(b"hello").hexdigest()),
    ],
)
def test_parts_that_do_not_fit_store_nothing(xapi: Xapi, wrong: Part) -> None:
    one = statement(id=new_uuid(), attachments=[attachment(b"hello")])
    assert post(xapi, one, wrong).status_code == 400
    assert xapi("GET", "/statements", statementId=one["id"]).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--abc",
        b"--abc--\r\n",
        b"--abc\r\n\r\n\r\n--abc--",
        b"--abc\r\nContent-Type: application/json\r\n\r\n{}",
        b"--abc\r\nContent-Type: text/plain\r\n\r\n{}\r\n--abc--",
        b"--abc\r\n" + b"X: y\r\n" * 5000,
        b"--abc" + b" " * 5000,
        b"--xyz\r\n\r\n--xyz--",
        b"--abc\r\nno colon\r\n\r\n{}\r\n--abc--",
    ],
)
def test_broken_multipart(xapi: Xapi, body: bytes) -> None:
    for kind in (
        "multipart/mixed; boundary=abc",
        "multipart/mixed",
        'multipart/mixed; boundary=""',
        "multipart/form-data; boundary=abc",
    ):
        assert xapi("POST", "/statements", body, {"Content-Type": kind}).status_code == 400


def test_one_attachment_whole_and_in_ranges(xapi: Xapi, other_tenant: TestTenant) -> None:
    content = bytes(range(256)) * 40
    one = attachment(content, contentType="text/html")
    assert post(xapi, statement(attachments=[one]), part(content, Content_Type="text/html")).status_code == 200
    path = f"/attachments/{one['sha2']}"
    whole = xapi("GET", path)
    assert (whole.status_code, whole.data) == (200, content)
    assert whole.headers["Content-Type"] == "application/octet-stream"  # a page of its sender must not run here
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert whole.headers["Accept-Ranges"] == "bytes"
    some = xapi("GET", path, None, {"Range": "bytes=100-299"})
    assert (some.status_code, some.data) == (206, content[100:300])
    assert some.headers["Content-Range"] == f"bytes 100-299/{len(content)}"
    assert xapi("GET", path, None, {"Range": "bytes=-10"}).data == content[-10:]
    assert xapi("GET", path, None, {"Range": f"bytes={len(content)}-"}).status_code == 416
    assert xapi("GET", path, None, {"If-None-Match": whole.headers["ETag"]}).status_code == 304
    head = xapi("HEAD", path)
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(content)))
    assert xapi("GET", "/attachments/absent").status_code == 404
    assert Xapi(xapi.client, other_tenant.auth)("GET", path).status_code == 404


def test_whoever_names_a_hash_does_not_get_the_bytes(xapi: Xapi, tenant: TestTenant) -> None:
    """`statements/read/mine` gives what came with one's own statements, not what others brought under the same hash."""
    theirs, own = b"theirs " + new_uuid().encode(), b"own " + new_uuid().encode()
    assert post(xapi, statement(attachments=[attachment(theirs)]), part(theirs)).status_code == 200
    with unit_of_work():
        made, secret = credentials.create(tenant.id, ["statements/write", "statements/read/mine"])
        mine = Xapi(xapi.client, basic(made.key, secret))
    guessed = statement(id=new_uuid(), attachments=[attachment(theirs, fileUrl="http://example.com/any")])
    assert mine("POST", "/statements", guessed).status_code == 200
    brought = statement(id=new_uuid(), attachments=[attachment(own)])
    assert post(mine, brought, part(own)).status_code == 200
    for asked in ({"statementId": guessed["id"]}, {"limit": "10"}):
        answer = mine("GET", "/statements", attachments="true", **asked)
        assert answer.status_code == 200
        assert theirs not in answer.data
    assert [p[2] for p in parts_of(mine("GET", "/statements", statementId=brought["id"], attachments="true"))[1:]] == [
        own
    ]
    both = parts_of(xapi("GET", "/statements", statementId=guessed["id"], attachments="true"))
    assert [p[2] for p in both[1:]] == [theirs]
    assert mine("GET", f"/attachments/{hashlib.sha256(theirs).hexdigest()}").status_code == 403


# --- signatures -----------------------------------------------------------------------------------------------------

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey, issuer_key: rsa.RSAPrivateKey, name: str, issuer: str) -> str:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(issuer_key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


OWN = certificate(KEY, KEY, "signer", "signer")
CHAIN = [certificate(KEY, OTHER_KEY, "signer", "root"), certificate(OTHER_KEY, OTHER_KEY, "root", "root")]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jws(payload: Any, key: rsa.RSAPrivateKey = KEY, algorithm: str = "RS256", **header: Any) -> bytes:
    data = f"{b64(json.dumps({'alg': algorithm, **header}).encode())}.{b64(json.dumps(payload).encode())}"
    hashed = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384()}.get(algorithm, hashes.SHA512())
    return f"{data}.{b64(key.sign(data.encode(), padding.PKCS1v15(), hashed))}".encode()


def signed(xapi: Xapi, value: dict[str, Any], signature: bytes, kind: str = "application/octet-stream") -> TestResponse:
    mark = attachment(signature, usageType=SIGNATURE, contentType=kind)
    return post(xapi, value | {"attachments": [mark]}, part(signature, Content_Type=kind))


def test_signed_statements(xapi: Xapi) -> None:
    for algorithm in ("RS256", "RS384", "RS512"):
        for header in ({}, {"x5c": [OWN]}, {"x5c": CHAIN}):
            value = statement(id=new_uuid())
            answer = signed(xapi, value, jws(value, algorithm=algorithm, **header))
            assert answer.status_code == 200, (algorithm, header.keys(), answer.text)


def altered(part: bytes, offset: int) -> str:
    """The certificate with another byte in the first place that has ``part``."""
    der = bytearray(base64.b64decode(OWN))
    der[der.index(part) + offset] = 0x63
    return base64.b64encode(der).decode()


def with_algorithm(value: dict[str, Any], algorithm: Any) -> bytes:
    payload, proof = jws(value).split(b".")[1:]
    return b".".join([b64(json.dumps({"alg": algorithm}).encode()).encode(), payload, proof])


BAD: dict[str, Any] = {
    "another statement": lambda s: jws(s | {"actor": {"mbox": "mailto:eve@example.com"}}),
    "another key than the certificate's": lambda s: jws(s, OTHER_KEY, x5c=[OWN]),
    "a chain out of order": lambda s: jws(s, x5c=[OWN, CHAIN[1]]),
    "no certificates": lambda s: jws(s, x5c=[]),
    "no array of certificates": lambda s: jws(s, x5c=OWN),
    "certificates that are none": lambda s: jws(s, x5c=["eA=="]),
    "no algorithm": lambda s: jws(s, algorithm="none"),
    "an algorithm that is a list": lambda s: with_algorithm(s, ["RS256"]),
    "an algorithm that is an object": lambda s: with_algorithm(s, {}),
    "a certificate with a key of no known kind": lambda s: jws(
        s, x5c=[altered(bytes.fromhex("2a864886f70d010101"), 8)]
    ),
    "a certificate of no known version": lambda s: jws(s, x5c=[altered(bytes.fromhex("a003020102"), 4)]),
    "a shared secret": lambda s: jws(s, algorithm="HS256"),
    "no JWS": lambda s: b"x.y",
    "four parts": lambda s: jws(s) + b".x",
    "not base64": lambda s: b"!!.??.~~",
    "not ASCII": lambda s: "ä.ö.ü".encode(),
    "a header that is no object": lambda s: f"{b64(b'[1]')}.{b64(b'{}')}.x".encode(),
    "a payload that is no object": lambda s: jws([s]),
    "a payload with a key twice": lambda s: jws(s).replace(
        b64(json.dumps(s).encode()).encode(), b64(b'{"a":1,"a":2}').encode()
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_signatures(xapi: Xapi, name: str) -> None:
    value = statement(id=new_uuid())
    answer = signed(xapi, value, BAD[name](value))
    assert answer.status_code == 400, answer.text
    assert xapi("GET", "/statements", statementId=value["id"]).status_code == 404


def test_a_header_that_is_not_json_is_named(xapi: Xapi) -> None:
    answer = signed(xapi, statement(), f"{b64(b'{')}.{b64(b'{}')}.{b64(b'x')}".encode())
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"].startswith("the header of the signature of statement 0 is not JSON")


def test_a_signature_is_an_octet_stream(xapi: Xapi) -> None:
    value = statement(id=new_uuid())
    assert signed(xapi, value, jws(value), "text/plain").status_code == 400
