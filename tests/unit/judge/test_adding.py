"""The diffs of docs/adding.md that add a metric, a rule and a report format are all that it takes."""

from __future__ import annotations

import json

import pytest

from tests.factories.adding import diffs, grow, python

SCORE = """
import json
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.score import score
from tests.factories.evidence import evidence
subject = Subject(score(evidence()))
print(json.dumps({
    "card": json.loads(registry.render("json", subject)),
    "formats": registry.formats(),
    "headline": registry.render("headline", subject).decode(),
}))
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    tree = tmp_path_factory.mktemp("tree")
    others = (
        "tests/factories",
        "tests/cases/checks",
        "tests/cases/bundle_verify",
        "tests/unit/judge/rules",
    )
    grow(tree, "metric", "rule", "format", others=others)
    return tree


@pytest.fixture(scope="module")
def judged(added):
    return json.loads(python(added, "-c", SCORE))


def test_every_kind_has_its_diff():
    kinds = {"metric", "rule", "format", "scenario", "telemetry", "data", "error"}
    assert set(diffs()) == kinds


def test_the_metric_is_on_the_card(judged):
    metrics = next(p["metrics"] for p in judged["card"]["phases"] if p["name"] == "offline")
    assert metrics["generated_tokens_max"]["value"] >= metrics["generated_tokens_mean"]["value"]
    definitions = judged["card"]["metrics"]
    assert definitions["generated_tokens_max"]["title"]["zh"] == "最大生成长度"
    places = [definitions[name]["order"] for name in (
        "generated_length_ratio", "generated_tokens_max", "output_length_exact"
    )]  # fmt: skip
    assert places == list(range(places[0], places[0] + 3))


def test_the_rule_is_on_the_card(judged):
    (check,) = [check for check in judged["card"]["checks"] if check["rule"] == "R028"]
    assert check["outcome"] == "pass"
    assert check["title"] == {"en": "Answers say something", "zh": "回答有内容"}


def test_the_rules_case_is_refused(added):
    (added / "tests/__init__.py").touch()
    rules = "tests/unit/judge/rules/test_rules.py"
    options = (
        "-q",
        "-p",
        "no:cacheprovider",
        "--import-mode=importlib",
        "-k",
        "R028 or has_a_case",
    )
    assert "2 passed" in python(added, "-m", "pytest", rules, *options)


def test_the_report_format_is_offered(judged):
    assert "headline" in judged["formats"]
    assert judged["headline"].startswith("Output throughput: ")


def test_the_documents_say_them(added, judged):
    python(added, "-m", "suite.cli.pages")
    for page, metric, rule in (
        ("", "Generated length, longest", "Answers say something"),
        (".zh", "最大生成长度", "回答有内容"),
    ):
        metrics = (added / f"docs/metrics{page}.md").read_text("utf-8")
        assert f"| `generated_tokens_max` | {metric} | tokens |" in metrics
        assert f"| R028 | {rule} |" in (added / f"docs/rules{page}.md").read_text("utf-8")
