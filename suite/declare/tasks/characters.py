"""Character classes that results depend on, written out: the interpreter's Unicode tables grow with its version.

`str.strip`, `str.split` and `str.splitlines` go by white space and line ends, which have not changed since Unicode 6.3;
the tests hold both against the interpreter that runs. Everything else that a rule asks of a character is asked of these.
"""

from __future__ import annotations

import re
from typing import Final

SPACES: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""White space."""
CAPITALS: Final = "A-ZÀ-ÖØ-Þ"
"""Capital letters of Latin-1, for a character class of a regular expression."""
LETTERS: Final = f"{CAPITALS}a-zß-öø-ÿªµº"
"""Letters of Latin-1, likewise."""

UNPRINTABLE: Final = re.compile(
    f"[{re.escape(SPACES.replace(' ', ''))}"
    "\x00-\x1f\x7f-\x9f\xad"  # controls and the soft hyphen
    "\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"  # format characters of Unicode 15
    "\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"  # surrogates and private use
)
"""A character that shows nothing, or nothing that two readers would see alike; a space is none."""
