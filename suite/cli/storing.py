"""What is given to `suite db ingest`: signed runs, submissions and bundles, and run directories that nobody has signed."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from suite import evidence
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, SuiteError
from suite.cli import comparing, judging
from suite.documents.codec import plain
from suite.judge import score
from suite.judge.attest import review, sign
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.attest.statement import MANIFEST_SUBJECT, make_statement, parse_statement
from suite.judge.store.database import VARIABLE
from suite.judge.store.item import Item
from suite.judge.submissions import source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from suite.cli.trustoptions import Trusted
    from suite.judge.submissions.source import Elsewhere


def address(given: str | None) -> str | None:
    """Of the store: as given, else from the environment; None for the default."""
    return given or os.environ.get(VARIABLE) or None


def runs(paths: Sequence[Path]) -> list[Path]:
    """Every run at or below some paths: what is signed, and unsigned run directories.

    Raises:
        EvidenceError: ``run-missing`` where there is none.
    """
    listed: list[Path] = []
    for path in paths:
        below = sorted(_below(path, comparing.DEEPEST)) if path.is_dir() else [path]
        if not below or not path.exists():
            raise EvidenceError(
                "run-missing",
                Sentence(f"there is no run at or below {path}", f"{path} 处及其下没有运行"),
            )
        listed += below
    return list(dict.fromkeys(listed))


def _below(directory: Path, depth: int) -> Iterator[Path]:
    if (directory / BUNDLE_FILE).is_file() or (directory / evidence.MANIFEST).is_file():
        yield directory
        return
    for path in directory.iterdir():
        if depth and path.is_dir() and not path.is_symlink():
            yield from _below(path, depth - 1)


def adds_nothing(path: Path, held: Mapping[str, bool]) -> bool:
    """Whether a database holds all that a run, submission or bundle could bring; told by the card's digest alone.

    Args:
        path: what was given.
        held: as `suite.judge.store.ingest.held`.
    """
    with contextlib.suppress(SuiteError):  # what cannot be read is refused when it is ingested
        stored = held.get(review.payload_digest(judging.bundle_of(path)[1], str(path)))
        brings = path.is_dir() and (
            (path / evidence.MANIFEST).is_file() or source.is_submission(path)
        )
        return stored is not None and (stored or not brings)
    return False


def item(path: Path, trusted: Trusted, elsewhere: Elsewhere) -> Item:
    """A run ready for the store: a signed one verified, an unsigned one scored from its evidence.

    Raises:
        SuiteError: what it is refused for.
    """
    if path.is_dir() and not (path / BUNDLE_FILE).is_file():
        return _unsigned(path)
    with comparing.unpacked(path, elsewhere) as place:
        verification = judging.verified(place, trusted)
        run = verification.evidence
        stated = verification.verified
        manifest = stated.statement.subject(MANIFEST_SUBJECT) or stated.statement.sha256
        return Item(stated.card, stated.statement.sha256, manifest, stated.signer(), run)


def _unsigned(path: Path) -> Item:
    run = evidence.read(path)
    card = score.score(run)
    if run.manifest_sha256 is None:
        raise EvidenceError(
            "run-missing",
            Sentence(f"there is no run at or below {path}", f"{path} 处及其下没有运行"),
        )
    payload = make_statement(plain(card), run.manifest_sha256, sign.image_of(card))
    return Item(card, parse_statement(payload).sha256, run.manifest_sha256, "", run)
