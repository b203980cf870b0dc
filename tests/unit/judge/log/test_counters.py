"""What counters say of a window: a count that went back, or was read once, says nothing."""

import pytest

from suite.documents.telemetry import TelemetrySample
from suite.judge.log.counters import grown, series, states_of, words


def sample(t, **counters):
    return TelemetrySample(t=t, tool="x", device="0", counters=counters)


@pytest.mark.parametrize(
    ("values", "more"),
    [([], None), ([5], None), ([5, 5], 0), ([5, 9, 11], 6), ([5, 0, 7], None)],
)
def test_a_count_grows_or_says_nothing(values, more):
    assert grown(values) == more


def test_the_bits_of_a_mask_are_states():
    assert states_of(sample(0, throttle_mask=0x44)) == {
        "throttle_power": 1,
        "throttle_other": 0,
        "throttle_heat": 1,
        "throttle_brake": 0,
    }
    # Idleness and clocks that somebody set hold nothing back.
    assert not any(states_of(sample(0, throttle_mask=0x103)).values())


def test_a_sample_without_counters_says_nothing():
    assert states_of(TelemetrySample(t=0, tool="x", device="0")) == {}


def test_words_are_alike_on_machines_that_fared_alike():
    samples = [
        sample(0, throttle_heat=0, pcie_lanes=16, ecc_corrected=7, pcie_replays=9),
        sample(1, throttle_heat=1, pcie_lanes=8, ecc_corrected=7, pcie_replays=0),
    ]
    assert words(series(samples)) == {
        "throttle_heat": "yes",
        "pcie_lanes": "8 – 16",
        "ecc_corrected": "+0",
    }
