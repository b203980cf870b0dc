"""What is given to `suite compare` and `suite diff`: runs, submissions, bundles, pages, and directories of them."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite import evidence
from suite.base.bilingual import Sentence, placed
from suite.base.errors import EvidenceError, SuiteError, TrustError, UsageError
from suite.cli import judging, statements
from suite.cli.reviewing import STATUSES, beside
from suite.judge.attest import trust
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.review import DECISIONS, Attested, Audited, Reviewed, read_statement
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.compare.many import Entry, letter
from suite.judge.submissions import pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from suite.cli.options import Trusted
    from suite.judge.attest.verify import Verified

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
    known: dict[str, float] = {}
    for word in words:
        name, _, number = word.partition("=")
        try:
            price = float(number)
        except ValueError:
            price = -1.0
        if not name or not 0 < price < 1e9 or name in known:
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
        known[name] = price
    return known


def entries(paths: Sequence[Path], trusted: Trusted, price: Mapping[str, float]) -> list[Entry]:
    """Every card verified, with its evidence where that is at hand.

    Raises:
        SuiteError: what the first card that is refused is refused for.
        UsageError: ``usage-wrong``: a price for a card that is not there.
    """
    names = [letter(index) for index in range(len(paths))]
    for name in price:
        if name not in names:
            raise UsageError(
                "usage-wrong",
                Sentence(
                    f"--price names {name}; the cards are {', '.join(names)}",
                    f"--price 指定了 {name}；评分卡为 {', '.join(names)}",
                ),
            )
    return [_entry(path, trusted, price.get(name)) for path, name in zip(paths, names, strict=True)]


def _entry(path: Path, trusted: Trusted, price: float | None) -> Entry:
    with unpacked(path) as place:
        if place.suffix in (".html", ".htm"):
            result = judging.verify(place, judging.known(trusted, shared=True))
            held = result.verified
            if held is None or not result.intact:
                raise result.error or TrustError(
                    "signature-missing", Sentence(f"{path} is not verified", f"{path} 未通过核验")
                )
        else:
            try:
                held = judging.verified(place, trusted).verified
            except SuiteError as cause:
                cause.message = placed(str(path), cause.message)
                raise
        run = evidence.read(place) if place.is_dir() else None
        return Entry(
            str(path), held.card, held.signer(), run, price, _statements(path, trusted, held)
        )


def _statements(path: Path, trusted: Trusted, held: Verified) -> tuple[str, ...]:
    """What was stated about a submission; without a trust list nobody's statement counts."""
    if trusted.trust is None or not path.is_dir():
        return ()
    lines = []
    listed = trust.load(trusted.trust)
    audits = [
        read_statement(data, listed, held.statement.sha256, held.card.vendor.id, str(path))
        for data in statements.shown(path, (), held, trusted)
    ]
    for made in [*beside(path, listed, held), *audits]:
        if isinstance(made, Reviewed):
            decision = DECISIONS[made.decision].zh
            said = Sentence(
                f"{made.decision} by {made.reviewer}, {made.time}",
                f"{made.reviewer} 于 {made.time} {decision}",
            )
            lines.append(placed(said, made.comment) if made.comment else said)
        elif isinstance(made, Audited):
            audit = made.audit
            said = Sentence(
                f"audited by {made.reviewer}, {audit.timeCreated}",
                f"{made.reviewer} 于 {audit.timeCreated} 审计",
            )
            lines.append(placed(said, audit.why))
        elif isinstance(made, Attested):
            said = Sentence(
                f"{made.word} by {made.owner}, {made.time}",
                f"{made.owner} 于 {made.time}：{made.word}",
            )
            lines.append(placed(said, made.report.why))
        else:
            said = Sentence(
                f"{made.status.upper()} by {made.owner}, {made.time}",
                f"{made.owner} 于 {made.time} {STATUSES[made.status]}",
            )
            lines.append(placed(said, made.reason))
    return tuple(lines)


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A submission as the run that it was; anything else as it is."""
    packed = path / pack.PACK_FILE
    if not path.is_dir() or not packed.is_file():
        bare = path.is_dir() and not (path / evidence.MANIFEST).is_file()
        yield path / BUNDLE_FILE if bare else path
        return
    with tempfile.TemporaryDirectory(prefix="suite-compare-") as name:
        place = Path(name)
        with packed.open("rb") as stream:
            pack.unpack(stream, place, str(packed))
        for file in (BUNDLE_FILE, PAGE_FILE):
            if (path / file).is_file() and not (path / file).is_symlink():
                shutil.copyfile(path / file, place / file)
        yield place
