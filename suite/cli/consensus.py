"""What several reproductions of one card came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence, joined
from suite.base.errors import TrustError
from suite.cli import judging
from suite.cli.trustoptions import Trusted
from suite.documents.reproduction import (
    Consensus,
    ConsensusEntry,
    ConsensusMetric,
    VerificationSummary,
)
from suite.judge.attest import trust as trust_list
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import read_limited
from suite.judge.attest.review import (
    Attested,
    read_statement,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


RESULTS: Final = {"PASSED": "通过", "FAILED": "未通过"}
"""What came of a reproduction, in Chinese."""


def consensus(run: Path, statements: Sequence[Path], trust: Path) -> Consensus:
    """What several reproductions of one card came to; the last of each owner counts.

    Raises:
        TrustError: what a statement is refused for; ``predicate-type-differs``.
    """
    trusted = trust_list.load(trust)
    verification = judging.verified(run, Trusted(trust=trust))
    sha256, vendor = verification.verified.statement.sha256, verification.card.vendor.id
    last: dict[str, VerificationSummary] = {}
    for path in statements:
        data = read_limited(path, MAX_BUNDLE_BYTES)
        statement = read_statement(data, trusted, sha256, vendor, str(path))
        if not isinstance(statement, Attested) or not isinstance(
            statement.report, VerificationSummary
        ):
            raise TrustError(
                "predicate-type-differs", Sentence(f"{path} is no reproduction", f"{path} 不是复现")
            )
        before = last.get(statement.owner)
        if before is None or before.timeVerified <= statement.report.timeVerified:
            last[statement.owner] = statement.report
    owners = sorted(last)
    results = [last[owner] for owner in owners]
    passed = sum(item.verificationResult == "PASSED" for item in results)
    names = dict.fromkeys(
        (item.phase, item.metric)
        for statement in results
        for item in statement.reproduction.metrics
    )
    return Consensus(
        consensus_schema=1,
        payload_sha256=sha256,
        run=verification.card.run.id,
        passed=passed,
        failed=len(results) - passed,
        reproductions=tuple(
            ConsensusEntry(
                owner=owner,
                time=item.timeVerified,
                result=item.verificationResult,
                machine=item.reproduction.machine,
                why=item.why,
            )
            for owner, item in zip(owners, results, strict=True)
        ),
        metrics=tuple(_spread(phase, metric, results) for phase, metric in names),
    )


def _spread(phase: str, metric: str, results: Sequence[VerificationSummary]) -> ConsensusMetric:
    known = [
        item
        for made in results
        for item in made.reproduction.metrics
        if (item.phase, item.metric) == (phase, metric)
    ]
    values = [item.again for item in known]
    return ConsensusMetric(
        phase=phase,
        metric=metric,
        first=known[0].first,
        lowest=min(values),
        highest=max(values),
        agree=sum(item.agrees for item in known),
        measured=len(known),
    )


def text(view: Consensus) -> Sentence:
    """A consensus for a person: who, and each metric's spread; what not everybody confirms is marked."""
    lines = [
        Sentence(
            f"{view.run}: reproduced by {view.passed} of {view.passed + view.failed}",
            f"{view.run}：{view.passed + view.failed} 次复现中 {view.passed} 次通过",
        ),
        *(
            Sentence(
                f"  {item.result:<7} {item.owner}, {item.time}, {item.machine}: {item.why}",
                f"  {RESULTS[item.result]} {item.owner}，{item.time}，{item.machine}：{item.why}",
            )
            for item in view.reproductions
        ),
        Sentence(
            f"  {'phase':<16} {'metric':<26} {'card':>12} {'lowest':>12} {'highest':>12}  agree",
            f"  {'阶段':<14} {'指标':<24} {'评分卡':>9} {'最低':>10} {'最高':>10}  相符",
        ),
    ]
    for item in view.metrics:
        mark = "" if item.agree == item.measured else "  !"
        row = f"  {item.phase:<16} {item.metric:<26} {item.first:>12.5g} {item.lowest:>12.5g} {item.highest:>12.5g}"
        lines.append(
            Sentence(
                f"{row}  {item.agree} of {item.measured}{mark}",
                f"{row}  {item.agree}/{item.measured}{mark}",
            )
        )
    return joined(lines, "\n", "\n")
