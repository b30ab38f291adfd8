"""Signed statements (1.0.3 Data 2.6; 2.0 §4.2.6): a JWS in compact form over the statement, attached to it. Pure."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from core.errors import Invalid
from lrs import comparison, parsing

_HASHES: dict[str, type[SHA256] | type[SHA384] | type[SHA512]] = {"RS256": SHA256, "RS384": SHA384, "RS512": SHA512}


def verify(signature: bytes, statement: dict[str, Any], index: int) -> None:
    """Raise :class:`Invalid` unless ``signature`` is a well-formed JWS of this statement, right for its certificate if it brings one."""
    try:
        head, payload, mark = signature.decode("ascii").strip().split(".")
        header, content, proof = _decoded(head), _decoded(payload), _decoded(mark)
    except ValueError:
        raise _bad(index, "is not a JWS in compact serialization (RFC 7515)") from None
    header = parsing.loads(header, f"the header of the signature of statement {index}")
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str) or header["alg"] not in _HASHES:
        raise _bad(index, "must use RS256, RS384 or RS512")
    signed = parsing.loads(content, f"the payload of the signature of statement {index}")
    if not isinstance(signed, dict) or not comparison.signed(statement, signed):
        raise _bad(index, "is of another statement")
    if "x5c" in header:
        _verify_chain(header, f"{head}.{payload}".encode(), proof, index)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _verify_chain(header: dict[str, Any], data: bytes, proof: bytes, index: int) -> None:
    chain = header["x5c"]
    if not isinstance(chain, list) or not chain or not all(isinstance(c, str) for c in chain):
        raise _bad(index, "has an x5c header that is not an array of certificates")
    try:
        certificates = [x509.load_der_x509_certificate(base64.b64decode(c, validate=True)) for c in chain]
        key = certificates[0].public_key()
        for child, parent in pairwise(certificates):
            child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion):
        raise _bad(index, "has an x5c header whose certificates cannot be read or do not sign each other") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise _bad(index, "has a certificate without an RSA key")
    try:
        key.verify(proof, data, padding.PKCS1v15(), _HASHES[header["alg"]]())
    except InvalidSignature:
        raise _bad(index, "does not match its certificate") from None


def _bad(index: int, text: str) -> Invalid:
    return Invalid(f"statement {index}: its signature {text}", code="signature", index=index, path="$.attachments")
