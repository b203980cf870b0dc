"""A spread over cards: what it states, why an outlier is one as far as anybody recorded it, and its page."""

import re

import pytest

from suite.base import schema
from suite.base.errors import EvidenceError, UsageError
from suite.base.language import Language
from suite.documents.card import CardFact
from suite.documents.codec import plain
from suite.documents.fleet import Cell, FleetAttempt, FleetMachine, FleetStatement
from suite.documents.value import Measured, NotMeasured
from suite.judge.fleet.page import render
from suite.judge.fleet.spread import spread
from tests.factories import scorecard

PHASE, METRIC = "offline", "output_throughput"


def card(number, *, clock=1500.0, limit="700", ecc="Enabled"):
    """A card with this throughput, of a device in this condition; None stands for what nobody recorded."""
    doc = scorecard.card()
    part = next(item for item in doc["phases"] if item["name"] == PHASE)
    part["metrics"][METRIC] = scorecard.measured(number, "tokens/s", 64)
    if clock is not None:
        part["metrics"]["device_clock_mean"] = scorecard.measured(clock, "MHz", 9)
    for name, value in (("power_limit_w", limit), ("ecc", ecc)):
        if value is not None:
            doc["environment"][f"device.0.{name}"] = {"value": value}
    return scorecard.document(doc)


def statement(names, reasons=None):
    reasons = reasons or {}
    machines = tuple(
        FleetMachine(
            name=name,
            outcome="incomplete" if name in reasons else "complete",
            reason=reasons.get(name, ""),
            attempts=(FleetAttempt(cell="1-cell", repeat=1, attempt=1, measured=True),),
        )
        for name in names
    )
    cell = Cell(name="1-cell", machines=tuple(names), words=(), sending=(), plan_sha256="0" * 64)
    return FleetStatement(
        fleet="rack",
        collected="2026-11-28T21:00:00Z",
        vendors=("cpu",),
        cells=(cell,),
        machines=machines,
    )


@pytest.fixture
def fleet():
    """Seven machines of two repeats each; the last one is slow, capped, and without error correction."""
    cards = {f"node-{n}": [card(1000 + 4 * n + r) for r in range(2)] for n in range(6)}
    cards["node-6"] = [card(800 + r, clock=1200.0, limit="500", ecc="Disabled") for r in range(2)]
    return cards


def made_of(cards, metrics=(f"{PHASE}/{METRIC}",), reasons=None):
    return spread(statement(list(cards), reasons), "0" * 64, {"1-cell": cards}, metrics)


def test_it_states_median_range_and_components(fleet):
    made = made_of(fleet)
    (cell,) = made.cells
    (metric,) = cell.metrics
    assert schema.problems(plain(made), "fleet-spread", file="spread") == []
    assert (metric.machines, metric.repeats) == (7, 14)
    assert isinstance(metric.median, Measured)
    assert metric.median.value == 1008.5
    assert (metric.smallest, metric.largest) == (800.5, 1020.5)
    assert metric.median.low <= metric.median.value <= metric.median.high
    assert metric.between.value > 20 * metric.within.value
    assert metric.icc.low > 0.9
    assert "best" not in str(plain(made))


def test_an_outlier_has_the_reasons_that_its_cards_record(fleet):
    (outlier,) = made_of(fleet).cells[0].metrics[0].outliers
    assert outlier.machine == "node-6"
    assert outlier.deviation == pytest.approx(800.5 / 1008.5 - 1)
    words = [reason.en for reason in outlier.reasons]
    assert words == [
        "clock: 1200 MHz; the others 1500",
        "power limit, W: 500; the others 700",
        "ECC: Disabled; the others Enabled",
    ]
    assert "temperature" in [item.en for item in outlier.unknown]


def test_what_its_counters_say_of_the_windows_is_a_reason(fleet):
    for cards in fleet.values():
        for item in cards:
            item.environment["device.0.measured_throttle_heat"] = CardFact(value="no")
            item.environment["device.0.measured_pcie_lanes"] = CardFact(value="16")
    for item in fleet["node-6"]:
        item.environment["device.0.measured_throttle_heat"] = CardFact(value="yes")
        item.environment["device.0.measured_pcie_lanes"] = CardFact(value="4")
    (outlier,) = made_of(fleet).cells[0].metrics[0].outliers
    words = [reason.en for reason in outlier.reasons]
    assert "held back by heat: yes; the others no" in words
    assert "PCIe lanes while measured: 4; the others 16" in words
    assert "memory errors, not corrected" in [item.en for item in outlier.unknown]


def test_what_nobody_recorded_is_unknown_and_never_normal(fleet):
    fleet["node-6"] = [card(800 + r, clock=None, limit=None, ecc=None) for r in range(2)]
    (outlier,) = made_of(fleet).cells[0].metrics[0].outliers
    assert outlier.reasons == ()
    assert {"clock", "temperature", "power limit, W", "ECC"} <= {i.en for i in outlier.unknown}


def test_a_machine_without_every_card_is_named(fleet):
    fleet["node-2"] = fleet["node-2"][:1]
    (missing,) = (
        made_of(fleet, reasons={"node-2": "1 of 2 runs left a card: lost"}).cells[0].missing
    )
    assert (missing.machine, missing.cards) == ("node-2", 1)
    assert missing.reason.endswith("lost")


def test_one_repeat_gives_no_components(fleet):
    single = {name: cards[:1] for name, cards in fleet.items()}
    metric = made_of(single).cells[0].metrics[0]
    assert isinstance(metric.icc, NotMeasured)
    assert isinstance(metric.within, NotMeasured)
    assert isinstance(metric.means, Measured)
    assert metric.outliers


def test_one_machine_is_no_spread_and_an_unknown_metric_is_refused(fleet):
    with pytest.raises(EvidenceError) as refused:
        made_of({"node-0": fleet["node-0"]})
    assert refused.value.code == "fleet-spread-none"
    with pytest.raises(UsageError) as unknown:
        made_of(fleet, ("output_throughputt",))
    assert unknown.value.code == "metric-unknown"


def test_the_page_is_the_same_every_time_and_has_no_script(fleet):
    made = made_of(fleet)
    page = render(made, Language.EN)
    assert page == render(made, Language.EN)
    text = page.decode()
    assert "<script" not in text
    assert "style=" not in text
    assert not re.search(r"(src|href)=", text)
    assert "node-6" in text
    assert "power limit, W: 500; the others 700" in text
    assert "功率上限" in text
    assert text.count("<circle") == 14
    assert render(made, Language.ZH) != page


def test_a_rate_of_many_digits_has_no_exponent(fleet):
    cards = {name: [card(12_345.6 + n)] for n, name in enumerate(fleet)}
    text = render(made_of(cards), Language.EN).decode()
    assert "12,346 – 12,352" in text
    assert "<title>node-6: 12,352 tokens/s</title>" in text
    assert 'text-anchor="end" class="tick">12,352<' in text
    assert not re.search(
        r"\d[eE][+-]?\d\d\b",
        re.sub(r"<code>.*?</code>|<style>.*?</style>|<meta[^>]*>", "", text, flags=re.DOTALL),
    )
