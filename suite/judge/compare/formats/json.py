"""The comparison itself."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.documents import codec
from suite.judge.compare.formats.format import Format

FORMAT = Format(Bilingual("the comparison as JSON", "JSON 格式的比较"), ".json", codec.pretty)
