"""Score, sign and render a run directory, as `run` and `sign` both do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite import evidence
from suite.base.errors import Place, SetupError
from suite.judge import score
from suite.judge.attest import sign
from suite.judge.report import html

if TYPE_CHECKING:
    from pathlib import Path

    from suite.documents.card import Scorecard
    from suite.judge.attest.keys import PrivateKey

PAGE_FILE = "scorecard.html"


def sign_and_render(directory: Path, key: PrivateKey) -> Scorecard:
    """Score, sign and render one run directory; returns the card.

    A run that was killed left no manifest: it is written now, and rule R001 still says that the run was cut.

    Raises:
        EvidenceError: the evidence cannot be judged.
        SetupError: ``run-unwritable``, ``disk-full``.
    """
    if directory.is_dir() and not (directory / evidence.MANIFEST).exists():
        evidence.finish(directory)
    card = score.score(evidence.read(directory))
    bundle = sign.sign_run(directory, card, key)
    page = directory / PAGE_FILE
    try:
        page.write_bytes(html.render(bundle, card))
    except OSError as cause:
        message = f"cannot write the page: {cause.strerror or cause}"
        raise SetupError("run-unwritable", message, Place(str(page))) from cause
    return card
