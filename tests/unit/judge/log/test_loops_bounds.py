"""Loops and near loops on both sides of each bound."""

import pytest

from suite.judge.log.loops import ends_in_loop

TOWNS = ("York", "Leeds", "Bath", "Hull", "Ely", "Wells")
NUMBERS = ("one two three four five", "six seven eight nine ten", "a b c d e", "f g h i j")
OPENINGS = (
    "the king of {} was in the garden.",
    "a queen from {} had eaten her bread.",
    "some maid near {} hung out old clothes.",
    "one bird above {} took off its nose.",
)


def sentences(count, of):
    """One sentence about so many towns."""
    return " ".join(of.format(town) for town in TOWNS[:count])


def turns(kinds, count):
    """Sentences of so many kinds that take turns, `count` of each."""
    return " ".join(of.format(town) for town in TOWNS[:count] for of in OPENINGS[:kinds])


def holes(words):
    """Sentences that differ in so many words of one place, and share ten."""
    middles = (" ".join(number.split()[:words]) for number in NUMBERS)
    return " ".join(f"he read out to all of us {middle} from his book." for middle in middles)


@pytest.mark.parametrize(
    ("text", "is_loop"),
    [
        ("ab,cd,ef,gh;" * 3, True),  # TURNS: three of a short period
        ("one,two,three,four,five,six;" * 2, False),  # two are too few
        ("one two three four five six seven nine ten;" * 2, True),  # LONG: two of 43 characters
        ("one two three four five six sevens;" * 2, False),  # two of 35
        ("ab,cd,e;" * 3, True),  # SHORTEST: 24 characters
        ("ab,cd,;" * 3 + "ab", False),  # 23
        (sentences(4, "the council of {} agreed to build it."), True),  # VARIED
        (sentences(3, "the council of {} agreed to build it."), False),
        (sentences(4, "we left {} by train."), True),  # SHARED: four words
        (sentences(4, "we left {} early."), False),  # three, and too few of them for a list
        (sentences(6, "we left {}."), True),  # LISTED: six that share two words
        (sentences(5, "we left {}."), False),
        (holes(4), True),  # _HOLE: they differ in four words
        (holes(5), False),
        (turns(3, 4), True),  # _ROUND: three that take turns
        (turns(4, 4), False),
    ],
)
def test_bounds(text, is_loop):
    assert ends_in_loop(text) == is_loop
