"""The quick look for padding finds what the count of words finds."""

from hypothesis import given
from hypothesis import strategies as st

from suite.judge.rules.wholeness import PADDING, is_padded, padding

PIECES = st.sampled_from(["a", "the", "the", "!!", ".", ",", "_", "\n", "\u00a0", " ", "Ünï"])


@given(st.lists(PIECES), st.sampled_from(["", " "]))
def test_is_padded(pieces, between):
    text = between.join(pieces)
    assert is_padded(text) == (padding(text) >= PADDING)


def test_each_kind_is_seen():
    assert is_padded("so so so so it is")
    assert is_padded("it is . . . . . .")
    assert not is_padded('He said: "so." Then it was so.')
