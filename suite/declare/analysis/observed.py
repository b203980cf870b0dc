"""One request that has ended, as the rules see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from suite.declare.analysis.arrived import arrival, arrived, claimed, first_place, several
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
        first: arrival of the first chunk that shows something, None without one.
        last: arrival of the last one.
        end: when it ended.
        tokens: generated tokens that arrived; where nobody saw that, what the engine claims or the suite's tokenizer
            counts; None if nobody counted.
        ok: it ended well and said something.
        cancelled: the client ended it; it says nothing of the server.
        after: tokens that arrived after the first chunk; None where nobody saw them come.
        whole: several tokens came at once, so that there is no time per token.
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
    after: int | None = None
    whole: bool = False

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
        """Milliseconds per token after the first chunk; None where none came after it, or later, or nobody counted."""
        if self.first is None or self.last is None or not self.after or self.last <= self.first:
            return None
        return (self.last - self.first) * MS / self.after


def observed(event: Request, *, counting: bool = True) -> Observed:
    """What the rules need of a request's event; without its tokens where nobody asks for them."""
    first = last = after = tokens = None
    if counting:
        tokens = claimed(event)
        if tokens is None:
            tokens = given(event.usage.own_completion)
    if event.chunk_t0 is not None:
        first = arrival(event, first_place(event))
        last = event.chunk_t0 + sum(event.chunk_dt)
        counted = arrived(event) if counting else None
        if counted is not None:
            tokens, after = counted.tokens, counted.after
    return Observed(
        number=event.index,
        sched=event.t_sched,
        sent=event.t_send,
        first=first,
        last=last,
        end=event.t_end,
        tokens=tokens,
        ok=first is not None and not has_failed(event),
        cancelled=event.outcome == "cancelled",
        after=after,
        whole=first is not None and first == last and several(event, tokens),
    )
