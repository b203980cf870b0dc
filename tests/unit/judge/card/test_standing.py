"""How far each fact of a card can be trusted, and that a card says it where it leads."""

import json
from typing import get_args

import pytest

from suite.documents.card import Scorecard
from suite.documents.standing import Standing
from suite.judge.card.standing import of_types
from suite.judge.report import text
from suite.judge.report.formats import markdown
from suite.judge.report.formats.format import Subject
from suite.judge.report.words import WORDS
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import shipped


def card(*steps):
    parts = shipped.kept()
    for change in steps:
        change(parts)
    return score(factory.evidence(parts))


def resolved(parts):
    parts["environment"]["facts"]["engine.resolved_config"] = {"value": "dtype=torch.float32"}


def endpoint(parts):
    parts["plan"] |= {"runtime": "endpoint"}
    parts["plan"]["engine"] |= {"url": "http://10.0.0.1:8000"}
    del parts["container"]


def test_every_fact_has_one():
    types = of_types()
    own = {f"/{name}" for name in Scorecard.__struct_fields__}
    said = {f"/{pointer.split('/')[1]}" for pointer in types}
    # What the devices signed says of each of its facts how far it goes; of load clients it is said where there are any.
    assert own - said == {
        "/scorecard_schema",
        "/metric_schema",
        "/standing",
        "/chinese",
        "/attestation",
        "/clients",
    }
    assert set(types.values()) <= set(get_args(Standing))
    assert set(card().standing) == set(types)


@pytest.mark.parametrize("word", get_args(Standing))
def test_every_word_is_in_both_languages(word):
    english, chinese = WORDS[f"standing-{word}"]
    assert english == word
    assert not chinese.isascii()


def test_what_the_run_saw_is_observed():
    plain, told = card().standing, card(resolved).standing
    assert (plain["/devices/name"], plain["/engine/image_digest"]) == ("observed", "observed")
    assert (plain["/engine/dtype"], told["/engine/dtype"]) == ("asserted", "observed")
    assert plain["/peaks/compute"] == plain["/vendor/name"] == "asserted"
    assert plain["/model/parameters"] == plain["/verdict/conformant"] == "recomputed"


def test_of_somebody_elses_server_nothing_is_observed_but_its_answers():
    standing = card(endpoint).standing
    engine = {name: word for name, word in standing.items() if name.startswith("/engine/")}
    assert {name for name, word in engine.items() if word != "asserted"} == {
        "/engine/served",
        "/engine/version",
    }
    assert standing["/devices/name"] == standing["/model/parameters"] == "asserted"


def test_what_was_not_kept_is_asserted():
    standing = card(lambda parts: parts.pop("basis"), lambda parts: parts.pop("container")).standing
    assert standing["/model/parameters"] == standing["/engine/image_digest"] == "asserted"


def test_utilisation_rests_on_a_declared_figure():
    definitions = card().metrics
    assert {definitions[name].standing for name in ("mfu", "mbu")} == {"asserted"}
    assert definitions["mfu_measured_peak"].standing == "observed"
    assert definitions["ttft_p50"].standing == "recomputed"


def test_nothing_asserted_leads_without_the_word(tmp_path):
    stated = card(endpoint)
    lines = text.render(stated).splitlines()
    subject = next(line for line in lines if "Host CPU" in line)
    assert subject.count("[asserted]") >= 3
    shown = markdown.render(Subject(stated, None, None)).decode()
    assert shown.count("asserted") >= 3
    assert json.loads(json.dumps(stated.standing))["/devices/name"] == "asserted"
