"""The terminal table says what the top of the page says."""

from suite.judge.report import text
from tests.factories import scenarios, scorecard


def render(card):
    return text.render(scorecard.document(card))


def test_a_sound_run():
    shown = render(scorecard.card())
    assert shown.splitlines()[0] == "CONFORMANT   division: closed   level: self-reported"
    assert "!" not in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith("  offline")]
    assert rows[0][:2] == ["offline", "Output"]
    assert rows[0][-1] == "256"
    assert "peak not declared for fp32" in shown
    assert "55 pass, 51 n/a" in shown


def test_labels_and_failed_rules_are_impossible_to_miss():
    shown = render(scorecard.poor_card())
    assert shown.startswith(
        "NOT CONFORMANT   division: open (requested: closed)   level: self-reported\n"
    )
    labels = [line for line in shown.splitlines() if line.startswith("! ")]
    assert [label.split(":")[0] for label in labels] == [
        "! BELOW THE PLAUSIBILITY FLOOR",
        "! EMULATED",
        "! RUNTIME",
        "! TASK SET",
    ]
    assert "ROUGE-1 0.0302 < 0.15" in shown
    assert "R022 fail: ROUGE lies where summaries lie" in shown
    assert "R030 warning:" in shown


def test_the_columns_are_aligned():
    lines = render(scorecard.card()).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  phase"))
    column = lines[start].index("interval")
    measured = [line for line in lines[start + 2 : start + 7] if "n/a" not in line]
    assert all(line[column - 1] == " " and line[column] != " " for line in measured)
    assert len({len(line) for line in measured}) == 1


def test_the_time_breakdown_adds_up():
    last = render(scorecard.card()).splitlines()[-1]
    assert last.startswith("time    29.75 s: suite 1.2 s, engine-start 9.2 s")


def test_groups_searches_and_conversations_have_a_table_each():
    shown = render(scenarios.scenario_card()).splitlines()
    heads = [line for line in shown if line and not line.startswith(" ")]
    assert "Concurrency sweep (sweep)   [ms, tokens/s]" in heads
    assert "Context lengths (context): concurrency 1, 24 out   [ms, tokens/s]" in heads
    load = "search from 8 to 512 requests/s, p95, probes of 300 requests"
    assert f"Search for the highest rate (search): {load}" in heads
    assert any(line.startswith("Conversations (chat): 6 sessions × 6 turns") for line in heads)
    assert "soak ended: enough was seen; 1,294 of 5,000 requests sent, 20.0 s" in heads
    assert any(line.startswith("  58.68 requests/s, met at 58.68, missed at 64") for line in shown)
    assert any("63,488 tokens in: not run: the model holds" in line for line in shown)


def test_every_point_has_its_row():
    shown = render(scenarios.grid_card()).splitlines()
    start = shown.index("Grid (grid)   [ms, tokens/s]")
    rows = shown[start + 3 : start + 35]
    assert len({tuple(row.split()[:3]) for row in rows}) == 32
    assert len({len(row) for row in rows}) == 1
    assert shown[start + 35] == ""


def test_a_search_without_answer_says_why():
    shown = render(scenarios.grid_card())
    assert "repeat 2: no answer: even the lowest rate, 256 requests/s, missed" in shown


def test_a_card_without_scenarios_has_none_of_it():
    assert render(scorecard.card()).count("\n\n") == 4
