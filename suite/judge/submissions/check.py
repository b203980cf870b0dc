"""One submission checked as a reviewer does, in numbered steps.

::

    files      exactly those of a submission, no links, bounded sizes
    evidence   at hand, and the one form of such a pack
    run        the steps of `suite.judge.attest.verify_run`: digests, signature, trust, round, numbers, page
    name       the folder is called as the card says
    division   no rule failed but those that are waived; the division that is asked for is granted
    replay     no other submission has the card or the log
    attempts   runs of the vendor under the same challenge, and commitments without a run
    changes    what was handed in before is not edited
    statements reviews, withdrawal, successor

Every step is done that can be done, so that whoever submits sees all of what is wrong at once.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence, placed, replaced
from suite.base.errors import EvidenceError, Problem, SuiteError, TrustError
from suite.base.safe import read_plain
from suite.base.status import Outcome
from suite.documents.check import (
    CheckedCard,
    CheckedSubmission,
    ReviewMade,
)
from suite.judge import score
from suite.judge.attest import envelope, keys, levels, trust, verify_run
from suite.judge.attest.existence import Witness
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.page import MAX_PAGE_BYTES
from suite.judge.attest.review import (
    DECISIONS,
    FAVOURABLE,
    Attested,
    Audited,
    EndedCard,
    Reviewed,
    is_receipt,
    read_if_timely,
    require_sameness,
)
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.attest.stated import Expected, Stated
from suite.judge.attest.steps import Steps
from suite.judge.compare.inputs import failed_rules
from suite.judge.report import html
from suite.judge.submissions import attempts, folders, pack, replay, source, stated, waivers

if TYPE_CHECKING:
    from suite.documents.check import Verdict
    from suite.documents.submission import Waiver
    from suite.documents.workload import Division
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.review import Made
    from suite.judge.attest.steps import Note
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.verification import Verification
    from suite.judge.submissions.folders import Submission
    from suite.judge.submissions.replay import Trace
    from suite.judge.submissions.source import Elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a reviewer knows and asks for, in a form that travels to other processes.

    Attributes:
        trust: the trust list's file, read; None without one.
        key: a public key in PEM that the caller vouches for, instead of a list.
        waivers: all that there are.
        today: ``2026-01-31``, UTC.
        division: the least that must be granted.
        reviews: how many distinct reviewers must have accepted.
        elsewhere: where evidence may be taken from that lies in no submission.
        traces: of every submission in the tree, or of those that matter to the one that is checked.
        others: how many submissions the tree has besides.
        edited: below the tree, what was changed or removed of a submission that stood there before.
    """

    trust: bytes | None = None
    key: bytes | None = None
    waivers: tuple[Waiver, ...] = ()
    today: str
    division: Division = "open"
    reviews: int = 0
    elsewhere: Elsewhere = source.NOWHERE
    traces: tuple[Trace, ...] = ()
    others: int = 0
    edited: frozenset[str] = frozenset()


def check(submission: Submission, setting: Setting) -> CheckedSubmission:
    """Check one submission.

    Raises:
        TrustError: the trust list or key is no such thing.
        SetupError: ``disk-full``.
    """
    work = _Check(submission, setting)
    work.files()
    with tempfile.TemporaryDirectory(prefix="suite-check-") as name:
        work.run(Path(name))
    work.name()
    work.division()
    work.replay()
    work.attempts()
    work.changes()
    work.statements()
    return work.result()


class _Check:
    """One check under way."""

    def __init__(self, submission: Submission, setting: Setting) -> None:
        self.submission, self.setting = submission, setting
        self.steps = Steps()
        self.verification: Verification | None = None
        self.stated: Stated | None = None
        self.reviews: list[Reviewed] = []
        self.audits: list[Audited] = []
        self.ended: list[EndedCard] = []
        self.made: list[Made] = []
        self.used: dict[str, Waiver] = {}
        self.trust: TrustList | None = None
        self.key: PublicKey | None = None
        if setting.trust is not None:
            self.trust = trust.parse(setting.trust, name="trust list")
        if setting.key is not None:
            self.key = keys.parse_public(setting.key, name="key")

    def files(self) -> None:
        with self.steps.attempt(
            Sentence("The folder holds a submission and nothing else", "文件夹只含一份提交")
        ) as note:
            note.detail = folders.check_files(self.submission)

    def run(self, directory: Path) -> None:
        """Lay the run out again as it was, and verify it."""
        folder, setting = self.submission.folder, self.setting
        for file, limit in (
            (BUNDLE_FILE, envelope.MAX_BUNDLE_BYTES),
            (PAGE_FILE, MAX_PAGE_BYTES),
        ):
            with contextlib.suppress(OSError):  # the folder's own step has said so
                (directory / file).write_bytes(read_plain(folder / file, limit, below=folder))
        bundle = directory / BUNDLE_FILE
        self.stated = stated.card_of(bundle.read_bytes()) if bundle.is_file() else None
        whole = False
        with self.steps.attempt(Sentence("The evidence is at hand", "证据在手")) as note:
            name = f"{self.submission.path}/{pack.PACK_FILE}"
            with source.opened(folder, setting.elsewhere) as packed:
                size = pack.unpack(packed, directory, name)
            note.detail = Sentence(f"{size:,} bytes unpacked", f"解压后 {size:,} 字节")
            whole = True
        round_ = self.submission.round
        nonce = None if round_ == folders.NO_ROUND else round_
        expected = Expected(nonce=nonce, receipts=self._receipts(), shared=True)
        if whole:
            self.verification = verify_run.verify_run(
                directory,
                self.trust,
                key=self.key,
                recompute=score.score,
                render=html.render,
                expected=expected,
            )
        elif bundle.is_file():  # without evidence there is the signature to look at
            self.verification = verify_run.verify_file(
                bundle.read_bytes(), self.trust, key=self.key, expected=expected
            )
        else:
            return
        done = len(self.steps.done)
        # The run lay in a folder of its own for a moment; who reads this knows the submission's.
        self.steps.done += [
            replace(
                step,
                number=done + step.number,
                detail=replaced(step.detail, str(directory), self.submission.path),
            )
            for step in self.verification.steps
        ]
        self.steps.errors += self.verification.errors

    def _receipts(self) -> tuple[Witness, ...]:
        """Receipts among the statements; they can give the time at which the signer's key counted."""
        receipts = []
        for path in folders.statements(self.submission) if self.trust is not None else []:
            with contextlib.suppress(OSError, SuiteError):  # the statements' own step says so
                data = read_plain(path, envelope.MAX_BUNDLE_BYTES, below=self.submission.folder)
                if is_receipt(data, path.name):
                    receipts.append(Witness(path.name, data))
        return tuple(receipts)

    def name(self) -> None:
        what = Sentence("The folder is called as the card says", "文件夹名称与评分卡相符")
        if self.stated is None:
            self.steps.skipped(what, Sentence("there is no card", "没有评分卡"))
            return
        with self.steps.attempt(what) as note:
            names = folders.name_of(self.stated.card)
            note.detail = "/".join(names)
            if note.detail != self.submission.path:
                message = Sentence(
                    f"the card belongs into {note.detail}", f"此卡应位于 {note.detail}"
                )
                raise EvidenceError("submission-name", message)

    def division(self) -> None:
        what = Sentence("The rules of its division hold", "其赛道的规则成立")
        if self.stated is None:
            self.steps.skipped(what, Sentence("there is no card", "没有评分卡"))
            return
        card = self.stated.card
        failed = failed_rules(card)
        with self.steps.attempt(what) as note:
            stated.refuse_emulated(card)
            if failed:
                setting = self.setting
                self.used = waivers.covering(
                    card, failed, setting.waivers, self.trust, setting.today
                )
            waivers.judge(
                card,
                [rule for rule in failed if rule not in self.used],
                self.used,
                note,
                least=self.setting.division,
                known=self.setting.waivers,
            )

    def replay(self) -> None:
        with self.steps.attempt(Sentence("Nobody handed it in before", "此前无人提交过")) as note:
            mine = next(item for item in self.setting.traces if item.path == self.submission.path)
            note.detail = replay.compare(mine, self.setting.traces, self.setting.others)
            if not note.detail:
                why = Sentence(
                    "its log holds nothing that could be compared", "其日志中没有可比较的内容"
                )
                note.skip("replay-unknown", why)

    def attempts(self) -> None:
        mine = next(item for item in self.setting.traces if item.path == self.submission.path)
        if mine.attempt is None:
            return
        with self.steps.attempt("Runs under its challenge are counted") as note:
            others = [(item.path, item.attempt) for item in self.setting.traces if item.attempt]
            note.detail, note.findings = attempts.count(mine.path, mine.attempt, others)
            if note.findings:
                note.warn("challenge-repeated", note.detail)

    def changes(self) -> None:
        edited = sorted(self.setting.edited)
        mine = [name for name in edited if name.startswith(f"{self.submission.path}/")]
        if not mine:
            return
        with self.steps.attempt(
            Sentence("What was handed in before is not edited", "先前提交的内容未被更改")
        ):
            message = Sentence(
                "files of a submission that stood in the tree before were changed or removed",
                "先前已在目录树中的提交有文件被更改或删除",
            )
            hint = Sentence(
                "withdraw it with a statement, and submit a new run: suite review withdraw",
                "请以声明撤回，并提交新的运行：suite review withdraw",
            )
            raise TrustError(
                "submission-edited", message, None, hint, [Problem(name) for name in mine]
            )

    def statements(self) -> None:
        paths, need = folders.statements(self.submission), self.setting.reviews
        if not paths and not need:
            return
        what = Sentence("What reviewers and signer state about it", "评审方与签名者的声明")
        if self.stated is None or self.trust is None:
            why = Sentence(
                "without card and trust list nobody's statement counts",
                "没有评分卡与信任列表时，任何声明都不算数",
            )
            self.steps.skipped(what, why)
            return
        digest, vendor = self.stated.statement.sha256, self.stated.card.vendor.id
        for path in paths:
            name = f"{folders.STATEMENTS}/{path.name}"
            with self.steps.attempt(placed(what, path.name)) as note:
                data = jsonio.read_bytes(
                    path,
                    error=EvidenceError,
                    limit=envelope.MAX_BUNDLE_BYTES,
                    below=self.submission.folder,
                )
                if is_receipt(data, name):
                    note.detail = Sentence("a receipt", "收据")
                    continue
                made = read_if_timely(data, self.trust, digest, vendor, name)
                if isinstance(made, TrustError):
                    note.warn("statement-untimely", made.message)
                else:
                    self._note(made, note)
        with self.steps.attempt(Sentence("Reviewers have decided", "评审方已决定")) as note:
            note.detail = self._decided(need)

    def _note(self, made: Made, note: Note) -> None:
        self.made.append(made)
        if isinstance(made, Attested):
            note.detail = f"{made.word} by {made.owner}: {made.report.why}"
            if made.word not in FAVOURABLE:
                note.warn("attestation-differs", note.detail)
        elif isinstance(made, Audited):
            note.detail = require_sameness(made)
            self.audits.append(made)
            if made.audit.verdict == "undecided":
                note.warn("audit-undecided", note.detail)
        elif isinstance(made, Reviewed):
            self.reviews.append(made)
            note.detail = placed(made.reviewer, DECISIONS[made.decision])
        else:
            self.ended.append(made)
            text = f"{made.status} by {made.owner}, {made.time}: {made.reason}"
            if made.status == "withdrawn":
                note.warn("card-withdrawn", text)
            else:
                note.warn("card-superseded", text)

    def _decided(self, need: int) -> str:
        """The last decision of each reviewer counts; a comment decides nothing.

        Raises:
            TrustError: ``review-rejected``, ``reviews-missing``.
        """
        self.reviews.sort(key=lambda review: review.time)
        last = {item.reviewer: item for item in self.reviews if item.decision != "comment"}
        against = [item for item in last.values() if item.decision == "reject"]
        if against:
            problems = [
                Problem(f"{item.reviewer}: {item.comment or 'no reason given'}") for item in against
            ]
            message = Sentence("a reviewer rejected it", "有评审方拒绝了它")
            raise TrustError("review-rejected", message, None, "", problems)
        if len(last) < need:
            message = Sentence(
                f"{len(last)} of {need} reviewers have accepted it",
                f"所需 {need} 位评审方中有 {len(last)} 位接受",
            )
            raise TrustError("reviews-missing", message)
        names = ", ".join(last)
        return Sentence(f"accepted by {names or 'nobody yet'}", f"接受者：{names or '尚无'}")

    def result(self) -> CheckedSubmission:
        fails = [step for step in self.steps.done if step.outcome is Outcome.FAIL]
        status = max([error.exit_status for error in self.steps.errors], default=int(bool(fails)))
        verdict: Verdict = "refused" if fails else "accepted"
        if not fails and self.ended:
            verdict = self.ended[-1].status
        return CheckedSubmission(
            path=self.submission.path,
            verdict=verdict,
            exit_status=status,
            codes=tuple(dict.fromkeys(step.code for step in fails)),
            waivers=tuple(dict.fromkeys(waiver.id for waiver in self.used.values())),
            reviews=tuple(
                ReviewMade(
                    reviewer=item.reviewer,
                    decision=item.decision,
                    time=item.time,
                    comment=item.comment,
                )
                for item in self.reviews
            ),
            steps=tuple(step.document() for step in self.steps.done),
            audits=tuple(map(stated.audited, self.audits)) or UNSET,
            ended=stated.ended(self.ended[-1]) if self.ended else UNSET,
            card=self._card() or UNSET,
        )

    def _card(self) -> CheckedCard | None:
        if self.stated is None:
            return None
        card = self.stated.card
        verified = self.verification.verified if self.verification else None
        return CheckedCard(
            payload_sha256=self.stated.statement.sha256,
            run=card.run.id,
            vendor=card.vendor.id,
            owner=(verified.owner or "") if verified else "",
            division=card.division.granted,
            level=levels.reached(
                card, self.made, self.verification.maker if self.verification else ""
            )[0],
            conformant=card.verdict.conformant,
            sentence=Sentence(card.verdict.sentence.en, card.verdict.sentence.zh),
        )
