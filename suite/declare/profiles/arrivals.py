"""Open-loop arrival times: seeded, and the same on every machine.

The randomness is a counter hashed with SHA-256, not a library's generator, so that no version of Python
changes a schedule. Gaps of a gamma process are drawn by Marsaglia and Tsang's method (ACM TOMS 26, 2000).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError
from suite.declare.analysis.bisection import planned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Arrivals, Search


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


def schedule(arrivals: Arrivals, count: int) -> list[int]:
    """When each request should be sent: drawn given their count, so that the mean rate is the stated one.

    Poisson arrivals of which the number within a time is known are independent and uniform over it; so many are
    drawn over ``count`` / rate seconds and sorted. Gamma gaps, one more than there are requests, are scaled to the
    same time. Drawn gap by gap, 64 requests "at 4/s" would come at 3 to 5.4 per second, by chance.

    Args:
        arrivals: process, rate in requests per second, seed, and the shape of a gamma process (its gaps
            have a squared coefficient of variation of 1 / shape).
        count: number of requests.

    Returns:
        Nanoseconds since the phase's start, never decreasing, none after ``count`` / rate seconds.

    Raises:
        DeclarationError: ``arrivals-wrong`` for a rate or shape that is not positive, or a replay.
    """
    rate, shape = arrivals.rate, arrivals.shape
    if not (math.isfinite(rate) and rate > 0):
        raise DeclarationError(
            "arrivals-wrong",
            Sentence(f"a rate of {rate} requests per second", f"每秒 {rate} 个请求的速率"),
        )
    if arrivals.process == "gamma" and (shape is None or not math.isfinite(shape) or shape <= 0):
        raise DeclarationError(
            "arrivals-wrong",
            Sentence(f"gamma arrivals with the shape {shape}", f"形状参数为 {shape} 的 gamma 到达"),
        )
    uniform = Uniform(arrivals.process, arrivals.seed)
    match arrivals.process:
        case "constant":
            places = [(number + 1) / count for number in range(count)]
        case "poisson":
            places = _uniform(uniform, count)
        case "gamma":
            assert shape is not None
            gaps = [_gamma(uniform, shape) for _ in range(count + 1)]
            # Gaps of a tiny shape may all be too small for a float: then everything comes at once.
            total = math.fsum(gaps) or math.inf
            places = [along / total for along in itertools.accumulate(gaps[:count])]
        case "replay":
            raise DeclarationError(
                "arrivals-wrong",
                Sentence("a replay takes its times from its trace", "重放的时刻取自其轨迹"),
            )
    return _times(places, rate)


def probe_schedule(search: Search, probe: int, rate: float) -> list[int]:
    """When each request of a search's probe should be sent, from the probe's start: Poisson, given their count.

    No probe shares its draw with another one, nor with a phase that has the same seed.

    Args:
        search: says the seed and, with the rate, how many requests.
        probe: from 0.
        rate: requests per second.
    """
    return _times(_uniform(Uniform("probe", search.seed + probe), planned(search, rate)), rate)


def _uniform(uniform: Uniform, count: int) -> list[float]:
    return sorted(uniform.draw() for _ in range(count))


def _times(places: Sequence[float], rate: float) -> list[int]:
    """Places between 0 and 1 as nanoseconds of the time that so many requests take at the rate."""
    microseconds = len(places) / rate * 1e6
    # Rounded to microseconds: the last digits of a logarithm differ between mathematical libraries.
    return [round(place * microseconds) * 1000 for place in places]
