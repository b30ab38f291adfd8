"""Forgetting a person: what they did is deleted or goes under a pseudonym, and what comes back later meets a tombstone.

By role: in mode ``delete`` statements whose actor is the person go; where they only appear (as object, instructor, member of a group or
team, in a sub-statement, as authority) the statement is somebody else's too and keeps a pseudonym in their place. Mode
``pseudonymise`` keeps every statement that way. Documents of the person (State, Agent Profile) and their names always go.

A mail address is one person's however it is spelled: without regard to case, and as the SHA-1 of any spelling. Accounts and OpenIDs are
compared exactly, home page included: whether ``Ada`` and ``ada`` are one account is known only to the system that has it.

Identifiers are kept only as keyed hashes. Operations work in the current unit of work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from flask import current_app
from sqlalchemy import String, delete, func, select, text, union
from sqlalchemy.orm import Mapped, mapped_column

from core import crypto
from core.db import Model, dialect, session
from core.ids import new_id
from lrs import consistency, metadata, removal
from lrs.identity import AGENT, AGENT_INDIRECT, identities, ifi, key, reference
from lrs.models import AgentName, Document, StatementReference, StatementRow
from lrs.rows import actors
from lrs.validation import SIGNATURE

Mode = Literal["delete", "pseudonymise"]
BATCH = 200
# Statements looked at for other spellings at once.
LOOK = 5000
# The second key of the advisory lock is the tenant.
LOCK_CLASS = 727393
# A domain that RFC 2606 promises nobody will ever have.
HOME = "https://erased.invalid"
# What finds a person's statements, whatever the role.
_ROLES = (AGENT, AGENT_INDIRECT)


class ErasedIdentifier(Model):
    """A tombstone: the keyed hash of an identifier, and the pseudonym that stands for the person."""

    __tablename__ = "erased_identifiers"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    erasure_id: Mapped[str] = mapped_column(String(36))
    mode: Mapped[str] = mapped_column(String(12))
    pseudonym: Mapped[str] = mapped_column(String(36))


@dataclass(frozen=True)
class Tombstone:
    mode: str
    pseudonym: str


@dataclass
class Outcome:
    """What an erasure did (or, tried dry, would do).

    ``spellings`` counts identifiers found beside those given, ``roles`` the places where a pseudonym was put, by role.
    """

    spellings: int = 0
    deleted: int = 0
    pseudonymised: int = 0
    roles: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    names: int = 0
    attachments: int = 0
    events: int = 0


def identifiers(agents: Iterable[dict[str, Any]]) -> list[str]:
    """Everything the agents may appear as: their identifiers, and for a mail address its SHA-1 too."""
    return with_hashes(identifier for agent in agents if (identifier := ifi(agent)) is not None)


def with_hashes(who: Iterable[str]) -> list[str]:
    """``who`` and the SHA-1 of the mail addresses among them."""
    return list(dict.fromkeys(i for identifier in who for i in (identifier, *_hashes_of(identifier))))


def _canonical(identifier: str) -> str:
    # Local parts may differ by case alone (RFC 5321 2.4), but nobody hands out such addresses: better one too many.
    return identifier.lower() if identifier.startswith(("mbox\x1f", "mbox_sha1sum\x1f")) else identifier


def _hashes_of(identifier: str) -> list[str]:
    """Of a mail address the ``mbox_sha1sum`` of this spelling and of the one in lower case; nothing of others."""
    name, _, address = identifier.partition("\x1f")
    if name != "mbox":
        return []
    found = [hashlib.sha1(a.encode()).hexdigest() for a in (address, address.lower())]  # noqa: S324 - xAPI's
    return [f"mbox_sha1sum\x1f{hash_}" for hash_ in dict.fromkeys(found)]


def _same_person(identifier: str) -> list[str]:
    """What stands for the same person wherever ``identifier`` does, itself first."""
    return [_canonical(identifier), *_hashes_of(identifier)]


def hashed(identifier: str) -> str:
    return crypto.keyed_hash(current_app.config["SECRET_KEY"], "erased identifier", _canonical(identifier))


# --- other spellings ----------------------------------------------------------------------------------------------


def has_spellings(who: list[str]) -> bool:
    return any(i.startswith(("mbox\x1f", "mbox_sha1sum\x1f")) for i in who)


def spellings(tenant_id: int, who: list[str], after: int) -> tuple[list[str], int | None]:
    """(identifiers beside ``who`` that are the same person's, where to go on or None) in the next :data:`LOOK` statements beyond ``after``.

    At the end it has also looked at names and documents. A newly found address begins anew: what has been passed may be spelled like it.
    Only reads; the transaction is ended.
    """
    row = StatementRow
    query = select(row.position, row.body).where(
        row.tenant_id == tenant_id, row.position > after, row.body.is_not(None)
    )
    rows = session().execute(query.order_by(row.position).limit(LOOK)).all()
    there: set[str] = set()
    for _, body in rows:
        there.update(_everybody(msgspec.json.decode(body or "{}")))
    if len(rows) < LOOK:
        for table, column in ((AgentName, AgentName.identifier), (Document, Document.agent)):
            of_mail = select(column).where(table.tenant_id == tenant_id, column.startswith("mbox")).distinct()
            there.update(identifier for identifier in session().scalars(of_mail) if identifier)
    session().rollback()
    wanted = {same for identifier in who for same in _same_person(identifier)}
    new = sorted(i for i in there - set(who) if not wanted.isdisjoint(_same_person(i)))
    following = rows[-1][0] if len(rows) == LOOK else None
    if not wanted.issuperset(same for identifier in new for same in _same_person(identifier)):
        following = consistency.FIRST
    return new, following


def _everybody(value: dict[str, Any]) -> Iterator[str]:
    """The identifiers of all who are in a statement."""
    for actor in (*actors(value), value["authority"]):
        yield from identities(actor)


# --- tombstones ---------------------------------------------------------------------------------------------------


class Tombstones:
    """The tombstones of a tenant, for looking at many statements."""

    def __init__(self, known: dict[str, Tombstone]) -> None:
        self.known = known

    @classmethod
    def of(cls, tenant_id: int) -> Tombstones:
        query = select(ErasedIdentifier).where(ErasedIdentifier.tenant_id == tenant_id)
        return cls({t.hash: Tombstone(t.mode, t.pseudonym) for t in session().scalars(query)})

    def __bool__(self) -> bool:
        return bool(self.known)

    def find(self, agent: dict[str, Any]) -> Tombstone | None:
        identifier = ifi(agent)
        return self.of_identifier(identifier) if identifier is not None else None

    def of_identifier(self, identifier: str) -> Tombstone | None:
        found = (self.known.get(hashed(same)) for same in _same_person(identifier))
        return next((tombstone for tombstone in found if tombstone is not None), None)


def lock(tenant_id: int) -> None:
    """Alone among imports and new tombstones of a tenant, to the end of the transaction: no import commits what it did not see."""
    if dialect() == "postgresql":
        session().execute(text("SELECT pg_advisory_xact_lock(:k, :t)"), {"k": LOCK_CLASS, "t": tenant_id})


def bury(tenant_id: int, who: list[str], mode: Mode, erasure_id: str) -> Tombstones:
    """Put up tombstones for identifiers and return them. One that stands keeps its pseudonym.

    Whatever an import brings later meets them, and what it brought before can be found.
    """
    hashes = list(dict.fromkeys(hashed(i) for i in who))
    standing = _standing(tenant_id, hashes)
    if len(standing) < len(hashes):
        lock(tenant_id)
        standing = _standing(tenant_id, hashes)
    pseudonym = next((t.pseudonym for t in standing.values()), new_id())
    for hash_ in hashes:
        row = standing.get(hash_)
        if row is None:
            row = ErasedIdentifier(tenant_id=tenant_id, hash=hash_, pseudonym=pseudonym)
            session().add(row)
        row.erasure_id, row.mode = erasure_id, mode
    session().flush()
    return Tombstones({h: Tombstone(mode, standing[h].pseudonym if h in standing else pseudonym) for h in hashes})


def _standing(tenant_id: int, hashes: list[str]) -> dict[str, ErasedIdentifier]:
    query = select(ErasedIdentifier).where(ErasedIdentifier.tenant_id == tenant_id, ErasedIdentifier.hash.in_(hashes))
    return {t.hash: t for t in session().scalars(query)}


def unburied(who: list[str], mode: Mode) -> Tombstones:
    """The same for a dry run, without writing anything."""
    pseudonym = new_id()
    return Tombstones({hashed(i): Tombstone(mode, pseudonym) for i in who})


# --- one statement ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cleansed:
    """``body`` None: the statement is to go. ``roles`` are the places where a pseudonym stands now."""

    body: dict[str, Any] | None
    changed: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()


def cleanse(value: dict[str, Any], tombstones: Tombstones) -> Cleansed | None:
    """What is left of a statement; None: nobody erased is in it. ``changed`` names its top-level members that are new."""
    actor = tombstones.find(value["actor"])
    members = value["actor"].get("member", [])
    if actor is None and len(members) == 1 and ifi(value["actor"]) is None:
        actor = tombstones.find(members[0])
    if actor is not None and actor.mode == "delete":
        return Cleansed(None)
    roles: list[str] = []
    addresses: set[str] = set()
    new = dict(value)
    for role, holder, name in list(_places(new)):
        replaced = _replace(holder[name], tombstones, role, roles, addresses)
        if replaced is not holder[name]:
            holder[name] = replaced
    if not roles:
        return None
    new = _without_signature(new)
    for address in addresses:
        new = _scrub(new, address)
    changed = frozenset(k for k in new.keys() | value.keys() if new.get(k) != value.get(k))
    return Cleansed(new, changed, tuple(roles))


def _places(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
    """(role, object, member) of every agent or group; the objects on the way are copied, so that they can be changed."""
    for name in ("actor", "authority"):
        if name in value:
            yield prefix + name, value, name
    kind = value["object"].get("objectType")
    if kind in ("Agent", "Group"):
        yield prefix + "object", value, "object"
    if kind == "SubStatement":
        value["object"] = dict(value["object"])
        yield from _places(value["object"], "subStatement.")
    if "context" not in value:
        return
    context = value["context"] = dict(value["context"])
    for name in ("instructor", "team"):
        if name in context:
            yield prefix + name, context, name
    for name, member in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in context:
            context[name] = [dict(item) for item in context[name]]
            for item in context[name]:
                yield prefix + name, item, member


def _replace(
    agent: dict[str, Any], tombstones: Tombstones, role: str, roles: list[str], addresses: set[str]
) -> dict[str, Any]:
    found = tombstones.find(agent)
    if found is not None:
        roles.append(role)
        if "mbox" in agent:
            addresses.add(agent["mbox"].removeprefix("mailto:"))
        kept = {k: agent[k] for k in ("objectType", "member") if k in agent}
        agent = kept | {"account": {"homePage": HOME, "name": found.pseudonym}}
    if "member" in agent:
        members = [_replace(m, tombstones, f"{role}.member", roles, addresses) for m in agent["member"]]
        if any(a is not b for a, b in zip(members, agent["member"], strict=True)):
            agent = agent | {"member": members}
    return agent


def _without_signature(value: dict[str, Any]) -> dict[str, Any]:
    """A signature holds the statement as it was, the person included."""
    if value["object"].get("objectType") == "SubStatement":
        value = value | {"object": _without_signature(value["object"])}
    kept = [a for a in value.get("attachments", ()) if a["usageType"] != SIGNATURE]
    if len(kept) == len(value.get("attachments", ())):
        return value
    rest = {k: v for k, v in value.items() if k != "attachments"}
    return rest | {"attachments": kept} if kept else rest


def _scrub(value: Any, address: str) -> Any:
    """The same value where ``address`` is nowhere in it."""
    if isinstance(value, str):
        low, wanted = value.lower(), address.lower()
        if wanted not in low or len(low) != len(value):
            return value
        pieces, at = [], 0
        while (found := low.find(wanted, at)) >= 0:
            pieces.append(value[at:found])
            at = found + len(wanted)
        return "erased".join([*pieces, value[at:]])
    if isinstance(value, dict):
        return {_scrub(k, address): _scrub(v, address) for k, v in value.items()}
    if isinstance(value, list):
        return [_scrub(v, address) for v in value]
    return value


# --- everything stored --------------------------------------------------------------------------------------------


def count(tenant_id: int, who: list[str]) -> int:
    """Most statements an erasure has to look at."""
    query = select(func.count()).where(
        StatementReference.tenant_id == tenant_id,
        StatementReference.reference.in_([reference(kind, i) for i in who for kind in _ROLES]),
    )
    return session().scalar(query) or 0


def erase_statements(
    tenant_id: int,
    identifier: str,
    before: list[str],
    tombstones: Tombstones,
    after: int,
    outcome: Outcome,
    *,
    dry: bool,
) -> int | None:
    """Go over up to :data:`BATCH` statements beyond position ``after`` in which ``identifier`` is; returns where to go on, or None.

    A dry run leaves what it has counted at the identifiers ``before`` where it is.
    """
    found = _with(tenant_id, identifier, after)
    gone: list[str] = []
    for id_, _, body in found:
        value = msgspec.json.decode(body)
        if dry and not set(before).isdisjoint(_everybody(value)):
            continue
        left = cleanse(value, tombstones)
        if left is None:
            continue  # it only points at one of theirs
        _count(left, outcome)
        if left.body is None:
            gone.append(id_)
        elif not dry:
            removal.rewrite(tenant_id, id_, reencode(body.encode(), left))
    if gone and not dry:
        removal.delete(tenant_id, gone)
    return found[-1][1] if len(found) == BATCH else None


def _with(tenant_id: int, identifier: str, after: int) -> list[tuple[str, int, str]]:
    """(id, position, body) of statements that are found by ``identifier`` in any role, oldest first, voided ones too; locked."""
    row, there = StatementRow, StatementReference
    ways = [
        select(there.position)
        .where(there.tenant_id == tenant_id, there.reference == reference(kind, identifier), there.position > after)
        .order_by(there.position)
        .limit(BATCH)
        .subquery()
        for kind in _ROLES
    ]
    positions = union(*(select(way.c.position) for way in ways))
    query = (
        select(row.id, row.position, row.body)
        .where(row.tenant_id == tenant_id, row.position.in_(positions))
        .order_by(row.position)
        .limit(BATCH)
        .with_for_update()
    )
    return [
        (str(id_), position, body or "{}") for id_, position, body in session().execute(query) if position is not None
    ]


def _count(left: Cleansed, outcome: Outcome) -> None:
    if left.body is None:
        outcome.deleted += 1
        return
    outcome.pseudonymised += 1
    for role in left.roles:
        outcome.roles[role] = outcome.roles.get(role, 0) + 1


def reencode(body: bytes, left: Cleansed) -> bytes:
    """``body`` with the members that changed; the others stay byte for byte."""
    assert left.body is not None
    members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for name in left.changed:
        if name in left.body:
            members[name] = msgspec.Raw(msgspec.json.encode(left.body[name]))
        else:
            del members[name]
    return msgspec.json.encode(members)


def cleanse_payload(value: Any, tombstones: Tombstones, addresses: list[str]) -> Any:
    """The same JSON (an event, a report) without the people of ``tombstones`` and without ``addresses``."""
    if isinstance(value, dict):
        if tombstones.find(value) is not None:
            return _replace(value, tombstones, "", [], set())
        return {k: cleanse_payload(v, tombstones, addresses) for k, v in value.items()}
    if isinstance(value, list):
        return [cleanse_payload(v, tombstones, addresses) for v in value]
    for address in addresses:
        value = _scrub(value, address)
    return value


def erase_rest(tenant_id: int, who: list[str], *, dry: bool) -> tuple[int, int]:
    """Documents and names of the person; returns how many of each."""
    of_documents = [Document.tenant_id == tenant_id, Document.agent.in_(who)]
    of_names = [AgentName.tenant_id == tenant_id, AgentName.key.in_([key(i) for i in who])]
    counts = tuple(
        session().scalar(select(func.count()).select_from(t).where(*w)) or 0
        for t, w in ((Document, of_documents), (AgentName, of_names))
    )
    if not dry:
        session().execute(delete(Document).where(*of_documents))
        metadata.forget_names(tenant_id, who)
    return counts[0], counts[1]
