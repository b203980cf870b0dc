"""Metric values inside documents: told apart by their members, embedded, and in the schema."""

import pytest

from suite.base.errors import EvidenceError
from suite.documents import codec, schemas
from suite.documents.card_phase import Turn
from suite.documents.comparison import Change
from suite.documents.value import Measured, NotMeasured, Value, exact, stored


def turn(**values):
    result = {
        "number": 0,
        "completed": 1,
        **{key: {"not_measured": "x"} for key in ("prompt_tokens", "ttft", "tpot")},
    }
    return {**result, **values}


def test_a_value_is_read_as_what_it_is():
    measured = {"value": 1, "unit": "ms", "n": 3, "low": 0.5, "high": None, "interval": "i"}
    document = codec.convert(turn(ttft=measured), Turn)
    assert document.ttft == Measured(1, "ms", 3, 0.5, None, "i")
    assert document.tpot == NotMeasured("x")
    assert isinstance(document.ttft, Value)
    assert codec.plain(document) == turn(ttft=measured)


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        None,
        [],
        {},
        {"value": 1},
        {"not_measured": ""},
        {"not_measured": "x", "value": 1},
        {"not_measured": 5},
    ],
)
def test_a_value_is_whole_or_refused(wrong):
    with pytest.raises(EvidenceError) as caught:
        codec.convert(turn(ttft=wrong), Turn)
    assert caught.value.code == "schema-violation"


def test_a_value_may_be_null_where_the_document_says_so():
    change = {
        "phase": "",
        "metric": "m",
        "title": {"en": "M", "zh": "M"},
        "headline": False,
        "family": "latency",
        "outcome": "better",
        "why": "",
        "a": None,
        "b": {"not_measured": "x"},
        "ratio": None,
    }
    document = codec.convert(change, Change)
    assert document.a is None
    assert document.b == NotMeasured("x")


def test_stored_rounds_to_nine_digits_and_keeps_floats():
    value = Measured(1 / 3, "1", 1, -0.0, 2, "i").stored()
    assert (
        codec.canonical(value)
        == b'{"high":2.0,"interval":"i","low":0.0,"n":1,"unit":"1","value":0.333333333}'
    )
    assert NotMeasured("x").stored() == NotMeasured("x")
    assert codec.plain(exact(5, "1", 5).stored())["value"] == 5.0
    with pytest.raises(EvidenceError):
        stored(float("inf"))


def test_the_schema_has_both_forms():
    definitions = schemas.generate("scorecard")["$defs"]
    assert [part["$ref"] for part in definitions["Value"]["oneOf"]] == [
        "#/$defs/Measured",
        "#/$defs/NotMeasured",
    ]
    assert set(definitions["Measured"]["properties"]) == {
        "value",
        "unit",
        "n",
        "low",
        "high",
        "interval",
    }
    assert definitions["NotMeasured"]["required"] == ["not_measured"]
    assert definitions["Turn"]["properties"]["ttft"]["$ref"] == "#/$defs/Value"
