"""How long the sequencer takes on large courses: `make bench-sequencing`.

Trees of 1,000 activities, each with a rule and a shared objective: flat, in 50 clusters, ten levels deep. Times are those of the
processor, in milliseconds: median and 95th percentile of ROUNDS decisions. Exit code 1 when a request takes LIMIT or longer.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from course_packages.model import (
    Item,
    MapInfo,
    Objective,
    Organization,
    RuleCondition,
    Sequencing,
    SequencingRule,
    Standard,
)
from scorm_runtime.sequencing import ActivityReport, Sequencer

ACTIVITIES = 1000
ROUNDS = 40
LIMIT = 20.0
EDITION = Standard.SCORM_2004_4
REPORT = ActivityReport(completion_status="completed", success_status="passed", scaled=0.7)

CONDITIONS = (RuleCondition(condition="completed"), RuleCondition(condition="satisfied", negated=True))
CONTROL = Sequencing(
    flow=True,
    pre_condition_rules=(SequencingRule(action="skip", conditions=CONDITIONS),),
    objectives=(
        Objective(
            objective_id="shared",
            primary=True,
            maps=(
                MapInfo(target_objective_id="everywhere", read_satisfied_status=False, write_normalized_measure=True),
            ),
        ),
    ),
)


def leaves(count: int, prefix: str = "leaf") -> tuple[Item, ...]:
    return tuple(
        Item(identifier=f"{prefix}{i}", title=f"{prefix} {i}", href="x.html", scorm_type="sco", sequencing=CONTROL)
        for i in range(count)
    )


def cluster(identifier: str, children: tuple[Item, ...]) -> Item:
    return Item(identifier=identifier, title=identifier, children=children, sequencing=Sequencing(flow=True))


def flat() -> tuple[Item, ...]:
    return leaves(ACTIVITIES)


def clusters() -> tuple[Item, ...]:
    size = ACTIVITIES // 50
    return tuple(cluster(f"part{g}", leaves(size, f"leaf{g}-")) for g in range(50))


def deep() -> tuple[Item, ...]:
    size, below = ACTIVITIES // 10, leaves(ACTIVITIES // 10, "leaf9-")
    for level in range(8, -1, -1):
        below = (*leaves(size, f"leaf{level}-"), cluster(f"level{level + 1}", below))
    return below


TREES: dict[str, Callable[[], tuple[Item, ...]]] = {"flat": flat, "50 clusters": clusters, "10 levels": deep}


def took(action: Callable[[], Any]) -> float:
    began = time.process_time()
    action()
    return (time.process_time() - began) * 1000


def measure(organization: Organization) -> dict[str, list[float]]:
    """Milliseconds by kind of decision, on a course of which every second round visits a far part."""
    e = Sequencer.new(organization, edition=EDITION, seed=1)
    parts = [item.identifier for item in organization.walk() if item.launchable]
    e.navigate("start")
    found: dict[str, list[float]] = {}

    def note(name: str, action: Callable[[], Any]) -> None:
        found.setdefault(name, []).append(took(action))

    for number in range(ROUNDS):
        note("record", lambda: e.record(e.current or "", REPORT))
        request = ("continue", "previous")[number % 2]
        note(request, lambda request=request: e.navigate(request))
        note("choice", lambda far=parts[-1 - number]: e.navigate("choice", far))
        note("toc", e.toc)
        note("controls", e.controls)
        snapshot = json.dumps(e.snapshot())
        note("snapshot", e.snapshot)
        note("restore", lambda kept=snapshot: Sequencer.restore(organization, json.loads(kept), edition=EDITION))
    note("suspendAll", lambda: e.navigate("suspendAll"))
    note("resumeAll", lambda: e.navigate("resumeAll"))
    note("exitAll", lambda: e.navigate("exitAll"))
    return found


# What is a request; the rest is what surrounds it, shown beside it.
REQUESTS = ("continue", "previous", "choice", "suspendAll", "resumeAll", "exitAll")


def main() -> int:
    slow = []
    for name, grow in TREES.items():
        organization = Organization(
            identifier="root",
            title="root",
            items=grow(),
            sequencing=Sequencing(flow=True),
            objectives_global_to_system=True,
        )
        print(f"{ACTIVITIES} activities, {name}")
        for what, times in measure(organization).items():
            high = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
            print(f"  {what:10} median {statistics.median(times):7.2f} ms   p95 {high:7.2f} ms")
            if what in REQUESTS and high >= LIMIT:
                slow.append(f"{name}: {what} {high:.1f} ms")
    for each in slow:
        print(f"✗ over {LIMIT:.0f} ms: {each}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
