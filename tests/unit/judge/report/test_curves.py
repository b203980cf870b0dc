"""Curves: where points land, what is left out, and nothing that the page's policy forbids."""

import itertools
import re

import pytest
from msgspec.structs import replace

from suite.documents.value import Measured, NotMeasured
from suite.judge.report import curves
from suite.judge.report.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

ACROSS = ("x", "横")


def circles(picture):
    result = re.findall(
        r'<circle cx="([\d.]+)" cy="([\d.]+)" r="[\d.]+" class="([a-z ]+)"', picture
    )
    return [(float(x), float(y), css) for x, y, css in result]


def line(*points, name=""):
    return curves.Line(name, [curves.Dot(x, y) for x, y in points])


def test_nothing_is_drawn_of_a_single_place():
    assert curves.chart([line((1, 2))], ACROSS) == ""
    assert curves.chart([], ACROSS) == ""
    assert curves.chart([line()], ACROSS) == ""


def test_larger_is_higher_and_further_right():
    drawn = circles(curves.chart([line((1, 10), (2, 20), (4, 40))], ACROSS))
    assert [x for x, _, _ in drawn] == sorted(x for x, _, _ in drawn)
    assert [y for _, y, _ in drawn] == sorted((y for _, y, _ in drawn), reverse=True)
    middle = (drawn[0][1] - drawn[1][1]) / (drawn[1][1] - drawn[2][1])
    assert middle == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("log", [(False, False), (True, True)])
@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize(
    "points",
    [
        [(1, 1), (2, 1000)],
        [(1, 0.0), (2, 0.0)],
        [(x, 5) for x in range(1, 40)],
        [(0.5, 3), (64000, 4), (129024, 9e6)],
    ],
)
def test_everything_lies_inside_the_frame(points, steps, log):
    picture = curves.chart([line(*points)], ACROSS, steps=steps, log=log)
    drawn = circles(picture)
    assert len(drawn) == len(points)
    for x, y, _ in drawn:
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM
    assert "style" not in picture
    assert "nan" not in picture


def test_few_places_stand_in_even_steps_under_their_own_labels():
    picture = curves.chart([line((1, 5), (6144, 6), (129024, 7))], ACROSS, steps=True)
    xs = [x for x, _, _ in circles(picture)]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.1)
    assert all(f">{label}<" in picture for label in ("1", "6,144", "129,024"))


def test_labels_that_would_overlap_are_left_out():
    places = range(1, 33)
    picture = curves.chart([line(*((x, 5) for x in places))], ACROSS, steps=True)
    at = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="176.0"', picture)]
    assert 5 < len(at) < 32
    assert min(b - a for a, b in itertools.pairwise(at)) >= 10


def test_a_probe_that_met_and_one_that_missed_look_different():
    dots = [curves.Dot(1, 5, kind="met"), curves.Dot(2, 9, kind="missed")]
    extras = curves.Extras([(7.0, ("objective", "目标"))], (1, 2), beyond=[4.0])
    picture = curves.chart([curves.Line("", dots)], ACROSS, extras=extras)
    assert [css for _, _, css in circles(picture)] == ["dot met"]
    assert picture.count('class="missed"') == 2
    assert 'class="stretch"' in picture
    assert 'class="objective-name zh"' in picture


def test_intervals_are_drawn_and_missing_numbers_are_not():
    value = Measured(5.0, "ms", 9, 4.0, 7.0, "95 %")
    dots = [curves.dot(1, value), curves.dot(2, replace(value, low=None, high=None))]
    assert curves.dot(3, NotMeasured("why")) is None
    assert curves.dot(3, None) is None
    assert curves.chart([curves.Line("", dots)], ACROSS).count("whisker") == 1


def test_words_are_escaped():
    hostile = ("<script>", '"&')
    dots = [curves.Dot(1, 2, label="<b>"), curves.Dot(2, 3)]
    picture = curves.chart([curves.Line("<i>", dots)], hostile)
    assert not re.search(r"<(script|b|i|x)>", picture)
    assert "&lt;script&gt;" in picture
