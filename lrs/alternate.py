"""The alternate request syntax of 1.0.x (Communication 1.3): any request as a form POST with ``?method=``.

Rewritten before routing, so that every resource sees an ordinary request.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from core.errors import Invalid
from lrs.formats import is_field_value

# Form fields that are headers; all others are parameters.
_HEADERS = {
    "authorization": "HTTP_AUTHORIZATION",
    "x-experience-api-version": "HTTP_X_EXPERIENCE_API_VERSION",
    "content-type": "CONTENT_TYPE",
    "content-length": "",
    "if-match": "HTTP_IF_MATCH",
    "if-none-match": "HTTP_IF_NONE_MATCH",
    "accept": "HTTP_ACCEPT",
    "accept-language": "HTTP_ACCEPT_LANGUAGE",
}
# The first is a SHOULD; the browsers for which this syntax was made can send no other type than text/plain, or none.
_FORMS = ("application/x-www-form-urlencoded", "text/plain", "")
_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
FORM_LIMIT = 16 << 20
# Where a rewritten request carries its fault; the blueprint answers it in its own words.
PROBLEM = "rekam.xapi_problem"

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class AlternateSyntax:
    """WSGI middleware for ``/xapi`` only."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] == "POST"
            and "method=" in environ.get("QUERY_STRING", "")
            and environ.get("PATH_INFO", "").startswith("/xapi/")
        ):
            try:
                rewrite(environ)
            except Invalid as problem:
                environ[PROBLEM] = problem.message
        return self.application(environ, start_response)


def rewrite(environ: Environ) -> None:
    """Turn the form into the request it stands for, in place. Requests of 2.0 stay as they are (it has no such syntax)."""
    query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method = next((value.upper() for name, value in query if name == "method"), "")
    if not method or environ.get("HTTP_X_EXPERIENCE_API_VERSION", "").startswith("2"):
        return
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind not in _FORMS:
        raise Invalid(f"a request with ?method= must be a form (application/x-www-form-urlencoded), not {kind[:60]!r}")
    fields = _form(environ)
    content = fields.pop("content", None)
    parameters = []
    environ.pop("CONTENT_TYPE", None)
    # Headers first, so that whoever sends a fault below is known, and told of it rather than asked who it is.
    for name, value in fields.items():
        header = _HEADERS.get(name.lower())
        if header is None:
            parameters.append((name, value))
        elif header:
            environ[header] = value
    unfit = [name for name, value in fields.items() if name.lower() in _HEADERS and not is_field_value(value)]
    if unfit:
        raise Invalid(f"the form field {unfit[0]} has characters that no HTTP header can have")
    if environ.get("HTTP_X_EXPERIENCE_API_VERSION", "").startswith("2"):
        raise Invalid("xAPI 2.0 has no alternate request syntax")
    if method not in _METHODS:
        raise Invalid(f"method={method[:20]} is not one of {', '.join(_METHODS)}")
    if len(query) != 1:
        raise Invalid("a request with ?method= must have its other parameters in the form")
    body = (content or "").encode()
    if content is not None:
        environ.setdefault("CONTENT_TYPE", "application/json")
    environ.update(
        REQUEST_METHOD=method,
        QUERY_STRING=urlencode(parameters),
        CONTENT_LENGTH=str(len(body)),
    )
    environ["wsgi.input"] = io.BytesIO(body)
    environ["wsgi.input_terminated"] = True
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _form(environ: Environ) -> dict[str, str]:
    try:
        length = int(environ.get("CONTENT_LENGTH") or -1)
    except ValueError:
        length = -1
    if length > FORM_LIMIT:
        raise Invalid(f"the form is larger than {FORM_LIMIT >> 20} MiB")
    data = environ["wsgi.input"].read(length if length >= 0 else FORM_LIMIT + 1)
    if len(data) > FORM_LIMIT:
        raise Invalid(f"the form is larger than {FORM_LIMIT >> 20} MiB")
    try:
        pairs = parse_qsl(data.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Invalid("the form is not UTF-8 or has more than 100 fields") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise Invalid("the form has a field twice")
    return dict(pairs)
