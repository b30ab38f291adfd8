"""Names of agents and of filter values: inverse functional identifiers and the 64-bit references rows are found by."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

# Kinds of references. Agents and activities find a statement in the direct role (actor or object) by the one, in any other role by the
# other; who is in both has the direct one only. The `related` filters look for either.
AGENT = "a"
AGENT_INDIRECT = "A"
VERB = "v"
ACTIVITY = "o"
ACTIVITY_INDIRECT = "O"
REGISTRATION = "r"


def ifi(actor: dict[str, Any]) -> str | None:
    """The inverse functional identifier as one string (``mbox``, U+001F, ``mailto:a@b``), or None for an anonymous group."""
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if name in actor:
            return f"{name}\x1f{actor[name]}"
    account = actor.get("account")
    return None if account is None else f"account\x1f{account['homePage']}\x1f{account['name']}"


def actor_of(identifier: str) -> dict[str, Any]:
    """The agent that :func:`ifi` gave ``identifier`` for."""
    name, *parts = identifier.split("\x1f", 2)
    return {"account": {"homePage": parts[0], "name": parts[1]}} if name == "account" else {name: parts[0]}


def identities(actor: dict[str, Any]) -> list[str]:
    """Identifiers by which a filter finds this actor: its own, and those of a group's members (1.0.3 Communication 2.1.3)."""
    everybody = (actor, *actor["member"]) if "member" in actor else (actor,)
    return [found for one in everybody if (found := ifi(one)) is not None]


def reference(kind: str, value: str) -> int:
    """A signed 64-bit number that stands for a filter value.

    A hash instead of a dictionary table: no shared rows to lock, nothing to look up. Among ten million values of a tenant the chance
    that any two share a number is about 1 : 370,000.
    """
    # Long values would make the memory large.
    return _remembered(kind, value) if len(value) <= 256 else _number(kind, value)


def _number(kind: str, value: str) -> int:
    digest = blake2b(f"{kind}{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


_remembered = lru_cache(maxsize=30_000)(_number)


def key(*parts: str) -> str:
    """128 bits in hex that stand for ``parts`` in a primary key, whose length databases limit."""
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
