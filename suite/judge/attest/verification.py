"""What a verification came to: its steps and what may be concluded from them, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.base.errors import TrustError
from suite.base.language import Language
from suite.base.status import Outcome
from suite.documents.codec import plain
from suite.judge.attest import lineends
from suite.judge.attest.stated import Identity

if TYPE_CHECKING:
    from suite.base.errors import SuiteError
    from suite.base.jsonio import JSONObject
    from suite.evidence import Evidence
    from suite.judge.attest.steps import Step
    from suite.judge.attest.verify import Verified


@dataclass(frozen=True, slots=True)
class Verification:
    """The steps of one verification.

    Attributes:
        subject: what was verified, for people.
        steps: in order, numbered from 1.
        verified: the signed statement, None when its signature was not established.
        errors: the refusals, in the order of the steps.
        bundle: the very bytes that were verified; None where there were none.
        evidence: what was read of the run, the very bytes that were hashed; None without a readable one.
        maker: of the trust list, that attests the run's devices; "" where none does.
    """

    subject: str
    steps: tuple[Step, ...]
    verified: Verified | None
    errors: tuple[SuiteError, ...]
    bundle: bytes | None = None
    evidence: Evidence | None = None
    maker: str = ""

    @property
    def intact(self) -> bool:
        """Whether a signature held and nothing that was looked at contradicts it; says nothing about who signed."""
        return self.verified is not None and not self.errors

    @property
    def trusted(self) -> bool:
        """Whether it is intact and the trust list names the signer."""
        return self.intact and self.identity is Identity.TRUSTED

    @property
    def identity(self) -> Identity | None:
        """What is known about the signer; None without a valid signature."""
        return self.verified.identity if self.verified else None

    @property
    def error(self) -> SuiteError | None:
        """The refusal that decides the exit status: a refused signature outweighs unusable evidence."""
        refused = [error for error in self.errors if isinstance(error, TrustError)]
        return next(iter([*refused, *self.errors]), None)

    @property
    def exit_status(self) -> int:
        """0 when intact, else 4 (evidence) or 5 (signature, trust, numbers, page). The verdict is another matter."""
        if self.error is not None:
            return self.error.exit_status
        return 0 if self.intact else TrustError.exit_status

    def summary(self) -> str:
        """The conclusion in one sentence."""
        failed = [step for step in self.steps if step.outcome is Outcome.FAIL]
        if not self.intact or self.verified is None:
            codes = ", ".join(dict.fromkeys(step.code for step in failed))
            if codes == lineends.CODE:
                return Sentence(
                    f"REFUSED: {failed[0].detail}; everything else fits",
                    f"拒绝：{chinese(failed[0].detail)}；其余均相符",
                )
            return Sentence(
                f"REFUSED: {len(failed)} of {len(self.steps)} steps failed ({codes})",
                f"拒绝：{len(self.steps)} 个步骤中有 {len(failed)} 个失败（{codes}）",
            )
        word = {
            Identity.TRUSTED: Sentence("VERIFIED", "已核验"),
            Identity.GIVEN_KEY: Sentence(
                "INTACT, OWNER OF THE KEY UNKNOWN", "完好，密钥所有者未知"
            ),
            Identity.UNPROVEN: Sentence("INTACT, SIGNER NOT ESTABLISHED", "完好，签名者未确立"),
        }[self.verified.identity]
        skipped = [step for step in self.steps if step.outcome is Outcome.SKIPPED]
        undone = [
            Sentence(
                f"; not done: {step.what} ({step.detail})",
                f"；未进行：{chinese(step.what)}（{chinese(step.detail)}）",
            )
            for step in skipped
        ]
        return placed(word, self.verified.signer()) + joined(undone, "", "")

    def text(self, language: Language = Language.EN) -> str:
        """The numbered steps and the conclusion, for a terminal; ends with a line break."""
        lines = [line for step in self.steps for line in step.lines(language)]
        return "\n".join([*lines, "", language.of(self.summary()), ""])

    def to_json(self) -> JSONObject:
        """For programs."""
        statement = self.verified.statement if self.verified else None
        return {
            "subject": self.subject,
            "intact": self.intact,
            "identity": self.identity.value if self.identity else None,
            "owner": self.verified.owner if self.verified else None,
            "key_id": self.verified.key_id if self.verified else None,
            "payload_sha256": statement.sha256 if statement else None,
            "exit_status": self.exit_status,
            "summary": self.summary(),
            "steps": [plain(step.document()) for step in self.steps],
        }
