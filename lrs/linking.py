"""Voiding and the traversal of StatementRefs, whatever the order in which statements arrive.

A statement that points at another is found by everything that finds its target (1.0.3 Communication 2.1.3, "Filter Conditions for
StatementRefs"), and so on along chains. References of the target are therefore copied to the statements that point at it: when these come,
if the target is there; else when the target comes. The row of the target is locked meanwhile, so that neither overlooks the other.
"""

from __future__ import annotations

import msgspec

from lrs import rows, sql
from lrs.identity import AGENT_INDIRECT, identities, reference
from lrs.rows import Prepared
from lrs.validation import VOIDED

# Chains longer than this are cut; they only arise by intent.
DEPTH = 64


def link(tenant_id: int, new: dict[str, tuple[Prepared, int]], filled: set[str]) -> list[str]:
    """Connect ``new`` statements (by id, with their positions) with what is stored; ``filled`` of them had been pointed at before.

    Returns the ids of statements voided by this.
    """
    pointing = [(p, position) for p, position in new.values() if p.target is not None]
    edges = [sql.Edge(p.target or "", p.id, position, p.voids) for p, position in pointing]
    targets: dict[str, sql.Stored] = {}
    if edges:
        targets = {s.id: s for s in sql.find(tenant_id, {e.target for e in edges}, lock=True)}
        sql.insert_edges(tenant_id, edges)
    voided = [e.target for e in edges if e.voids and _voidable(targets.get(e.target))]
    pairs: set[tuple[int, int]] = set()
    for edge in edges:
        inherited = references_of(tenant_id, edge.target)
        _spread(tenant_id, edge.id, edge.position, inherited, pairs)
    for id_ in sorted(filled):
        known = sql.referrers(tenant_id, id_)
        if any(e.voids for e in known) and not new[id_][0].voids:
            voided.append(id_)
        inherited = references_of(tenant_id, id_)
        for edge in known:
            _spread(tenant_id, edge.id, edge.position, inherited, pairs)
    sql.insert_references(tenant_id, pairs)
    voided = sorted(set(voided))
    for id_ in voided:
        sql.mark_voided(tenant_id, id_)
    return voided


def _voidable(target: sql.Stored | None) -> bool:
    """Known, not voided yet, and not itself a voiding statement (1.0.3 Data 2.3.2)."""
    if target is None or target.body is None or target.voided:
        return False
    return bool(msgspec.json.decode(target.body)["verb"]["id"] != VOIDED)


def references_of(tenant_id: int, id_: str) -> set[int]:
    """What finds a statement: by itself, and along the chain of what it points at."""
    found: set[int] = set()
    seen: set[str] = set()
    while id_ not in seen and len(seen) < DEPTH:
        seen.add(id_)
        stored = sql.find(tenant_id, [id_])
        if not stored or stored[0].body is None:
            break
        value = msgspec.json.decode(stored[0].body)
        found |= rows.references(value)
        found.update(reference(AGENT_INDIRECT, i) for i in identities(value["authority"]))
        if value["object"].get("objectType") != "StatementRef":
            break
        id_ = value["object"]["id"].lower()
    return found


def _spread(tenant_id: int, id_: str, position: int, inherited: set[int], pairs: set[tuple[int, int]]) -> None:
    """Give ``inherited`` to a statement and to all that point at it."""
    if not inherited:
        return
    waiting = [(id_, position)]
    seen: set[str] = set()
    while waiting:
        id_, position = waiting.pop()
        if id_ in seen:
            continue
        seen.add(id_)
        pairs.update((r, position) for r in inherited)
        sql.find(tenant_id, [id_], lock=True)
        waiting.extend((e.id, e.position) for e in sql.referrers(tenant_id, id_))
