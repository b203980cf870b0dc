"""Outcomes made by hand."""

from benchmarks.load.case import closed, poisson
from benchmarks.load.measurement import Measurement
from benchmarks.load.spreads import Spread


def flat(value):
    return Spread(value, value, value)


def measurement(streams=8, *, client="this suite", rate=0.0, busy=False, **more):
    load = poisson(rate) if rate else closed(streams)
    values = {
        "ttft": flat(0.01),
        "itl": flat(0.01),
        "e2e": flat(0.01),
        "matched": True,
        "timed": True,
        "exact": True,
        "tokens_s": load.nominal_tokens_s,
        "requests_s": rate,
        "cpu_s_per_1000": 0.01,
        "first_request_s": 0.1,
        "peak_mb": 20.0,
        "tokens": load.requests * load.tokens,
        "server": {"cpu_share": 0.1, "late": {"p99_ms": 0.2}},
        **more,
    }
    return Measurement(client, load.beside_busy() if busy else load, **values)
