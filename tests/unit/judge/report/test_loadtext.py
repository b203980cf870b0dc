"""Loads, stop rules and ends in words."""

import pytest

from suite.documents.card_phase import Load
from suite.documents.codec import convert
from suite.documents.phase import Interval, Stop
from suite.judge.report import loadtext
from tests.factories import scenarios, scorecard

CLOSED = {"concurrency": 8, "process": None, "rate": None, "seed": None}
OPEN = {"concurrency": None, "process": "poisson", "rate": 4.0, "seed": 1}
LENGTHS = {"input_tokens": [512, 512], "output_tokens": [64, 128], "seed": 1, "sha256": "a" * 64}
SEARCH = {
    "min_rate": 1.0,
    "max_rate": 64.0,
    "requests": 100,
    "max_probes": 9,
    "resolution": 0.1,
    "percentile": 99.0,
    "seed": 1,
}
STOP = scenarios.EVERYTHING


@pytest.mark.parametrize(
    ("load", "english", "chinese"),
    [
        (CLOSED, "concurrency 8", "并发 8"),
        (OPEN, "Poisson arrivals, 4 requests/s", "泊松到达，4 请求/秒"),
        (OPEN | {"process": "constant"}, "constant arrivals, 4 requests/s", "匀速到达，4 请求/秒"),
        (
            OPEN | {"process": "gamma", "shape": 0.5},
            "gamma bursts, 4 requests/s, shape 0.5",
            "伽马突发到达，4 请求/秒，形状 0.5",
        ),
        (
            OPEN
            | {
                "process": "replay",
                "rate": 3.75,
                "trace": {"name": "a.csv", "sha256": "b" * 64, "speed": 2.0},
            },
            "replay of a.csv ×2, 3.750 requests/s on average",
            "回放 a.csv ×2，平均 3.750 请求/秒",
        ),
        (
            OPEN
            | {"process": "replay", "trace": {"name": "a.csv", "sha256": "b" * 64, "speed": 1.0}},
            "replay of a.csv, 4 requests/s on average",
            "回放 a.csv，平均 4 请求/秒",
        ),
        (
            CLOSED | {"lockstep": True, "lengths": LENGTHS},
            "batches of 8, 512 in × 64–128 out",
            "每批 8 个请求，输入 512 × 输出 64–128",
        ),
        (
            CLOSED | {"concurrency": None, "search": SEARCH},
            "search from 1 to 64 requests/s, p99, probes of 100 requests",
            "在 1 至 64 请求/秒间搜索，p99，每次探测 100 个请求",
        ),
        (
            CLOSED
            | {
                "concurrency": None,
                "search": SEARCH | {"requests": 2000, "min_requests": 100, "duration_s": 30.0},
            },
            "search from 1 to 64 requests/s, p99, probes of 30 s, 100 to 2,000 requests",
            "在 1 至 64 请求/秒间搜索，p99，每次探测 30 秒，100 至 2,000 个请求",
        ),
        (
            CLOSED | {"concurrency": 2, "session": {"sessions": 4, "turns": 6, "think_ms": 0.0}},
            "4 sessions × 6 turns, 2 at once",
            "4 个会话 × 6 轮，同时 2 个",
        ),
        (
            OPEN | {"stop": STOP | {"min_duration_s": 1800.0}},
            "Poisson arrivals, 4 requests/s, at least 30 min",
            "泊松到达，4 请求/秒，至少 30 分钟",
        ),
        (OPEN | {"process": "other"}, "other arrivals, 4 requests/s", "other，4 请求/秒"),
    ],
)
def test_every_kind_of_load(load, english, chinese):
    assert loadtext.load_text(convert(load, Load)) == (english, chinese)


def test_what_varies_over_a_group_is_left_to_its_table():
    load = convert(CLOSED | {"lengths": LENGTHS}, Load)
    assert loadtext.load_text(load, ["concurrency"])[0] == "512 in × 64–128 out"
    assert loadtext.load_text(load, ["input_tokens"])[0] == "concurrency 8, 64–128 out"
    assert loadtext.load_text(load, ["concurrency", "input_tokens", "output_tokens"]) == ("", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (90.0, "90 s"),
        (60.0, "60 s"),
        (120.0, "2 min"),
        (3600.0, "60 min"),
        (7200.0, "2 h"),
        (61.23, "61.23 s"),
        (0.5, "0.5 s"),
    ],
)
def test_durations(seconds, words):
    assert loadtext.duration(seconds)[0] == words


def test_a_stop_rule_in_a_sentence():
    card = scorecard.document(scorecard.card())
    stop = Stop(
        min_duration_s=60.0,
        min_requests=256,
        max_duration_s=600.0,
        interval=Interval(metric="ttft_mean", within=0.05),
        saturation=True,
    )
    english, chinese = loadtext.stop_text(card, stop, 2000)
    assert english == (
        "until 60 s have passed and 256 requests have ended and the 95 % interval of “Time to first token (TTFT), "
        "mean” is within 5 % of it; at most 2,000 requests, at most 10 min, not beyond over-saturation"
    )
    assert "“首 token 延迟（TTFT），均值”的 95 % 区间在其值的 5 % 以内" in chinese
    assert loadtext.stop_text(card, convert(STOP, Stop), 7)[0] == "at most 7 requests"


def test_ends_that_are_not_known_stay_as_they_are():
    assert loadtext.end_text("end", "enough")[0] == "enough was seen"
    assert loadtext.end_text("end", "")[0] == "the log does not say why"
    assert loadtext.end_text("end", "something new") == ("something new", "something new")
