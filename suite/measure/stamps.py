"""The log's digest while the run goes on, and time stamps over it: never while a phase is being sent."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import UNSET

from suite.base.errors import SetupError, SuiteError, TrustError
from suite.documents.codec import canonical
from suite.documents.logstamp import LogHash, LogStamp
from suite.evidence import STAMPS
from suite.evidence.growth import Hasher

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.logstamp import Moment
    from suite.documents.phase import Phase
    from suite.evidence import Writer

    Ask: TypeAlias = Callable[[bytes], bytes]
    """What asks an authority for a stamp over some bytes; `suite.judge.attest.sign.Stamp`."""

UNASKED: Final = "no time-stamping authority was named"
MOST_WAIT_S: Final = 30
"""A stamp that took longer says too little of when its digest was taken."""
_MOST_REASON: Final = 500


@dataclass(slots=True)
class Stamps:
    """Keeps how a run's log grew.

    Attributes:
        ask: asks the authority; None keeps the digests alone.
        missing: reasons why stamps that were asked for are not there.
    """

    ask: Ask | None = None
    missing: list[str] = field(default_factory=list)
    _hasher: Hasher | None = None

    def take(
        self,
        writer: Writer,
        now: Callable[[], int],
        after: Moment,
        phase: Phase | None = None,
        why: str = "",
    ) -> None:
        """Hash the log as it stands and keep the digest, with a stamp where an authority gives one.

        Args:
            writer: of the run.
            now: the run's clock.
            after: what has just happened.
            phase: the phase that has ended.
            why: reason not to ask; "" asks.

        Raises:
            SetupError: ``disk-full``.
        """
        self._hasher = self._hasher or Hasher(writer.directory / "events.jsonl")
        size, sha256 = self._hasher()
        stated = LogHash(
            after=after,
            phase=UNSET if phase is None else phase.name,
            repeat=UNSET if phase is None else phase.repeat,
            bytes=size,
            sha256=sha256,
            t=now(),
        )
        writer.lines(STAMPS, [self._stamped(now, stated, why)])

    def _stamped(self, now: Callable[[], int], stated: LogHash, why: str) -> LogStamp:
        if self.ask is None or why:
            return LogStamp(stated=stated, why=why or UNASKED)
        try:
            answer = self.ask(canonical(stated))
        except (SetupError, TrustError) as refused:
            self.missing.append(f"no time stamp of the log: {_reason(refused)}")
            return LogStamp(stated=stated, why=_reason(refused))
        answered = now()
        if answered - stated.t > MOST_WAIT_S * 1e9:
            late = f"the authority took {(answered - stated.t) / 1e9:.0f} s"
            return LogStamp(stated=stated, why=late)
        return LogStamp(stated=stated, token=base64.b64encode(answer).decode(), answered=answered)


def _reason(refused: SuiteError) -> str:
    return refused.message[:_MOST_REASON]
