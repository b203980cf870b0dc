"""One load, the same for every client."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a client, and how the server answers.

    Attributes:
        requests: how many.
        streams: requests in flight; 0 sends open loop at `rate`.
        rate: requests per second of a Poisson process, for the open loop.
        ttft_ms: the server's time to the first token.
        itl_ms: the server's time between tokens.
        tokens: tokens of each answer.
        pack: tokens that the server puts into one write.
        busy: another process spins on the client's core.
    """

    requests: int
    streams: int = 0
    rate: float = 0.0
    ttft_ms: float = 200.0
    itl_ms: float = 20.0
    tokens: int = 128
    pack: int = 1
    busy: bool = False

    @property
    def name(self) -> str:
        """For tables and messages."""
        text = f"{self.streams:,} streams" if self.streams else f"Poisson {self.rate:g}/s"
        return f"{text}, busy neighbour" if self.busy else text

    @property
    def nominal_tokens_s(self) -> float:
        """Tokens per second while every stream generates, as the timings have it."""
        if self.streams:
            return self.streams / self.itl_ms * 1000 if self.itl_ms else 0.0
        return self.rate * self.tokens

    def beside_busy(self) -> Load:
        """The same load with a busy neighbour."""
        return replace(self, busy=True)


def closed(streams: int, *, rounds: int = 2, least: int = 16) -> Load:
    """The closed-loop load of the benchmark: 200 ms to the first of 128 tokens at 20 ms."""
    return Load(max(least, streams * rounds), streams)


def poisson(rate: float, *, seconds: float = 6.0) -> Load:
    """The open-loop load of the benchmark: short answers, so that arrivals are what matters."""
    return Load(max(16, round(rate * seconds)), rate=rate, tokens=32)
