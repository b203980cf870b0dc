"""The terminal table says what the top of the page says."""

from suite.judge.report import text
from tests.factories import scorecard


def test_a_sound_run():
    shown = text.render(scorecard.card())
    assert shown.splitlines()[0] == "CONFORMANT   division: closed"
    assert "!" not in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith("  offline")]
    assert rows[0][:2] == ["offline", "Output"]
    assert rows[0][-1] == "256"
    assert "peak not declared for float32" in shown
    assert "11 pass, 1 n/a" in shown


def test_labels_and_failed_rules_are_impossible_to_miss():
    shown = text.render(scorecard.poor_card())
    assert shown.startswith("NOT CONFORMANT   division: open (requested: closed)\n")
    labels = [line for line in shown.splitlines() if line.startswith("! ")]
    assert [label.split(":")[0] for label in labels] == [
        "! BELOW THE PLAUSIBILITY FLOOR",
        "! EMULATED",
        "! RUNTIME",
        "! TASK SET",
    ]
    assert "ROUGE-1 0.1013 < 0.15" in shown
    assert "R022 fail: ROUGE lies where summaries lie" in shown
    assert "R030 warning:" in shown


def test_the_columns_are_aligned():
    lines = text.render(scorecard.card()).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  phase"))
    column = lines[start].index("interval")
    measured = [line for line in lines[start + 2 : start + 7] if "n/a" not in line]
    assert all(line[column - 1] == " " and line[column] != " " for line in measured)
    assert len({len(line) for line in measured}) == 1


def test_the_time_breakdown_adds_up():
    last = text.render(scorecard.card()).splitlines()[-1]
    assert last.startswith("time    129.81 s: suite 1.2 s, engine-start 75.9 s")
