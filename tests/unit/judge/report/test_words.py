"""Both languages say everything, and nothing is left over."""

import re
from pathlib import Path

import pytest

from suite.documents.card import SCORECARD_SCHEMA
from suite.documents.standing import LEVELS
from suite.judge.report import html, words

SOURCES = [
    path for path in Path(html.__file__).parent.glob("*.py") if not path.stem.endswith("words")
]


@pytest.mark.parametrize("key", words.WORDS)
def test_a_phrase_says_the_same_in_both(key):
    english, chinese = words.WORDS[key]
    assert english.strip()
    assert chinese.strip()
    assert not re.search(r"[\u3000-\u9fff]", english), "English without Chinese characters"
    assert english.count("{") == chinese.count("{")


def test_no_phrase_is_left_over():
    sources = [path.read_text() for path in SOURCES]
    sources += [path.read_text() for path in html.TEMPLATES.glob("*.j2")]
    together = "\n".join(sources)
    # Outcomes, runtimes, divisions and the like are looked up by what the card says.
    from_cards = {
        *("pass", "warn", "fail", "error", "skipped", "not-applicable"),
        *("closed", "optimised", "open", "container", "process", "endpoint", "sim"),
        *("plausible", "below-floor", "above-ceiling", "not-judged", "lower", "higher"),
        *LEVELS,
    }
    prefixes = (
        *("audit-", "witness-", "reproduction-", "meaning-", "tokens-", "flag-", "scenario-"),
        *(
            "standing-",
            "energy-",
            "end-",
            "search-",
            "axis-",
            "plot-",
            "turn-",
            "track-",
            "limit-",
            "device-",
            "defect-",
        ),
    )
    unused = [
        key
        for key in words.WORDS
        if f'"{key}"' not in together and key not in from_cards and not key.startswith(prefixes)
    ]
    assert unused == []


def test_every_label_is_explained():
    flags = [key for key in words.WORDS if key.startswith("flag-") and not key.endswith("-text")]
    assert flags
    assert all(f"{key}-text" in words.WORDS for key in flags)


def test_the_schema_version_is_the_one_that_the_page_was_made_for():
    assert SCORECARD_SCHEMA == 1
