"""The hinge between measuring and judging: what a run leaves, written and read. Nothing derived is stored.

A run directory holds ``plan.json``, ``environment.json``, ``events.jsonl``, ``tasks.jsonl``,
``telemetry.jsonl`` and ``engine.log``, and what conversion and image building logged; ``manifest.json``
lists each with its size and SHA-256.
"""

from suite.evidence.files import RunFiles
from suite.evidence.manifest import (
    BALLAST,
    BASIS,
    ENGINE_METRICS,
    EVIDENCE_FILES,
    GIT_ATTRIBUTES,
    MANIFEST,
    OCCASIONAL_FILES,
    STAMPS,
    finish,
    write_manifest,
)
from suite.evidence.read import Evidence, read
from suite.evidence.write import Writer, require_new

__all__ = [
    "BALLAST",
    "BASIS",
    "ENGINE_METRICS",
    "EVIDENCE_FILES",
    "GIT_ATTRIBUTES",
    "MANIFEST",
    "OCCASIONAL_FILES",
    "STAMPS",
    "Evidence",
    "RunFiles",
    "Writer",
    "finish",
    "read",
    "require_new",
    "write_manifest",
]
