"""Any number of cards against one: pairing by task, correction, what is lacking, the frontier, the formats."""

from __future__ import annotations

import copy
import csv
import io
import itertools
import math
import random
import re

import pytest

from suite.base import jsonio, schema
from suite.base.errors import UsageError
from suite.base.language import Language
from suite.base.statistics import NORMAL
from suite.documents.card_phase import DeviceSeries
from suite.documents.codec import plain
from suite.documents.comparison import Curve, OverTime, ValueRatio
from suite.judge.compare import difference, formats, many, paired, plots, ratio, subjects
from suite.judge.compare.formats import html
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from tests.factories import evidence as factory
from tests.factories import scorecard
from tests.factories.pages import Outline


def card(name: str, change=None):
    made = scorecard.card()
    made["run"]["id"] = name
    if change:
        change(made)
    return scorecard.document(made)


def entries(*changes, **options) -> list[many.Entry]:
    cards = [card(f"run-{index}", change) for index, change in enumerate(changes)]
    return [many.Entry(f"runs/{made.run.id}", made, "nobody", **options) for made in cards]


def slower(by: float, spread: float = 0.001):
    def change(made):
        for name in ("ttft_mean", "e2e_mean"):
            value = made["phases"][0]["metrics"][name]
            low = scorecard.measured(value["value"] * by, value["unit"], value["n"], spread)
            made["phases"][0]["metrics"][name] = low

    return change


def outcomes(result, letter: str) -> dict:
    pair = next(pair for pair in result.pairs if pair.letter == letter)
    phase = pair.comparison.a and pair.comparison.metrics
    first = scorecard.card()["phases"][0]["name"]
    return {item.metric: item for item in phase if item.phase == first}


def test_every_other_card_is_held_against_the_baseline() -> None:
    result = many.compare(entries(slower(1), slower(2), slower(0.5)))
    assert [pair.letter for pair in result.pairs] == ["B", "C"]
    assert outcomes(result, "B")["ttft_mean"].outcome == "worse-once"
    assert outcomes(result, "C")["ttft_mean"].outcome == "better-once"
    turned = many.compare(entries(slower(1), slower(2), slower(0.5)), baseline=1)
    assert turned.baseline == "B"
    assert [pair.letter for pair in turned.pairs] == ["A", "C"]
    assert outcomes(turned, "A")["ttft_mean"].outcome == "better-once"
    assert schema.problems(plain(result), "compare") == []


def test_letters_go_on_after_z() -> None:
    assert [many.letter(index) for index in (0, 25, 26, 51, 52, 701)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ"),
    ]


def test_one_card_is_no_comparison() -> None:
    with pytest.raises(UsageError):
        many.compare(entries(None))


@pytest.mark.parametrize("value", [0.5, 0.95, 0.99, 1.01, 1.0301, 1.2, 3.0])
@pytest.mark.parametrize("width", [0.0, 0.005, 0.02, 0.4])
def test_p_agrees_with_the_interval(value: float, width: float) -> None:
    made = ValueRatio(value=value, low=value * math.exp(-width), high=value * math.exp(width * 1.3))
    apart = ratio.judge_ratio(made, "higher", 0.02)[0] in ("better", "worse")
    assert (ratio.p_value(made, 0.02) < 0.05) == apart


def test_holm_undoes_what_many_comparisons_make_likely() -> None:
    """One ratio just beyond its margin stands alone, and does not among a hundred."""
    base = scorecard.card()
    value = base["phases"][0]["metrics"]["ttft_mean"]
    at = NORMAL * 0.02  # p is about 0.02

    def just(made):
        exact = scorecard.measured(value["value"], value["unit"], value["n"], 0.0)
        made["phases"][0]["metrics"]["ttft_mean"] = exact

    def beyond(made):
        number = value["value"] * math.exp(0.0203 + 1.2 * at)
        made["phases"][0]["metrics"]["ttft_mean"] = scorecard.measured(
            number, value["unit"], value["n"], at
        )

    a, b = entries(just, beyond)
    raw = difference.compare(a.card, b.card)
    alone = next(c for c in raw.metrics if c.metric == "ttft_mean" and c.p is not difference.UNSET)
    assert alone.outcome == "worse-once"
    assert 0.005 < alone.p < 0.05
    result = many.compare([a, b])
    mine = outcomes(result, "B")["ttft_mean"]
    assert result.correction.tests > 20
    assert result.correction.undone == 1
    assert mine.outcome == "not-distinguishable"
    assert "Holm" in mine.why


def test_pairing_tells_apart_what_two_means_cannot() -> None:
    draw = random.Random(1)
    a = [draw.lognormvariate(3, 1) for _ in range(60)]
    b = [value * 1.05 * math.exp(draw.gauss(0, 0.01)) for value in a]
    made = ratio.paired_ratio(a, b)
    assert made is not None
    assert made.low < 1.05 < made.high
    assert made.high / made.low < 1.02
    back = ratio.paired_ratio(b, a)
    assert back is not None
    assert back.value == pytest.approx(1 / made.value, rel=1e-6)
    assert ratio.paired_ratio(a[:7], b[:7]) is None
    assert ratio.paired_ratio([0.0] * 9, a[:9]) is None


def test_the_interval_of_a_paired_ratio_covers_the_true_one() -> None:
    draw = random.Random(2)
    covered = 0
    for _ in range(300):
        a = [draw.lognormvariate(1, 0.7) for _ in range(20)]
        b = [value * 0.8 * math.exp(draw.gauss(-0.005, 0.1)) for value in a]
        made = ratio.paired_ratio(a, b)
        assert made is not None
        covered += made.low <= 0.8 <= made.high
    assert 0.90 * 300 <= covered <= 0.99 * 300


def evidence(by: float = 1.0, text: str = ""):
    parts = copy.deepcopy(factory.document())
    for index, request in enumerate(parts["requests"]):
        if request["chunk_t0"] is not None:
            late = int((request["chunk_t0"] - request["t_send"]) * (by - 1)) + index
            request["chunk_t0"] += late
            request["t_end"] += late
        if text and request["task"] == "t3":
            request["text"] = text
    return factory.evidence(parts)


def test_tasks_are_paired_from_the_evidence() -> None:
    ratios = paired.paired_ratios([evidence()], [evidence(1.5)])
    made, tasks = ratios["offline", "ttft_mean", None]
    assert made.value == pytest.approx(1.5, rel=1e-3)
    assert tasks == factory.N
    assert ratios["offline", "rouge1", None][0].value == 1
    result = many.compare(
        [
            many.Entry("a", card("a"), evidence=evidence()),
            many.Entry("b", card("b"), evidence=evidence()),
        ]
    )
    changes = result.pairs[0].comparison.metrics
    assert any(change.paired is not difference.UNSET for change in changes)


def test_answers_stand_side_by_side() -> None:
    first = next(iter(paired.answers(evidence(), evidence(text="Nothing was said."))))
    assert (first.tasks, first.identical) == (factory.N, factory.N - 1)
    (task,) = first.furthest
    assert (task.task, task.b) == ("t3", "Nothing was said.")
    assert task.rouge1[0] > task.rouge1[1]
    assert first.agreed == 0


def test_what_is_missing_is_never_better() -> None:
    def without(made):
        made["phases"].pop()
        made["phases"][0]["metrics"]["ttft_mean"] = {"not_measured": "it failed"}

    result = many.compare(entries(None, without))
    (pair,) = result.pairs
    last = scorecard.card()["phases"][-1]["name"]
    assert f"phase {last}: nothing measured" in pair.lacking
    assert any(item.endswith("it failed") for item in pair.lacking)
    assert not [c for c in pair.comparison.metrics if c.outcome.startswith(("better", "worse"))]
    assert many.is_worse(result)
    assert not many.is_worse(many.compare(entries(None, None)))
    turned = many.compare(entries(without, None))
    assert turned.pairs[0].lacking == ()
    assert not many.is_worse(turned)


def test_what_is_lacking_for_one_reason_is_said_once() -> None:
    def without(made):
        for name in ("ttft_mean", "ttft_p50", "tpot_p50"):
            made["phases"][0]["metrics"][name] = {"not_measured": "it failed"}
        made["phases"][0]["metrics"]["tpot_mean"] = {"not_measured": "another"}

    (pair,) = many.compare(entries(None, without)).pairs
    phase = scorecard.card()["phases"][0]["name"]
    mine = [item for item in pair.lacking if item.startswith(f"{phase}: ")]
    assert [item.rpartition(": ")[2] for item in mine] == ["it failed", "another"]
    assert mine[0].count("; ") == 2


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1+1", "@x"])
def test_a_spreadsheet_reads_no_formula(name: str) -> None:
    """A stranger's card names its run and phases as it likes."""

    def hostile(made):
        made["run"]["id"] = made["phases"][0]["name"] = name

    result = many.compare(entries(None, hostile))
    made = scorecard.card()
    hostile(made)
    written = [
        registry.record(formats, "csv").render(result, Language.EN),
        registry.render("csv", Subject(scorecard.document(made))),
    ]
    for table in written:
        cells = [cell for row in csv.reader(io.StringIO(table.decode())) for cell in row]
        assert f"'{name}" in cells
        assert name not in cells


@pytest.mark.parametrize("apart", [0.0, 3.0, 60.0])
def test_no_letter_stands_on_another_or_on_a_dot(apart: float) -> None:
    """Ten loads in one heap, in a corner of the picture, as six repeats of a sweep give."""
    dots = [(45.0 + apart * (n % 5), 20.0 + apart * (n // 5)) for n in range(10)]
    letters = list(plots.beside(dots))
    for (ax, ay), (bx, by) in itertools.combinations(letters, 2):
        assert max(abs(ax - bx), abs(ay - by)) >= 12
    for (ax, ay), (bx, by) in itertools.product(letters, dots):
        assert max(abs(ax - bx), abs(ay - by)) >= 7
    assert all(math.dist(dot, at) < 100 for dot, at in zip(dots, letters, strict=True))


def test_letters_of_lines_that_end_together_stand_apart() -> None:
    same = [Curve(phase="p", metric="ttft", letter=name, values=(1.0, 2.0, 3.0)) for name in "AB"]
    series = DeviceSeries(quantity="power", unit="W", devices=1, bucket_s=1.0, values=(1.0, 2.0))
    ends = [OverTime(phase="p", letter=name, series=series) for name in "AB"]
    for picture in (
        plots.distributions("AB", same, "TTFT"),
        plots.over_time("AB", ends),
    ):
        places = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*class="letter', picture)
        (ax, ay), (bx, by) = [(float(x), float(y)) for x, y in places]
        assert max(abs(ax - bx), abs(ay - by)) >= 12


@pytest.mark.parametrize(
    ("what", "given", "shown"),
    [
        ("host.memory_bytes", "24399732736", "24,399,732,736"),
        ("peak.measured_foreign_share", "0.005517155212355181", "0.005517"),
        ("host.memory_bytes", "absent", "absent"),
        ("host.python", "3.10", "3.10"),
        ("engine.package.llama", "10549", "10549"),
    ],
)
def test_amounts_are_shown_for_the_eye_and_versions_as_they_are(what, given, shown) -> None:
    assert subjects.fact(what, given) == shown


def test_a_card_that_is_not_conformant_is_on_no_frontier() -> None:
    def broken(made):
        made["verdict"]["conformant"] = False
        for phase in made["phases"]:
            for name, value in phase["metrics"].items():
                if name == "output_throughput" and "value" in value:
                    value["value"] *= 100

    result = many.compare(entries(None, broken))
    assert not [point for point in result.points if point.letter == "B" and point.frontier]
    assert [point for point in result.points if point.letter == "A" and point.frontier]


def test_cost_follows_from_price_and_throughput() -> None:
    a, b = entries(None, None)
    result = many.compare([many.Entry(a.path, a.card, price=3.6), b])
    point = next(point for point in result.points if point.letter == "A")
    devices = a.card.devices.count
    assert point.cost.value == pytest.approx(1000 * devices / point.throughput.value, rel=1e-6)
    assert point.cost.low <= point.cost.value <= point.cost.high
    other = next(point for point in result.points if point.letter == "B")
    assert other.cost is difference.UNSET


HOSTILE = '"><script>alert(1)</script>|`*'


def test_formats() -> None:
    def hostile(made):
        made["engine"]["title"] = HOSTILE
        made["run"]["id"] = f"run {HOSTILE}"

    result = many.compare(entries(slower(1), hostile, slower(2)))
    assert registry.names(formats) == ("csv", "html", "json", "markdown", "text")
    pages = {
        name: registry.record(formats, name).render(result, Language.EN)
        for name in registry.names(formats)
    }
    rows = list(csv.DictReader(io.StringIO(pages["csv"].decode())))
    assert {row["card"] for row in rows} == {"B", "C"}
    assert any(row["outcome"] == "worse-once" and float(row["ratio_low"]) > 1 for row in rows)
    assert schema.problems(jsonio.loads(pages["json"]), "compare") == []
    page = Outline(pages["html"])
    assert page.all("script") == []
    assert HOSTILE in page.text
    assert not re.search(rb"\s(src|href|action|on[a-z]+)=", pages["html"])
    assert "style" not in {name for _, attributes in page.elements for name in attributes}
    assert b"\\<script\\>" in pages["markdown"]
    assert "A -> C: may be compared" in pages["text"].decode()
    assert html.render(result, Language.EN) == pages["html"]


def test_devices_are_overlaid_a_line_for_each_card():
    def drawn(*watts):
        power = {
            "quantity": "power",
            "unit": "W",
            "devices": 2,
            "bucket_s": 0.5,
            "values": [*watts],
        }
        return lambda made: made["phases"][0]["series"].update(devices=[power])

    result = many.compare(entries(drawn(200, 210, 190), drawn(90, None, None, 80), None))
    assert [item.letter for item in result.telemetry if item.series.quantity == "power"] == [
        "A",
        "B",
    ]
    page = html.render(result, Language.EN).decode()
    power = page.split("Power of the devices together, W", 1)[1].split("</figure>", 1)[0]
    # The second card's line is broken where its device was silent; the third card told nothing.
    assert power.count("<polyline") == 3
    assert [letter for letter in "ABC" if f">{letter}</text>" in power] == ["A", "B"]
