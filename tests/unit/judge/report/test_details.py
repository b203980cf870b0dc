"""Searches, conversations, soaks and ends as the page shows them."""

import pytest
from msgspec.structs import replace

from suite.judge.report import details
from suite.judge.report import searches as searching
from tests.factories import scenarios, scorecard

CARD = scorecard.document(scenarios.scenario_card())


def only(phase, key):
    return next(r for r in remarks(phase) if r.key == key).lines


def remarks(phase):
    return details.remarks(CARD, scorecard.phase_document(phase))


def searches(phase):
    return searching.searches(CARD, scorecard.phase_document(phase))


def turn_plots(phase):
    return details.turn_plots(scorecard.phase_document(phase))


def track_plots(phase):
    return details.track_plots(scorecard.phase_document(phase))


def steady_window(phase):
    return details.steady_window(scorecard.phase_document(phase))


def turns(phase):
    return details.turns(scorecard.phase_document(phase))


def test_a_plain_phase_has_nothing_to_remark():
    phase = scorecard.card()["phases"][0]
    assert [remark.key for remark in remarks(phase)] == ["steady", "finish-reasons"]
    del phase["steady"], phase["finish_reasons"]
    assert remarks(phase) == []
    assert searches(phase) == []
    assert turns(phase) == []
    assert track_plots(phase) == []
    assert steady_window(phase) is None


@pytest.mark.parametrize(
    ("phase", "by", "english", "chinese"),
    [
        (scenarios.soak(), "load", "the load: no more requests were in flight", "负载：同时在途"),
        (scenarios.soak(), "machine", "the machine: everything was sent at once", "机器：全部请求"),
        (scenarios.open_loops()[0], "load", "the load: the server kept up", "负载：服务器跟得上"),
        (
            scenarios.open_loops()[0],
            "machine",
            "the machine: requests came faster",
            "机器：请求到达",
        ),
        (scenarios.search(), "load", "the load: even the highest rate", "负载：搜索范围内"),
        (scenarios.search(), "machine", "the machine: its best within", "机器：已搜索"),
    ],
)
def test_a_phase_says_what_held_its_numbers_down(phase, by, english, chinese):
    [(text, zh)] = only(phase | {"limited_by": by}, "limit")
    assert text.startswith(english)
    assert zh.startswith(chinese)


def test_which_stop_rule_ended_a_phase():
    phase = scenarios.soak()
    assert only(phase, "ended")[0][0] == "enough was seen; 1,294 of 5,000 requests sent, 20.0 s"
    assert only(phase, "stop-rule")[0][0] == ("until 20 s have passed; at most 5,000 requests")
    phase["repeats"] = 2
    phase["ended"].append(phase["ended"][0] | {"repeat": 1, "by": "saturated"})
    lines = only(phase, "ended")
    assert lines[0][0].startswith("repeat 1: enough was seen")
    assert lines[1][0].startswith("repeat 2: over-saturated")
    assert lines[1][1].startswith("重复 2：过饱和")


def test_the_steady_state_is_stated_found_or_not():
    assert only(scenarios.soak(), "steady")[0][0] == (
        "from 0.00 s to 19.98 s, 100\u202f% of the window, 1,294 requests "
        "(from the first moment with 4 in flight to the last send)"
    )
    assert steady_window(scenarios.soak()) == (0.0, 19.977256)
    chat = scenarios.conversations()
    chat["steady"][0] |= {"found": False, "why": "too few answers"}
    assert only(chat, "steady")[0] == ("none found: too few answers", "未找到：too few answers")
    assert steady_window(chat) is None


def test_a_soak_states_its_drift():
    phase = scenarios.soak()
    phase["metrics"]["drift_tpot"] = scorecard.measured(-0.004, "1", 1228)
    phase["metrics"]["drift_output_throughput"] = {"not_measured": "too few"}
    assert [line[0] for line in only(phase, "drift")] == [
        "TTFT: 12.11\u202f% (11.10\u202f–\u202f13.11, 95 % Student about the slope, AR(1))",
        "TPOT: -0.4000\u202f%",
        "output throughput: too few",
    ]
    assert only(phase, "drift")[2][1] == "输出吞吐：too few"


def test_lengths_say_what_was_asked_and_what_was_had():
    phase = scenarios.point("g", input_tokens=512, output_tokens=64)
    assert only(phase, "lengths")[0][0] == (
        "prompt 512 asked for, 512 sent; answer 64 asked for, 64 had"
    )
    phase["lengths"] |= {"input_got": None, "output_got": [12, 64]}
    assert only(phase, "lengths")[0][0] == (
        "prompt 512 asked for, not counted sent; answer 64 asked for, 12–64 had"
    )


def test_a_search_shows_its_answer_its_bracket_and_every_probe():
    result = searches(scenarios.search())
    assert len(result) == 1
    search = result[0]
    assert search.answer.number == "58.68"
    assert search.bracket[0] == "met at 58.68, missed at 64 requests/s"
    assert search.columns == ["TTFT p95", "TPOT p95", "E2E p95"]
    assert [(row.rate, row.met) for row in search.rows] == [
        *(("8", True), ("16", True), ("32", True), ("64", False)),
        *(("45.25", True), ("53.81", True), ("58.68", True)),
    ]
    cut = search.rows[3]
    assert cut.sent == "214/300"
    assert cut.cells[0].method == "of the answers until it was stopped; no interval"
    assert cut.ended[0] == (
        "stopped: the objectives could not be met any more; 19 in flight cancelled"
    )
    assert cut.why.startswith("16 of 300 requests took longer than the TTFT objective")


def test_a_latency_without_objective_is_not_drawn():
    search = searches(scenarios.search())[0]
    assert [words[0] for words, _ in search.plots] == ["TTFT p95, ms", "TPOT p95, ms"]
    drawn = str(search.plots[0][1])
    assert drawn.count('class="dot met"') == 6
    assert drawn.count('class="missed"') == 1
    assert 'class="stretch"' in drawn
    assert "objective 2,000 ms" in drawn


def test_a_search_without_answer_gives_the_reason():
    result = searches(scenarios.search(answered=False, repeats=2))
    assert [search.title[0] for search in result] == ["repeat 1: ", "repeat 2: "]
    assert not result[0].answer.measured
    assert result[0].bracket == ("", "")
    assert "lowest rate" in result[0].ended[0]
    assert result[0].plots == []


def test_a_bracket_may_have_no_upper_end():
    (search,) = scorecard.phase_document(scenarios.search()).searches
    search = replace(search, rate=replace(search.rate, high=None))
    assert searching.bracket_text(search)[0] == "met at 58.68 requests/s; no higher rate was missed"


def test_turns_show_how_history_and_ttft_grow():
    phase = scenarios.conversations()
    rows = turns(phase)
    assert [row.number for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row.prompt.number for row in rows[:2]] == ["40", "93.33"]
    assert rows[0].tpot.measured
    assert [words[0] for words, _ in turn_plots(phase)] == [
        "Median TTFT by turn, ms",
        "Conversation sent by turn, mean tokens",
    ]
    assert turn_plots(scenarios.conversations(turns=1)) == []


@pytest.mark.parametrize("found", [True, False])
def test_a_soak_is_drawn_over_time_with_its_steady_stretch(found):
    phase = scenarios.soak()
    phase["steady"][0]["found"] = found
    phase["track"]["tpot_ms"][31] = None
    drawn = [str(picture) for _, picture in track_plots(phase)]
    assert len(drawn) == 2
    assert drawn[0].count("<circle") == 60
    assert drawn[1].count("<circle") == 59, "a bucket without answers leaves a gap"
    assert all(('class="stretch"' in picture) == found for picture in drawn)
