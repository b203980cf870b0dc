"""A seeded task file of XSum's size and vocabulary, and the profile that the benchmark runs over it.

No text of XSum is needed: words are made up and drawn by Zipf's law, so that as many different words occur
in the references and first sentences as in XSum's test split (20,000 and 23,000), which is what stemming costs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import yaml

from suite.declare.profiles.load import PROFILE_DIRECTORY

if TYPE_CHECKING:
    from pathlib import Path

TASKS = 11_334
SEED = 1
_VOCABULARY = 27_000
_ONSETS = [
    "b",
    "br",
    "c",
    "cl",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "oo"]
_ENDINGS = [
    "",
    "",
    "",
    *["s", "ed", "ing", "er", "ly", "ation", "ness", "able", "ies", "ment", "ful", "ise", "al"],
]


def _vocabulary(rng: np.random.Generator) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        syllables = int(rng.integers(1, 4))
        parts = [
            _ONSETS[rng.integers(len(_ONSETS))] + _VOWELS[rng.integers(len(_VOWELS))]
            for _ in range(syllables)
        ]
        words["".join(parts) + "nt"[rng.integers(2)] + _ENDINGS[rng.integers(len(_ENDINGS))]] = None
    # Frequent words are short, as in any language.
    return sorted(words, key=lambda word: (len(word) + 4 * rng.random(), word))


def _sentences(words: list[str], lengths: np.ndarray, picks: np.ndarray) -> list[str]:
    sentences, start = [], 0
    for length in lengths.tolist():
        text = " ".join(words[pick] for pick in picks[start : start + length].tolist())
        sentences.append(f"{text[:1].upper()}{text[1:]}.")
        start += length
    return sentences


def write_tasks(path: Path, tasks: int = TASKS, seed: int = SEED) -> None:
    """Write a JSON Lines file of records with document, summary and id; the same bytes for the same seed."""
    rng = np.random.default_rng(seed)
    words = _vocabulary(rng)
    weights = 1 / (np.arange(_VOCABULARY) + 2.7)
    edges = np.cumsum(weights) / weights.sum()
    lines = []
    for number in range(tasks):
        lengths = rng.integers(8, 34, size=1 + max(3, int(rng.normal(18, 6))))
        picks = np.searchsorted(edges, rng.random(int(lengths.sum())))
        summary, *document = _sentences(words, lengths, picks)
        record = {
            "document": "\n".join(document),
            "summary": summary,
            "id": str(10_000_000 + number),
        }
        lines.append(json.dumps(record))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def write_profile(path: Path, tasks: int = TASKS) -> None:
    """The profile ``xsum-full``, its server phase shorter and faster: only what is left behind matters here."""
    profile = yaml.safe_load((PROFILE_DIRECTORY / "xsum-full.yaml").read_text("utf-8"))
    profile["name"] = "verify-bench"
    profile["division"] = "open"
    profile["taskset"]["size"] = tasks
    for phase in profile["phases"]:
        if phase["scenario"] == "slo_search":
            # A search ends where the machine does: a fixed rate makes the same number of requests everywhere.
            del phase["search"]
            phase.update(scenario="server", tasks=min(500, tasks), lateness_bound_ms=1000)
            phase["arrivals"] = {"process": "poisson", "rate": 200, "seed": 1, "shape": None}
        elif phase["tasks"] is not None:
            phase["tasks"] = min(phase["tasks"], tasks)
    path.write_text(json.dumps(profile, indent=1), "utf-8")
