"""Storing a rejected request after all, as the program that sent it, for REST and the console."""

from __future__ import annotations

from core import audit, clock, credentials
from core.errors import Conflict, Forbidden
from lrs import rejections
from lrs.resources.statements import authority_of


def replay(tenant_id: int, rejection_id: str, actor: str, body: str | None) -> list[str]:
    """Store what was sent, or the corrected ``body``; returns the ids of its statements. Needs a unit of work.

    :class:`core.errors.Invalid` and :class:`core.errors.Conflict` say why it is refused again, or that it was stored before.
    """
    found = rejections.get(tenant_id, rejection_id, lock=True)
    sender = credentials.get(tenant_id, found.key)
    held = credentials.expand(sender.scopes)
    if sender.revoked or (sender.expires and sender.expires <= clock.now()) or "statements/write" not in held:
        raise Forbidden(
            f"the credential {sender.key!r} that sent it may not write statements any more", code="sender_gone"
        )
    if found.replayed is not None:
        # Statements without ids would be there twice.
        raise Conflict(f"it was stored at {found.replayed:%Y-%m-%dT%H:%M:%SZ} already", code="replayed")
    sent = None if body is None else body.encode()
    ids = rejections.replay(found, authority_of(found.key), sent, define="define" in held)
    audit.record(tenant_id, actor, "rejected_request.replayed", found.id, statements=len(ids))
    return ids
