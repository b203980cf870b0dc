import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base import jsonio
from suite.base.errors import DataError, EvidenceError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value):
    assert jsonio.loads(jsonio.canonical(value)) == value
    assert jsonio.loads(jsonio.pretty(value)) == value


@given(VALUES)
def test_the_canonical_form_is_stable(value):
    once = jsonio.canonical(value)
    assert jsonio.canonical(jsonio.loads(once)) == once


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a":1,"a":2}', "occurs twice"),
        (b'{"a":{"b":1,"b":1}}', "occurs twice"),
        (b"NaN", "NaN is not JSON"),
        (b"[Infinity]", "not JSON"),
        (b"[1e999]", "not finite"),
        (b"[-1e999]", "not finite"),
        (b"9007199254740992", "beyond"),
        (b"1" * 5000, "beyond"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"{} {}", "not JSON"),
        (b"", "not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b"[" * 5000, "nested deeper"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested deeper"),
        (b"[1,]", "not JSON"),
    ],
)
def test_refuses(data, says):
    with pytest.raises(DataError, match=says) as caught:
        jsonio.loads(data, error=DataError)
    assert caught.value.code == "json-refused"


def test_brackets_in_strings_do_not_count_as_nesting():
    text = "[" * 100 + '\\"{'
    assert jsonio.loads(json.dumps([text]).encode()) == [text]


def test_the_place_names_file_and_line():
    with pytest.raises(EvidenceError) as caught:
        jsonio.loads(
            b'{\n"a": 1,\n"b": x}', name="events.jsonl", error=EvidenceError, first_line=10
        )
    assert str(caught.value.place) == "events.jsonl:12"


def test_a_missing_file_is_an_error_with_its_path(tmp_path):
    with pytest.raises(DataError) as caught:
        jsonio.load(tmp_path / "no.json", error=DataError)
    assert caught.value.code == "file-unreadable"
    assert "no.json" in str(caught.value.place)
