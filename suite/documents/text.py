"""A sentence or title in both languages of the report."""

from typing import Annotated

from suite.documents.document import Document, about
from suite.documents.scalars import Line


class Text(Document):
    """One sentence in both languages."""

    en: Annotated[Line, about("English.")]
    zh: Annotated[Line, about("Chinese.")]
