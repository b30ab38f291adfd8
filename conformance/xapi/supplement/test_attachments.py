"""Attachments: of SubStatements, in every form that parts may have, and for whom."""

from __future__ import annotations

import email
import hashlib
import json
from typing import Any

from conformance.xapi.supplement.client import Answer, Lrs, agent, fresh, statement

JSON_PART = b"Content-Type: application/json"


def attachment(content: bytes, **members: Any) -> dict[str, Any]:
    return {
        "usageType": "http://example.com/usage",
        "display": {"en": "File"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
    } | members


def part(content: bytes, folded: bool = False) -> bytes:
    """Headers and bytes of a part; ``folded`` as Python's EmailMessage writes long headers (RFC 5322 §2.2.3)."""
    mark = ("\r\n " if folded else " ") + hashlib.sha256(content).hexdigest()
    lines = ["Content-Type: text/plain", "Content-Transfer-Encoding: binary", f"X-Experience-API-Hash:{mark}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def send(lrs: Lrs, statements: Any, *parts: bytes) -> Answer:
    """A POST of statements with the bytes of their attachments."""
    first = JSON_PART + b"\r\n\r\n" + json.dumps(statements).encode()
    body = b"".join(b"--abc\r\n" + one + b"\r\n" for one in (first, *parts)) + b"--abc--\r\n"
    return lrs.request("POST", "/statements", body=body, headers={"Content-Type": "multipart/mixed; boundary=abc"})


def attached(lrs: Lrs, id_: str) -> list[bytes]:
    """The bytes that come with a statement."""
    answer = lrs.request("GET", "/statements", {"statementId": id_, "attachments": "true"})
    assert answer.status == 200, answer.body
    whole = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode() + answer.body
    message: Any = email.message_from_bytes(whole)
    return [p.get_payload(decode=True) for p in message.get_payload()[1:]]


def about(*attachments: dict[str, Any]) -> dict[str, Any]:
    """A statement whose object is a SubStatement with ``attachments``."""
    sub = {k: v for k, v in statement().items() if k != "id"}
    return statement(object={"objectType": "SubStatement", **sub, "attachments": list(attachments)})


def test_attachments_of_substatements(each: Lrs) -> None:
    """1.0.3 Data 2.4.4.3: a SubStatement has attachments as a Statement has."""
    content = fresh().encode()
    one = about(attachment(content))
    assert send(each, one).status == 400
    assert each.request("POST", "/statements", body=one).status == 400
    assert each.one(one["id"]).status == 404
    assert send(each, one, part(content)).status == 200
    assert attached(each, one["id"]) == [content]
    linked = about(attachment(content, fileUrl="http://example.com/file"))
    assert each.request("POST", "/statements", body=linked).status == 200


def test_a_folded_header_of_a_part(each: Lrs) -> None:
    content = fresh().encode()
    one = statement(attachments=[attachment(content)])
    assert send(each, one, part(content, folded=True)).status == 200
    assert attached(each, one["id"]) == [content]


def test_a_statement_again_with_other_words_about_its_attachments(each: Lrs) -> None:
    """1.0.3 Data 2.3.1; 2.0 §4.2: attachments do not make another statement."""
    content = fresh().encode()
    one = statement(attachments=[attachment(content)])
    assert send(each, one, part(content)).status == 200
    again = one | {
        "attachments": [attachment(content, display={"id": "Berkas"}, sha2=one["attachments"][0]["sha2"].upper())]
    }
    assert send(each, again, part(content)).status == 200
    without = {k: v for k, v in one.items() if k != "attachments"}
    assert each.request("POST", "/statements", body=without).status == 200
    assert each.request("POST", "/statements", body=without | {"actor": agent()}).status == 409
    assert attached(each, one["id"]) == [content]
