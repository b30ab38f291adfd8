"""What can go wrong, without any notion of HTTP. ``core.web`` maps each class to a status code once."""

from __future__ import annotations

from typing import Any


class RekamError(Exception):
    """Base of all errors that are somebody's mistake or a state the caller must know about.

    ``code`` is a stable word for machines; ``message`` a sentence for people that names the thing and the place;
    ``details`` further facts (JSON path, statement index, zip entry, line …), all JSON values.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = details


class Invalid(RekamError):
    """The input breaks a rule."""

    code = "invalid"


class Unauthenticated(RekamError):
    """No credential, or one that is wrong, expired or revoked."""

    code = "unauthenticated"


class Forbidden(RekamError):
    """The credential is good but may not do this."""

    code = "forbidden"


class NotFound(RekamError):
    """It does not exist, or not for this tenant."""

    code = "not_found"


class Conflict(RekamError):
    """It contradicts what is stored."""

    code = "conflict"


class PreconditionFailed(RekamError):
    """An If-Match / If-None-Match condition does not hold."""

    code = "precondition_failed"


class TooLarge(RekamError):
    """Over a limit; ``details`` names the limit."""

    code = "too_large"


class UnsupportedMedia(RekamError):
    """A body in a form that is not taken here."""

    code = "unsupported_media"


class Gone(RekamError):
    """It was there and has ended: a used ticket, an expired token."""

    code = "gone"


class RateLimited(RekamError):
    """Too many tries; ``details['retry_after']`` is seconds."""

    code = "rate_limited"


class Unavailable(RekamError):
    """The database, storage or queue cannot be used just now; trying again later is right."""

    code = "unavailable"
