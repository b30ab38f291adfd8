"""Sequencing of SCORM 2004 (2nd to 4th Edition) and a 1.2 course's order of things, pure Python.

The modules are named after the groups of the pseudo-code in SN appendix C; steps are cited beside the code that takes them.
Use :class:`Sequencer`; everything else here is its inside.
"""

from scorm_runtime.sequencing.engine import Sequencer
from scorm_runtime.sequencing.exchange import (
    REQUESTS,
    ActivityReport,
    Controls,
    ObjectiveReport,
    ObjectiveSeed,
    Outcome,
    Status,
    TocEntry,
    TraceStep,
    Validity,
)
from scorm_runtime.sequencing.tree import plain_id

__all__ = [
    "REQUESTS",
    "ActivityReport",
    "Controls",
    "ObjectiveReport",
    "ObjectiveSeed",
    "Outcome",
    "Sequencer",
    "Status",
    "TocEntry",
    "TraceStep",
    "Validity",
    "plain_id",
]
