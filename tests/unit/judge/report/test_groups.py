"""Sweeps and grids as tables: one row per point, whatever came of it."""

import pytest

from suite.documents.value import NotMeasured
from suite.judge.report import groups
from tests.factories import scenarios, scorecard


def block(phases):
    (result,) = groups.blocks(scorecard.document(scenarios.card_of(phases, [])))
    return result


def columns(phases):
    return groups.columns([scorecard.phase_document(phase) for phase in phases])


def stream_value(phase):
    return groups.stream_value(scorecard.phase_document(phase))


def test_phases_without_a_group_stand_alone_and_points_stand_together():
    a = scenarios.sweep(1, 2)
    phases = [a[0], scorecard.card()["phases"][1], a[1], scenarios.soak()]
    result = groups.blocks(scorecard.document(scenarios.card_of(phases, [])))
    assert [(b.number, b.group, [p.name for p in b.phases]) for b in result] == [
        (1, "sweep", ["sweep-1", "sweep-2"]),
        (2, "", ["offline"]),
        (3, "", ["soak"]),
    ]


def test_points_stand_in_the_order_of_their_axes():
    table = groups.table(block(scenarios.sweep(16, 2, 8)))
    assert [row.values for row in table.rows] == [["2"], ["8"], ["16"]]
    assert table.axes == [("concurrency", "并发")]
    assert table.title == "group-sweep"
    assert table.rows[0].label[0] == "concurrency 2"


def test_every_cell_is_the_cards_number():
    table = groups.table(block(scenarios.sweep(4, 64)))
    names = [column.metric for column in table.columns]
    assert names == [
        *("ttft_p50", "ttft_p99", "tpot_p50", "tpot_p99"),
        *("output_throughput", "stream", "failed"),
    ]
    row = table.rows[1]
    value = row.phase.metrics["output_throughput"].value
    assert row.cells[names.index("output_throughput")].number == f"{value:,.0f}"
    assert row.cells[names.index("stream")].number == f"{value / 64:.2f}"
    assert row.cells[names.index("failed")].number == "0"


def test_the_memory_of_devices_stands_beside_what_it_grows_with():
    """As Qwen's table of context lengths has it; no column where no tool told it."""
    phases = scenarios.sweep(1, 2)
    assert "device_memory_max" not in [column.metric for column in columns(phases)]
    for phase, value in zip(phases, (14.4, 18.3), strict=True):
        phase["metrics"]["device_memory_max"] = {**phase["metrics"]["output_throughput"]} | {
            "value": value, "unit": "GiB", "low": None, "high": None, "interval": "none",
        }  # fmt: skip
    table = groups.table(block(phases))
    at = [column.metric for column in table.columns].index("device_memory_max")
    assert table.columns[at].name == ("device memory", "设备内存")
    assert [row.cells[at].number for row in table.rows] == ["14.40", "18.30"]


def test_the_tail_is_the_farthest_that_any_point_has():
    few = scenarios.sweep(1, 2)
    assert [c.metric for c in columns(few)][1] == "ttft_p90"
    for phase in few:
        phase["metrics"]["ttft_p90"] = {"not_measured": "too few"}
    assert [c.metric for c in columns(few)][1] == "ttft_p99"


def test_a_cell_without_number_says_why_below():
    phases = scenarios.sweep(1, 2, 64)
    table = groups.table(block(phases))
    assert table.rows[0].cells[1].measured is False
    names, why = table.absent[0]
    assert names == "TTFT p99, TPOT p99"
    assert why == "n = 64 < 662"
    many = scenarios.sweep(*range(1, 10), 64)
    assert groups.table(block(many)).absent[0][1].endswith("; …")


def test_a_point_that_was_not_run_keeps_its_row_and_reason():
    table = groups.table(block(scenarios.contexts()))
    assert [bool(row.not_run) for row in table.rows] == [False] * 4 + [True] * 2
    assert table.rows[5].cells == []
    assert table.rows[5].values == ["129,024"]
    assert table.title == "group-context"
    assert table.common[0] == "concurrency 1, 24 out"


@pytest.mark.parametrize(
    ("axes", "lockstep", "title"),
    [
        ({"concurrency": 4}, False, "group-sweep"),
        ({"concurrency": 4}, True, "group-batch"),
        ({"input_tokens": 64, "output_tokens": 8}, False, "group-lengths"),
        ({"output_tokens": 8}, False, "group-lengths"),
        ({"concurrency": 4, "input_tokens": 64}, True, "group-grid"),
    ],
)
def test_what_varies_names_the_group(axes, lockstep, title):
    point = scenarios.point("g", **axes)
    if lockstep:
        point["load"]["lockstep"] = True
    table = groups.table(block([point]))
    assert table.title == title
    assert ("batch" in [axis[0] for axis in table.axes]) == (lockstep and "concurrency" in axes)


def test_a_point_without_streams_gets_the_whole_throughput():
    phase = scenarios.point("g", concurrency=4)
    phase["load"]["concurrency"] = None
    assert stream_value(phase) == scorecard.value(phase["metrics"]["output_throughput"])
    phase["metrics"]["output_throughput"] = {"not_measured": "x"}
    phase["load"]["concurrency"] = 4
    assert stream_value(phase) == NotMeasured("x")
    del phase["metrics"]["output_throughput"]
    assert stream_value(phase) is None


def test_pictures_only_where_one_axis_varies_over_two_points_or_more():
    captions = [words[0] for words, _ in groups.plots(block(scenarios.sweep(1, 4, 16)))]
    assert captions == [
        "Output throughput, tokens/s",
        "TTFT, ms",
        "TPOT, ms",
        "Throughput against latency: TPOT p50 in ms at each point",
    ]
    assert groups.plots(block(scenarios.sweep(8))) == []
    assert groups.plots(block(scenarios.grid())) == []


def test_points_that_did_not_run_are_not_drawn():
    drawn = [str(picture) for _, picture in groups.plots(block(scenarios.contexts()))]
    assert len(drawn) == 3
    assert "30,720" in drawn[0]
    assert not [picture for picture in drawn if "63,488" in picture or "129,024" in picture]


def test_the_same_points_in_another_order_give_the_same_pictures():
    phases = scenarios.sweep(1, 2, 4, 8)
    there = groups.plots(block(phases))
    assert groups.plots(block(phases[::-1])) == there
