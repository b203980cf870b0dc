"""The hinge between measuring and judging: what a run leaves, written and read. Nothing derived is stored.

A run directory holds ``plan.json``, ``environment.json``, ``events.jsonl``, ``tasks.jsonl``,
``telemetry.jsonl`` and ``engine.log``, and what conversion and image building logged; ``manifest.json``
lists each with its size and SHA-256.
"""

from suite.evidence.attempts import ATTEMPT, MOST_ATTEMPTS, EarlierAttempt, differences, stays
from suite.evidence.files import RunFiles
from suite.evidence.manifest import (
    ATTEMPTS,
    BALLAST,
    BASIS,
    DEVICE_EVIDENCE,
    ENGINE_METRICS,
    EVIDENCE_FILES,
    GIT_ATTRIBUTES,
    MANIFEST,
    OCCASIONAL_FILES,
    STAMPS,
    finish,
    write_manifest,
)
from suite.evidence.read import Evidence, read, require_run
from suite.evidence.write import Writer, require_new

__all__ = [
    "ATTEMPT",
    "ATTEMPTS",
    "BALLAST",
    "BASIS",
    "DEVICE_EVIDENCE",
    "ENGINE_METRICS",
    "EVIDENCE_FILES",
    "GIT_ATTRIBUTES",
    "MANIFEST",
    "MOST_ATTEMPTS",
    "OCCASIONAL_FILES",
    "STAMPS",
    "EarlierAttempt",
    "Evidence",
    "RunFiles",
    "Writer",
    "differences",
    "finish",
    "read",
    "require_new",
    "require_run",
    "stays",
    "write_manifest",
]
