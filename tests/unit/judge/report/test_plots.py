"""Plots draw what the numbers say."""

import re
import xml.etree.ElementTree as ET

import pytest

from suite.documents.card import TimeShare
from suite.documents.card_phase import RateSeries
from suite.judge.report import plots


def points(svg, css):
    path = re.search(rf'd="([^"]+)" class="{css}"', str(svg))[1]
    return [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_a_distribution_rises_from_zero_to_all():
    svg = plots.distribution([10.0, 20.0, 30.0, 40.0, 50.0], "TTFT", None)
    ET.fromstring(str(svg))
    curve = points(svg, "curve")
    assert [y for _, y in curve] == sorted((y for _, y in curve), reverse=True)
    assert [x for x, _ in curve] == sorted(x for x, _ in curve)
    top, base = plots.TOP, plots.HEIGHT - plots.BOTTOM
    assert (curve[0][1], curve[-1][1]) == (base, top)


def test_the_marked_quantiles_lie_on_the_curve():
    svg = str(plots.distribution([float(i) for i in range(101)], "TTFT", None))
    circles = [
        (float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    ]
    curve = dict(points(svg, "curve"))
    assert len(circles) == 2
    for x, y in circles:
        assert min(abs(x - cx) + abs(y - cy) for cx, cy in curve.items()) < 1.0


@pytest.mark.parametrize(("objective", "drawn"), [(30.0, True), (500.0, False), (None, False)])
def test_an_objective_is_drawn_where_it_can_be_seen(objective, drawn):
    svg = str(plots.distribution([10.0, 20.0, 60.0], "TPOT", objective))
    assert ('class="objective"' in svg) is drawn


@pytest.mark.parametrize("values", [[], [5.0]])
def test_too_little_to_draw_draws_nothing(values):
    assert str(plots.distribution(values, "TTFT", None)) == ""


def test_equal_values_do_not_divide_by_zero():
    ET.fromstring(str(plots.distribution([5.0, 5.0, 5.0], "TTFT", None)))
    ET.fromstring(str(plots.distribution([0.0, 0.0], "TTFT", None)))
    ET.fromstring(
        str(plots.throughput(RateSeries(bucket_s=1.0, unit="tokens/s", values=(0.0, 0.0))))
    )


def test_throughput_keeps_proportions():
    svg = plots.throughput(RateSeries(bucket_s=0.5, unit="tokens/s", values=(0.0, 50.0, 100.0)))
    ET.fromstring(str(svg))
    base = plots.HEIGHT - plots.BOTTOM
    heights = sorted({round(base - y, 1) for _, y in points(svg, "curve")})
    assert heights[0] == 0
    assert heights[2] == pytest.approx(2 * heights[1], abs=0.2)


def test_the_time_bar_is_full():
    stretches = [
        TimeShare(what="suite", kind="suite", seconds=1.0),
        TimeShare(what="engine-start", kind="engine", seconds=3.0),
    ]
    svg = str(plots.time_bar(stretches))
    ET.fromstring(svg)
    widths = [float(w) for w in re.findall(r'width="([\d.]+)"', svg)]
    assert widths == [250.0, 750.0]
    assert str(plots.time_bar([])) == ""


def test_a_bullet_stays_on_its_rail():
    svg = str(plots.bullet(0.9, 0.8, 5.0, {"reference": 0.5, "gate": None, "baseline": -1.0}, 1.0))
    ET.fromstring(svg)
    numbers = [float(x) for x in re.findall(r'(?:cx|x1|x2)="([-\d.]+)"', svg)]
    assert min(numbers) >= 0
    assert max(numbers) <= 260


def test_names_in_a_plot_are_escaped():
    svg = str(plots.distribution([1.0, 2.0], "<b>&", None))
    ET.fromstring(svg)
    assert "<b>" not in svg
