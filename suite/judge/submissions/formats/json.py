"""The check itself."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.documents import codec
from suite.judge.submissions.formats.format import Format

FORMAT = Format(Bilingual("the check as JSON", "JSON 格式的检查结果"), ".json", codec.pretty)
