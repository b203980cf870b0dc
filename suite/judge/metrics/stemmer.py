"""Porter's stemmer with the extensions of NLTK, which is what ``rouge-score`` stems with.

The algorithm is M. Porter, "An algorithm for suffix stripping", Program 14.3 (1980), with the changes that NLTK
makes in its default mode; `tests/unit/judge/metrics/test_stemmer.py` holds the two against each other. It stands
here because importing NLTK takes longer than all ROUGE of a run.
"""

from __future__ import annotations

from typing import Final

_IRREGULAR: Final = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}
_FORMS: Final = str.maketrans("aeiouybcdfghjklmnpqrstvwxz0123456789", "vvvvvy" + 30 * "c")

# Of each list the first rule counts whose suffix the word has, and no other.
_STEP_2: Final = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "bli": "ble",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
    "fulli": "ful",
    "logi": "log",
}
_STEP_3: Final = {
    "icate": "ic",
    "ative": "",
    "alize": "al",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
}
_STEP_4: Final = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate",
    "iti", "ous", "ive", "ize",
)  # fmt: skip
_SUFFIXES_2: Final = tuple(_STEP_2)
_SUFFIXES_3: Final = tuple(_STEP_3)


def _form(word: str) -> str:
    """Each letter as ``c`` for a consonant or ``v`` for a vowel; a ``y`` is a vowel after a consonant."""
    form = word.translate(_FORMS)
    if "y" not in form:
        return form
    kinds: list[str] = []
    for kind in form:
        after_consonant = bool(kinds) and kinds[-1] == "c"
        kinds.append(kind if kind != "y" else "v" if after_consonant else "c")
    return "".join(kinds)


def _measure(stem: str) -> int:
    """How often a consonant follows a vowel: Porter's m."""
    return _form(stem).count("vc")


def _ends_cvc(stem: str) -> bool:
    """Porter's condition *o; NLTK adds words of a vowel and a consonant."""
    form = _form(stem)
    return (form.endswith("cvc") and stem[-1] not in "wxy") or form == "vc"


def _plural(word: str) -> str:
    """Step 1a."""
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    """Step 1b."""
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix):
            stem = word[: -len(suffix)]
            return _restored(stem) if "v" in _form(stem) else word
    return word


def _restored(stem: str) -> str:
    """Step 1b's second half: the end that a word had before -ed or -ing."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if len(stem) >= 2 and stem[-1] == stem[-2] and _form(stem)[-1] == "c":
        return stem if stem[-1] in "lsz" else stem[:-1]
    return stem + "e" if _measure(stem) == 1 and _ends_cvc(stem) else stem


def _final_y(word: str) -> str:
    """Step 1c."""
    if word.endswith("y") and len(word) > 2 and _form(word[:-1])[-1] == "c":
        return word[:-1] + "i"
    return word


def _double_suffix(word: str) -> str:
    """Step 2."""
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        word = word[:-2]
    if not word.endswith(_SUFFIXES_2):
        return word
    suffix = next(suffix for suffix in _SUFFIXES_2 if word.endswith(suffix))
    stem = word[: -len(suffix)]
    measured = word[:-3] if suffix == "logi" else stem
    return stem + _STEP_2[suffix] if _measure(measured) > 0 else word


def _single_suffix(word: str) -> str:
    """Steps 3 and 4."""
    if word.endswith(_SUFFIXES_3):
        suffix = next(suffix for suffix in _SUFFIXES_3 if word.endswith(suffix))
        stem = word[: -len(suffix)]
        if _measure(stem) > 0:
            word = stem + _STEP_3[suffix]
    if word.endswith(_STEP_4):
        suffix = next(suffix for suffix in _STEP_4 if word.endswith(suffix))
        stem = word[: -len(suffix)]
        if _measure(stem) > 1 and (suffix != "ion" or stem[-1] in "st"):
            return stem
    return word


def _final_e(word: str) -> str:
    """Step 5."""
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_cvc(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def stem(word: str) -> str:
    """The stem of a word.

    Args:
        word: lower-case letters ``a`` to ``z`` and digits, at least three.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    return _final_e(_single_suffix(_double_suffix(_final_y(_past(_plural(word))))))
