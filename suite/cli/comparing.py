"""What is given to `suite compare` and `suite diff`: runs, submissions, bundles, pages, and directories of them."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final

from suite import evidence
from suite.base.bilingual import Sentence, placed
from suite.base.errors import EvidenceError, SuiteError, UsageError
from suite.cli import judging, statements
from suite.cli.reviewing import STATUSES, beside
from suite.judge.attest import levels, trust
from suite.judge.attest.review import DECISIONS, Attested, Audited, Reviewed, read_statement
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.compare.many import Entry, letter
from suite.judge.submissions import source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from suite.cli.judging import VerifiedCard
    from suite.cli.trustoptions import Trusted
    from suite.judge.attest.review import Made
    from suite.judge.submissions.source import Elsewhere

DEEPEST: Final = 6
"""Folders below a directory that is given: a tree of submissions has three."""


def subjects(paths: Sequence[Path]) -> list[Path]:
    """The cards at some paths: what is a card itself, and every card below a directory of them, sorted.

    Raises:
        EvidenceError: ``run-missing``, ``bundle-missing``: nothing is there, or no card.
    """
    listed: list[Path] = []
    for path in paths:
        if not path.exists():
            raise EvidenceError(
                "run-missing",
                Sentence(
                    f"there is no run, bundle or page at {path}", f"{path} 处没有运行、签名包或页面"
                ),
            )
        if not path.is_dir() or (path / BUNDLE_FILE).is_file():
            listed.append(path)
            continue
        below = sorted(_cards(path, DEEPEST))
        if not below:
            message = Sentence(
                f"there is no signed scorecard at or below {path}",
                f"{path} 处及其下没有已签名的评分卡",
            )
            raise EvidenceError(
                "bundle-missing",
                message,
                hint=Sentence(
                    "sign the run first: suite sign RUN", "请先对运行签名：suite sign RUN"
                ),
            )
        listed += below
    return list(dict.fromkeys(listed))


def _cards(directory: Path, depth: int) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.is_symlink() or not path.is_dir():
            continue
        if (path / BUNDLE_FILE).is_file():
            yield path
        elif depth:
            yield from _cards(path, depth - 1)


def prices(words: Sequence[str]) -> dict[str, float]:
    """Prices by letter: ``A=2.5``, per device and hour.

    Raises:
        UsageError: ``usage-wrong``.
    """
    prices_by_card: dict[str, float] = {}
    for word in words:
        name, _, number = word.partition("=")
        try:
            price = float(number)
        except ValueError:
            price = -1.0
        if not name or not 0 < price < 1e9 or name in prices_by_card:
            hint = Sentence(
                "the price of one device for an hour, e.g. A=2.5",
                "每台设备每小时的价格，例如 A=2.5",
            )
            raise UsageError(
                "usage-wrong",
                Sentence(
                    f"--price takes LETTER=PRICE, not {word!r}",
                    f"--price 的形式是 LETTER=PRICE，而不是 {word!r}",
                ),
                hint=hint,
            )
        prices_by_card[name] = price
    return prices_by_card


def entries(paths: Sequence[Path], trusted: Trusted) -> list[Entry]:
    """Every card verified, with its evidence where that is at hand.

    Raises:
        SuiteError: what the first card that is refused is refused for.
    """
    return [_entry(path, trusted) for path in paths]


def priced(sides: Sequence[Entry], price: Mapping[str, float]) -> list[Entry]:
    """The sides with the prices of their devices.

    Raises:
        UsageError: ``usage-wrong``: a price for a side that is not there.
    """
    names = [letter(index) for index in range(len(sides))]
    for name in price:
        if name not in names:
            raise UsageError(
                "usage-wrong",
                Sentence(
                    f"--price names {name}; the cards are {', '.join(names)}",
                    f"--price 指定了 {name}；评分卡为 {', '.join(names)}",
                ),
            )
    return [
        dataclasses.replace(side, price=price.get(name))
        for side, name in zip(sides, names, strict=True)
    ]


def _entry(path: Path, trusted: Trusted) -> Entry:
    with unpacked(path) as place:
        try:
            verification = judging.verified(place, trusted)
        except SuiteError as cause:
            cause.message = placed(str(path), cause.message)
            raise
        run = evidence.read(place) if place.is_dir() else None
        statements = _statements(path, trusted, verification)
        level, _ = levels.reached(verification.card, statements, verification.maker)
        signer, lines = verification.verified.signer(), tuple(map(_line, statements))
        return Entry(str(path), verification.card, signer, run, stated=lines, level=level)


def _statements(path: Path, trusted: Trusted, held: VerifiedCard) -> list[Made]:
    """What was stated about a card, beside it or in its submission; without a trust list nobody's statement counts."""
    if trusted.trust is None:
        return []
    listed, card = trust.load(trusted.trust), held.verified
    carried = statements.shown(path, (), held, trusted)
    named = [
        read_statement(data, listed, card.statement.sha256, card.card.vendor.id, str(path))
        for data in carried.statements
    ]
    return [*(beside(path, listed, card) if path.is_dir() else ()), *named]


def _line(made: Made) -> str:
    """A statement in a line."""
    if isinstance(made, Reviewed):
        decision = DECISIONS[made.decision].zh
        verdict = Sentence(
            f"{made.decision} by {made.reviewer}, {made.time}",
            f"{made.reviewer} 于 {made.time} {decision}",
        )
        return placed(verdict, made.comment) if made.comment else verdict
    if isinstance(made, Audited):
        audit = made.audit
        verdict = Sentence(
            f"audited by {made.reviewer}, {audit.timeCreated}",
            f"{made.reviewer} 于 {audit.timeCreated} 审计",
        )
        return placed(verdict, audit.why)
    if isinstance(made, Attested):
        verdict = Sentence(
            f"{made.word} by {made.owner}, {made.time}",
            f"{made.owner} 于 {made.time}：{made.word}",
        )
        return placed(verdict, made.report.why)
    verdict = Sentence(
        f"{made.status.upper()} by {made.owner}, {made.time}",
        f"{made.owner} 于 {made.time} {STATUSES[made.status]}",
    )
    return placed(verdict, made.reason)


@contextlib.contextmanager
def unpacked(path: Path, elsewhere: Elsewhere | None = None) -> Iterator[Path]:
    """A submission as the run that it was; anything else as it is.

    Args:
        path: what was given.
        elsewhere: where evidence may be taken from that does not lie in the submission; None to do without.

    Raises:
        EvidenceError: as `suite.judge.submissions.source.opened` and `suite.judge.submissions.pack.unpack`.
    """
    submitted = path.is_dir() and source.is_submission(path)
    if not submitted or (elsewhere is None and source.is_elsewhere(path)):
        bare = path.is_dir() and not (path / evidence.MANIFEST).is_file()
        yield path / BUNDLE_FILE if bare else path
        return
    with source.as_run(path, elsewhere or source.NOWHERE) as place:
        yield place
