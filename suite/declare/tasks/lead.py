"""The first sentence of a document: the LEAD-1 baseline that a summariser has to beat.

The rule: take the first line that is neither blank nor a player notice or the like (articles have one
paragraph per line; see `suite.declare.tasks.defects`) and end it after
the first ``.``, ``!`` or ``?`` (with the closing quotes and brackets behind it) that is followed by
white space and a character that can open a sentence: a capital letter of Latin-1, a digit, or an opening quote
or bracket. A full stop does not count after a single capital (``J. Smith``), after a run of dotted
letters (``U.S.``) or after an abbreviation of `ABBREVIATIONS`. Without such an end it is the whole line.
"""

from __future__ import annotations

import re
from typing import Final

from suite.declare.tasks.characters import CAPITALS, LETTERS, SPACES
from suite.declare.tasks.defects import is_boilerplate_only

ABBREVIATIONS: Final = frozenset(
    (
        *("mr", "mrs", "ms", "dr", "prof", "rev", "hon", "st", "sir", "jr", "sr", "cllr"),
        *("capt", "col", "gen", "lt", "maj", "sgt", "cpl", "insp", "supt", "det", "pc"),
        *("no", "nos", "vs", "v", "approx", "est", "fig", "vol", "ed", "pp"),
        *("dept", "co", "corp", "inc", "ltd", "plc", "bros"),
        *("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
)
# Possessive and anchored at the first of a run of stops, so that no input takes more than one pass.
_END: Final = re.compile(rf"""(?<![.!?])[.!?]++["'”’»)\]]*+(?=\s++["'“‘«(\[]*+[0-9{CAPITALS}])""")
_LONGEST: Final = 24  # no abbreviation is longer
_CAPITAL: Final = re.compile(f"[{CAPITALS}]")
# A digit or an underscore may stand in it, but not at its end.
_DOTTED: Final = re.compile(rf"(?:[0-9_{LETTERS}]\.)*[_{LETTERS}]")


def first_sentence(document: str) -> str:
    """The first sentence of a document by the module's rule, stripped; "" for an empty document."""
    lines = [line.strip() for line in document.splitlines() if line.strip()]
    if not lines:
        return ""
    line = next((line for line in lines if not is_boilerplate_only(line)), lines[0])
    for end in _END.finditer(line):
        before = line[max(0, end.start() - _LONGEST) : end.start()]
        if end.group()[0] != "." or not _is_abbreviation(before):
            return line[: end.end()]
    return line


def _is_abbreviation(before: str) -> bool:
    if not before or before[-1] in SPACES:
        return False
    word = before.rsplit(maxsplit=1)[-1].lstrip("\"'“‘«([")
    single_capital = _CAPITAL.fullmatch(word) is not None
    dotted = "." in word and _DOTTED.fullmatch(word) is not None
    return single_capital or dotted or word.lower() in ABBREVIATIONS
