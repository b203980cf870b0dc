"""Open-loop arrival times: seeded, and the same on every machine.

The randomness is a counter hashed with SHA-256, not a library's generator, so that no version of Python
changes a schedule. Gaps of a gamma process are drawn by Marsaglia and Tsang's method (ACM TOMS 26, 2000).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from typing import TYPE_CHECKING

from suite.base.errors import DeclarationError
from suite.declare.analysis.bisection import planned
from suite.documents.phase import Arrivals, Search

if TYPE_CHECKING:
    from collections.abc import Iterator


_SECOND_NS = 1_000_000_000


class Uniform:
    """Numbers strictly between 0 and 1, 53 bits each, from SHA-256 of seed and counter."""

    def __init__(self, process: str, seed: int) -> None:
        self._key = f"arrivals/1/{process}/{seed}/"
        self._counter = 0

    def draw(self) -> float:
        """A number between 0 and 1, both excluded."""
        digest = hashlib.sha256(f"{self._key}{self._counter}".encode()).digest()
        self._counter += 1
        # Half a step up keeps 0 and 1 out, so that the logarithm below exists.
        return (int.from_bytes(digest[:8], "big") // 2**11 + 0.5) / 2**53

    def normal(self) -> float:
        """A standard normal number, by Box and Muller."""
        return math.sqrt(-2 * math.log(self.draw())) * math.cos(2 * math.pi * self.draw())


def _gamma(uniform: Uniform, shape: float) -> float:
    if shape < 1:
        return _gamma(uniform, shape + 1) * math.pow(uniform.draw(), 1 / shape)
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        x = uniform.normal()
        v = (1 + c * x) ** 3
        if v > 0 and math.log(uniform.draw()) < 0.5 * x * x + d - d * v + d * math.log(v):
            return d * v


def _gaps(arrivals: Arrivals) -> Iterator[float]:
    """Gaps in units of the mean gap."""
    uniform = Uniform(arrivals.process, arrivals.seed)
    shape = arrivals.shape
    while True:
        match arrivals.process:
            case "constant":
                yield 1.0
            case "poisson":
                yield -math.log(uniform.draw())
            case "gamma":
                assert shape is not None
                yield _gamma(uniform, shape) / shape
            case "replay":
                raise DeclarationError("arrivals-wrong", "a replay takes its times from its trace")


def schedule(arrivals: Arrivals, count: int) -> list[int]:
    """When each request should be sent.

    Args:
        arrivals: process, rate in requests per second, seed, and the shape of a gamma process (its gaps
            have a squared coefficient of variation of 1 / shape).
        count: number of requests.

    Returns:
        Nanoseconds since the phase's start, never decreasing; the first gap comes before the first request.

    Raises:
        DeclarationError: ``arrivals-wrong`` for a rate or shape that is not positive.
    """
    return list(itertools.islice(_times(arrivals), count))


def schedule_until(arrivals: Arrivals, seconds: float) -> list[int]:
    """The part of a schedule that lies within a time.

    Args:
        arrivals: as for `schedule`.
        seconds: since the phase's start.

    Returns:
        As `schedule`, which begins with the same times.
    """
    end = seconds * _SECOND_NS
    return list(itertools.takewhile(lambda moment: moment <= end, _times(arrivals)))


def probe_schedule(search: Search, probe: int, rate: float) -> list[int]:
    """When each request of a search's probe should be sent, from the probe's start.

    Args:
        search: says the seed and, with the rate, how many requests.
        probe: from 0.
        rate: requests per second.
    """
    seed = search.seed + probe
    arrivals: Arrivals = Arrivals(process="poisson", rate=rate, seed=seed, shape=None)
    return schedule(arrivals, planned(search, rate))


def _times(arrivals: Arrivals) -> Iterator[int]:
    """The times of a schedule, without an end."""
    rate, shape = arrivals.rate, arrivals.shape
    if not (math.isfinite(rate) and rate > 0):
        raise DeclarationError("arrivals-wrong", f"a rate of {rate} requests per second")
    if arrivals.process == "gamma" and (shape is None or not math.isfinite(shape) or shape <= 0):
        raise DeclarationError("arrivals-wrong", f"gamma arrivals with the shape {shape}")
    now = 0.0
    for gap in _gaps(arrivals):
        now += gap
        # Rounded to microseconds: the last digits of a logarithm differ between mathematical libraries.
        yield round(now / rate * _SECOND_NS / 1000) * 1000
