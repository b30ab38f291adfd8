"""What goes into the sequencer and comes out of it, as plain data.

``None`` means unknown or not set everywhere, as the tracking model of SN 4.2 has a status flag beside each value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# Every navigation request that ``Sequencer.navigate`` knows (SN 3.2, plus the retries of post condition rules).
REQUESTS = (
    "start",
    "resumeAll",
    "continue",
    "previous",
    "choice",
    "jump",
    "exit",
    "exitAll",
    "suspendAll",
    "abandon",
    "abandonAll",
    "retry",
    "retryAll",
)


@dataclass(frozen=True, kw_only=True)
class ObjectiveReport:
    """What a SCO said about one of its objectives (``cmi.objectives.n``)."""

    # "passed" | "failed"
    success_status: str | None = None
    # "completed" | "incomplete" | "not attempted"
    completion_status: str | None = None
    scaled: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None
    progress_measure: float | None = None


@dataclass(frozen=True, kw_only=True)
class ActivityReport:
    """What a SCO said about itself, all of it, at a commit or at its end (RTE to SN, RTE 4.1 and SN 4.2.1).

    "unknown" is the same as None. ``objectives`` is keyed by ``cmi.objectives.n.id``. ``duration`` is the time of the
    attempt so far in seconds. ``suspended``: cmi.exit is "suspend" (1.2: cmi.core.exit) and the session has ended.
    """

    completion_status: str | None = None
    success_status: str | None = None
    scaled: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None
    progress_measure: float | None = None
    objectives: Mapping[str, ObjectiveReport] = field(default_factory=dict)
    duration: float | None = None
    suspended: bool = False


@dataclass(frozen=True, kw_only=True)
class ObjectiveSeed:
    """How an entry of ``cmi.objectives`` begins in a new attempt (RTE 4.2.17), read through the objective maps.

    ``id`` is None only for a primary objective without an ID, which has no entry of its own.
    """

    id: str | None
    primary: bool
    success_status: str | None = None
    completion_status: str | None = None
    scaled: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None
    progress_measure: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a navigation request led to.

    ``delivered``: the activity to launch now. ``ended``: the sequencing session is over. Neither: nothing is delivered
    and the learner has to choose. ``exception``: the code of the pseudo-code ("NB.2.1-3"); ``reason``: a sentence.
    """

    delivered: str | None = None
    ended: bool = False
    exception: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Validity:
    """Whether a navigation request would be honoured now, and if not, why."""

    allowed: bool
    exception: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TocEntry:
    """One line of the table of contents; the root has depth 0.

    ``status``: "not attempted" | "incomplete" | "completed" | "passed" | "failed". ``completion`` and ``success`` are
    CMI words or "unknown". ``reason`` says why the entry is not selectable ("" when it is).
    """

    id: str
    title: str
    depth: int
    visible: bool
    selectable: bool
    current: bool
    launchable: bool
    status: str
    completion: str
    success: str
    reason: str = ""
    exception: str | None = None


@dataclass(frozen=True, kw_only=True)
class Controls:
    """Which navigation controls work now. ``hidden``: those the current activity hides (hideLMSUI, schema tokens)."""

    continue_: bool
    previous: bool
    exit_all: bool
    suspend_all: bool
    abandon_all: bool
    exit: bool
    abandon: bool
    hidden: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The ``controls`` of the runtime endpoint (docs/architecture.md)."""
        return {
            "continue": self.continue_,
            "previous": self.previous,
            "exitAll": self.exit_all,
            "suspendAll": self.suspend_all,
            "abandonAll": self.abandon_all,
            "exit": self.exit,
            "abandon": self.abandon,
            "hidden": list(self.hidden),
            "reasons": dict(self.reasons),
        }


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where one activity (by default the root) stands."""

    # "completed" | "incomplete" | "unknown"
    completion: str
    # "passed" | "failed" | "unknown"
    success: str
    scaled: float | None = None
    raw: float | None = None
    min: float | None = None
    max: float | None = None
    progress_measure: float | None = None
    attempts: int = 0
    suspended: bool = False
    active: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class TraceStep:
    """One step of a decision: the step of the pseudo-code ("SB.2.9 step 4") and what it found."""

    code: str
    text: str
