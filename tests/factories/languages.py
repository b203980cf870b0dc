"""What shows in a text which language it is in."""

from __future__ import annotations

import re

HAN = re.compile(r"[\u4e00-\u9fff]")
"""A Chinese character."""
ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z']+,? +){2,}[A-Za-z][a-z]+")
"""Three English words in a row."""
