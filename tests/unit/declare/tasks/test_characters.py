"""Results do not depend on the interpreter's Unicode tables: what is asked of a character is fixed, or unchanging."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from suite.declare.tasks.characters import CAPITALS, LETTERS, SPACES, UNPRINTABLE
from suite.declare.tasks.defects import is_boilerplate_only
from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.records import id_fault

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]


def test_white_space_of_this_interpreter_is_that_written_out():
    assert {char for char in EVERY if char.isspace()} == set(SPACES)
    assert {char for char in EVERY if re.match(r"\s", char)} == set(SPACES)


def test_letters_are_those_of_latin_1():
    latin = EVERY[:256]
    assert [c for c in latin if c.isupper()] == re.findall(f"[{CAPITALS}]", "".join(latin))
    assert [c for c in latin if c.isalpha()] == re.findall(f"[{LETTERS}]", "".join(latin))


def test_what_does_not_print_is_what_python_calls_so_among_the_characters_of_unicode_3():
    old = [char for char in EVERY if unicodedata.ucd_3_2_0.category(char) != "Cn"]
    assert [c for c in old if UNPRINTABLE.search(c)] == [c for c in old if not c.isprintable()]


@pytest.mark.parametrize("char", ["\u1c89", "\U0001e5d0", "\u0378", "😀"])
def test_an_id_is_judged_alike_whether_or_not_its_characters_are_known_yet(char):
    # Assigned in Unicode 16, assigned in Unicode 16, unassigned, long known.
    assert id_fault(f"a{char}") is None


def test_letters_and_digits_of_other_scripts_decide_nothing():
    line = "١٢ May ٢٠٢٠ last updated at noon"
    assert not is_boilerplate_only(line)
    assert is_boilerplate_only("12 May 2020 last updated at noon")
    assert first_sentence("It was И. The end.") == "It was И."
    assert first_sentence("It was É. The end.") == "It was É. The end."
