"""A sound audit's predicate."""

from __future__ import annotations

from suite.documents.audit import Audit, AuditReference, AuditSample, Calibration
from suite.judge.attest.review import verifier
from tests.cases.bundle_verify.cases import REVIEWER

PREDICATE = Audit(
    verifier=verifier(REVIEWER.public),
    timeCreated="2026-11-28T12:00:00Z",
    reference=AuditReference(
        engine="transformers",
        versions={"torch": "2.13.0"},
        dtype="float32",
        run_dtype="float32",
        model_sha256="d" * 64,
    ),
    sample=AuditSample(seed=1, answers=50, tokens=1000, source="ids"),
    calibration=Calibration(flips=0, largest_change=2e-5, band=1e-4),
    mismatches=0,
    wide=0,
    largest_margin=0.0,
    mean_margin=0.0,
    worst_rank=1,
    phases=(),
    divergences=(),
    p_margins=1.0,
    p_flips=1.0,
    false_alarm=0.001,
    verdict="same",
    why="nothing speaks against the declared model",
)
