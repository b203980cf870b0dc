"""Print digests of what must not depend on the Python that runs: one ``name digest`` per line.

Run by `compare.py` with each interpreter, the suite's packages installed and the repository as working directory.
"""

import hashlib
import re
import sys
import unicodedata
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from suite.base.unicode14 import composed, masked
from suite.declare.tasks.defects import is_boilerplate_only
from suite.declare.tasks.lead import first_sentence
from suite.documents import codec
from suite.judge.attest.text import clean_text, text_problem
from suite.judge.metrics.rouge_pairs import PairScorer
from suite.judge.score import score
from tests.factories import evidence, loads

# Every block but ideographs, Hangul syllables and private use, whose characters are all alike.
BLOCKS = ((0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x17000), (0x1B000, 0x20000), (0xE0000, 0xE0200))
CHARACTERS = [chr(code) for low, high in BLOCKS for code in range(low, high)]
QUESTIONS = {
    "category": lambda char: unicodedata.category(masked(char)),
    "printable": lambda char: masked(char).isprintable(),
    "letter-or-digit": lambda char: bool(re.match(r"\w", masked(char))),
    "upper": lambda char: masked(char).isupper(),
    "space": str.isspace,
    "lines": lambda char: len(f"a{char}b".splitlines()),
    "composed": lambda char: composed(f"a{char}\u0301{char}\u0323"),
    "rouge-words": lambda char: re.sub("[^a-z0-9]+", " ", char.lower()),
    "signable": text_problem,
    "cleaned": lambda char: clean_text(f"a{char}\u0301 {char}"),
    "lead": lambda char: first_sentence(f"It is {char}. And {char} U.{char}. More."),
    "boilerplate": lambda char: is_boilerplate_only(f"12 {char} 2020 last updated at{char} 3"),
}


def digest(value: object) -> str:
    # Not repr: what it shows as an escape depends on the interpreter.
    return hashlib.sha256(ascii(value).encode("ascii")).hexdigest()[:16]


def main() -> None:
    for name, question in QUESTIONS.items():
        print(name, digest([question(char) for char in CHARACTERS]))
    for name in ("evidence", "saturated", "multi_turn", "search", "soak"):
        parts = None if name == "evidence" else getattr(loads, name)()
        print("card", name, codec.digest(score(evidence.evidence(parts)))[:16])
    texts = [f"{evidence.answer(index)} Café №{index}, the İstanbul Kelvin K" for index in range(8)]
    pairs = [(one, two) for one in texts for two in texts]
    print("rouge", digest(PairScorer().score(pairs)))


if __name__ == "__main__":
    main()
