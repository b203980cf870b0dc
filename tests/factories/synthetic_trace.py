"""The shipped trace: made here, not recorded; bursts over a calm stream, with short and long requests.

Two states follow each other, calm and burst, each with Poisson arrivals; lengths are log-normal within
bounds that a small model holds. The file lies beside the profiles, and a test holds it against this
function.
"""

from __future__ import annotations

import math
from typing import Final

from suite.base import jsonio
from suite.declare.profiles.arrivals import Uniform

MADE_TRACE: Final = "traces/synthetic-bursty.jsonl"
"""Relative to the shipped profiles."""
SEED: Final = 1
COUNT: Final = 96
_CALM: Final = (2.5, 4.0)  # requests per second, mean length of the state in seconds
_BURST: Final = (14.0, 1.0)
_INPUT: Final = (180.0, 0.8, 16, 768)  # median, sigma of the logarithm, bounds; tokens
_OUTPUT: Final = (28.0, 0.6, 4, 96)


def made_trace(seed: int = SEED, count: int = COUNT) -> bytes:
    """A trace as JSON Lines with ``timestamp`` in milliseconds, ``input_length`` and ``output_length``."""
    uniform = Uniform("made-trace", seed)
    lines = []
    for moment in _moments(uniform, count):
        record = {
            "timestamp": moment,
            "input_length": _length(uniform, *_INPUT),
            "output_length": _length(uniform, *_OUTPUT),
        }
        lines.append(jsonio.canonical(record) + b"\n")
    return b"".join(lines)


def _moments(uniform: Uniform, count: int) -> list[int]:
    """Milliseconds since the first request."""
    found: list[float] = []
    now, bursting = 0.0, False
    while len(found) < count:
        rate, mean = _BURST if bursting else _CALM
        end = now - mean * math.log(uniform.draw())
        while (now := now - math.log(uniform.draw()) / rate) < end:
            found.append(now)
        now, bursting = end, not bursting
    return [round((moment - found[0]) * 1000) for moment in found[:count]]


def _length(uniform: Uniform, median: float, sigma: float, least: int, most: int) -> int:
    return min(most, max(least, round(median * math.exp(sigma * uniform.normal()))))
