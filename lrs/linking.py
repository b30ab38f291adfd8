"""Voiding and the traversal of StatementRefs, whatever the order in which statements arrive.

A statement that points at another is found by everything that finds its target (1.0.3 Communication 2.1.3, "Filter Conditions for
StatementRefs"), and so on along chains. References of the target are therefore copied to the statements that point at it: when these come,
if the target is there; else when the target comes. The row of the target is locked meanwhile, so that neither overlooks the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lrs import rows, sql
from lrs.identity import AGENT_INDIRECT, identities, reference
from lrs.rows import Prepared
from lrs.validation import VOIDED

# A statement is found by what so many statements along its chain say, itself included; longer ones only arise by intent.
DEPTH = 16


@dataclass
class Chains:
    """Statements on the way along StatementRefs: what finds each by itself, and the id of what it points at."""

    links: dict[str, tuple[Collection[int], str | None]] = field(default_factory=dict)

    def read(self, tenant_id: int, ids: Iterable[str]) -> None:
        """Get to know stored statements and what they point at, one question for each step."""
        waiting, asked = set(ids), set(self.links)
        for _ in range(DEPTH):
            waiting -= asked
            asked |= waiting
            values = [msgspec.json.decode(s.body) for s in sql.find(tenant_id, waiting) if s.body is not None]
            known = {value["id"].lower(): (found_by(value), target_of(value)) for value in values}
            self.links |= known
            waiting = {target for _, target in known.values() if target is not None}

    def references(self, id_: str | None, most: int = DEPTH) -> set[int]:
        """What finds a statement: by itself, and along the first ``most`` of its chain."""
        found: set[int] = set()
        for _ in range(most):
            if id_ not in self.links:
                break
            own, id_ = self.links[id_]
            found.update(own)
        return found


def found_by(value: dict[str, Any]) -> set[int]:
    """What finds a stored statement by itself: :func:`lrs.rows.references` of it, and who has stored it."""
    stored_by = {reference(AGENT_INDIRECT, i) for i in identities(value["authority"])}
    return rows.references(value) | stored_by


def target_of(value: dict[str, Any]) -> str | None:
    """The id of what a statement points at, in lower case; None where its object is no StatementRef."""
    target = value["object"]
    return target["id"].lower() if target.get("objectType") == "StatementRef" else None


def link(tenant_id: int, new: dict[str, tuple[Prepared, int]], filled: set[str]) -> list[str]:
    """Connect ``new`` statements (by id, with their positions) with what is stored; ``filled`` of them had been pointed at before.

    Returns the ids of statements voided by this.
    """
    own = {p.id: sql.Edge(p.target, p.id, position, p.voids) for p, position in new.values() if p.target is not None}
    edges = own.values()
    targets = {s.id: s for s in sql.hold(tenant_id, {e.target for e in edges})}
    sql.insert_edges(tenant_id, edges)
    pointing = (own | pointing_at(tenant_id, own.keys() | filled, new.keys())).values()
    chains = Chains({id_: (p.references, p.target) for id_, (p, _) in new.items()})
    chains.read(tenant_id, {e.target for e in pointing})
    pairs = {(r, e.position) for e in pointing for r in chains.references(e.target, DEPTH - 1)}
    sql.insert_references(tenant_id, pairs)
    voided = {e.target for e in edges if e.voids and _voidable(targets.get(e.target))}
    voided |= {e.target for e in pointing if e.voids and e.target in filled and not new[e.target][0].voids}
    for id_ in sorted(voided):
        sql.mark_voided(tenant_id, id_)
    return sorted(voided)


def _voidable(target: sql.Stored | None) -> bool:
    """Known, not voided yet, and not itself a voiding statement (1.0.3 Data 2.3.2)."""
    if target is None or target.body is None or target.voided:
        return False
    return bool(msgspec.json.decode(target.body)["verb"]["id"] != VOIDED)


def pointing_at(tenant_id: int, ids: Collection[str], held: Collection[str] = ()) -> dict[str, sql.Edge]:
    """By their ids, the edges of all statements that point at one of ``ids``, directly or along chains.

    Each row is locked, unless it is among the ``held``, before it is asked who points at it: who comes to point at it meanwhile waits,
    and then sees what is new.
    """
    found: dict[str, sql.Edge] = {}
    level = set(ids)
    for _ in range(DEPTH):
        sql.find(tenant_id, level - set(held), lock=True)
        further = {e.id: e for e in sql.referrers(tenant_id, level) if e.id not in found}
        found |= further
        level = set(further)
    return found
