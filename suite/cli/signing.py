"""Score, sign and render a run directory, as `run` and `sign` both do, and verify what came of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite import evidence
from suite.base.errors import Place, SetupError, unwritable
from suite.base.language import Language, language
from suite.base.safe import replace_file
from suite.judge import score
from suite.judge.attest import sign, verify_run
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.page import NOTHING, Carried
from suite.judge.report import html

if TYPE_CHECKING:
    from pathlib import Path

    from suite.documents.card import Scorecard
    from suite.judge.attest.keyless import KeylessSigner
    from suite.judge.attest.keys import PublicKey, SigningKey
    from suite.judge.attest.sign import Stamp
    from suite.judge.attest.verification import Verification


@dataclass(frozen=True, slots=True)
class Signed:
    """A run that this process has scored, signed and rendered.

    Attributes:
        files: the files that it was scored from, with their digests.
        bundle: the signed card.
        page: what the bundle renders to.
    """

    files: evidence.RunFiles
    evidence: evidence.Evidence
    card: Scorecard
    bundle: bytes
    page: bytes


def sign_and_render(
    directory: Path, key: SigningKey | KeylessSigner, stamp: Stamp | None = None
) -> Signed:
    """Score, sign and render one run directory.

    A run that was killed left no manifest: it is written now, and rule R001 still says that the run was cut.

    Raises:
        EvidenceError: the evidence cannot be judged; ``run-missing``, ``run-wrong``.
        SetupError: ``run-unwritable``, ``disk-full``.
    """
    evidence.require_run(directory)
    if not os.path.lexists(directory / evidence.MANIFEST):
        evidence.finish(directory)
    files = evidence.RunFiles(directory)
    run = evidence.read(directory, files)
    card = score.score(run)
    bundle = sign.sign_run(directory, card, key, stamp, manifest_sha256=run.manifest_sha256)
    page = html.render(bundle, card, language())
    path = directory / PAGE_FILE
    try:
        replace_file(path, page)
    except OSError as cause:
        raise SetupError("run-unwritable", unwritable(path, cause), Place(str(path))) from cause
    return Signed(files, run, card, bundle, page)


def verify_signed(signed: Signed, key: PublicKey) -> Verification:
    """Verify on the disk what this process has just signed, against its own key.

    Every file is read and hashed again, and signature, statement and test result are checked as a stranger checks
    them: a disk that failed, another writer in the directory, or a payload that verifiers refuse shows here and not
    at the reviewer's. What follows from bytes with the digests that were scored is not computed again: reading,
    scoring and rendering are pure, and `suite verify` repeats them.
    """

    def read(files: evidence.RunFiles) -> evidence.Evidence:
        same = signed.files.digests().items() <= files.digests().items()
        return signed.evidence if same else evidence.read(files.directory, files)

    def recompute(run: evidence.Evidence) -> Scorecard:
        return signed.card if run is signed.evidence else score.score(run)

    def render(bundle: bytes, card: Scorecard, language: Language, beside: Carried) -> bytes:
        same = bundle == signed.bundle and beside == NOTHING
        return signed.page if same else html.render(bundle, card, language, beside)

    return verify_run.verify_run(
        signed.files.directory, key=key, recompute=recompute, render=render, read=read
    )
