"""The tables in words."""

from pathlib import Path

from benchmarks.load.capacity import Capacity
from benchmarks.load.results import Results
from benchmarks.load.spreads import Spread
from benchmarks.load.table import BEGIN, END, markdown, placed
from tests.benchmarks.load.support import flat, measurement


def rows(text, start):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith(f"| {start}")
    ]


def test_side_by_side():
    results = Results(
        closed=[measurement(8, ttft=Spread(0.0123, 0.0456, 1), real_time=True)],
        opened=[measurement(rate=200.0, lateness=Spread(0.01, 0.25, 1))],
        floor=[measurement(8, client="C floor", timed=False, cpu_s_per_1000=0.004)],
        peers=[
            measurement(
                8, client="Other 1.0", ttft=flat(12.3), peak_mb=1400.0, first_request_s=11.0
            ),
            measurement(512, client="Other 1.0", ttft=flat(520.0), tokens_s=9456.0),
            measurement(client="Other 1.0", rate=200.0, requests_s=143.0),
            measurement(8, client="Broken 2.0", failure="it ended with status 1: a | b"),
        ],
        notes=["Missing: not installed"],
        machine={"cores": 2, "load_average": 0.1},
    )
    text = markdown(results)
    mine = rows(text, "this suite")[0]
    assert mine[1] == "0.012 / 0.046"
    assert mine[2] == ""
    assert mine[3] == "0.010 / –"
    assert mine[4] == "0.010 / 0.250"
    assert mine[-1] == "real-time"
    other = rows(text, "Other 1.0")[0]
    assert other[1] == "12.3 / 12.3"
    assert other[2] == "520.0 / 520.0, held 9,456 tokens/s"
    assert other[4] == "not kept, held 143 requests/s"
    assert other[-1] == "ordinary"
    assert rows(text, "C floor")[0][1] == "takes none"
    assert rows(text, "Broken")[0][1] == "failed: it ended with status 1: a / b"
    assert "- Missing: not installed" in text
    assert "2 cores" in text


def test_every_row_has_every_cell():
    results = Results(
        closed=[measurement(8), measurement(32, failure="died")],
        busy=[measurement(8, busy=True)],
        capacity=Capacity(
            "this suite", 64_000.0, "client", (measurement(512), measurement(1024, exact=False))
        ),
    )
    text = markdown(results)
    for table in text.split("\n\n"):
        if table.startswith("|"):
            assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "25,600 exact, 51,200 not exact" in text
    assert "8 streams, busy neighbour" in text


def test_bars_say_met_or_not():
    text = markdown(Results(closed=[measurement(8, first_request_s=0.7)]))
    assert rows(text, "launch")[0][1:4] == ["**not met**", "0.700 s", "≤ 0.5 s"]
    assert rows(text, "TTFT bias, median")[0][1] == "met"
    assert rows(text, "two workers")[0][1] == "not measured"


def test_tables_go_between_the_marks_of_a_page():
    page = f"before\n{BEGIN}old\n{END}\nafter\n"
    assert placed(page, "new\n") == f"before\n{BEGIN}\nnew\n\n{END}\nafter\n"
    assert placed(placed(page, "new\n"), "new\n") == placed(page, "new\n")
    assert placed("no marks\n", "new\n") == "new\n"
    assert placed("", "new\n") == "new\n"


def test_the_page_has_the_marks():
    page = (Path(__file__).resolve().parents[3] / "docs" / "load.md").read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    assert page.index(BEGIN) < page.index(END)
