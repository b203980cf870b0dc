"""One request that has ended, as the rules see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from suite.documents.document import given
from suite.documents.event import has_failed

if TYPE_CHECKING:
    from suite.documents.event import Request

MS = 1e-6
"""Nanoseconds to milliseconds."""


class Observed(NamedTuple):
    """A request that has ended. Times are nanoseconds of the run's clock.

    Attributes:
        number: its index within the phase.
        sched: intended start; equals `sent` in a closed loop.
        sent: first byte written.
        first: arrival of the first chunk with text, None without one.
        last: arrival of the last one.
        end: when it ended.
        tokens: generated tokens: by their ids, else the engine's usage, else the suite's tokenizer; None if nobody counted.
        ok: it ended well and said something.
        cancelled: the client ended it; it says nothing of the server.
    """

    number: int
    sched: int
    sent: int
    first: int | None
    last: int | None
    end: int
    tokens: int | None
    ok: bool
    cancelled: bool

    def ttft_ms(self, *, from_sched: bool = False) -> float | None:
        """Time to first token, milliseconds; None without a first token."""
        if self.first is None:
            return None
        return (self.first - (self.sched if from_sched else self.sent)) * MS

    def e2e_ms(self, *, from_sched: bool = False) -> float | None:
        """Time to the last token, milliseconds; None without one."""
        if self.last is None:
            return None
        return (self.last - (self.sched if from_sched else self.sent)) * MS

    def tpot_ms(self) -> float | None:
        """Milliseconds per token after the first; None for fewer than two tokens or an unknown count."""
        if self.first is None or self.last is None or self.tokens is None or self.tokens < 2:
            return None
        return (self.last - self.first) * MS / (self.tokens - 1)


def observed(event: Request) -> Observed:
    """What the rules need of a request's event."""
    first, ids, usage = event.chunk_t0, event.token_ids, event.usage
    tokens = len(ids) if ids is not None else given(usage.engine_completion)
    return Observed(
        number=event.index,
        sched=event.t_sched,
        sent=event.t_send,
        first=first,
        last=None if first is None else first + sum(event.chunk_dt),
        end=event.t_end,
        tokens=given(usage.own_completion) if tokens is None else tokens,
        ok=first is not None and not has_failed(event),
        cancelled=event.outcome == "cancelled",
    )
