"""What a format of a comparison is: one module of this package with a `FORMAT` of its own."""

from suite.documents.comparison import ManyComparison
from suite.judge.report.formats.format import DocumentFormat


class Format(DocumentFormat[ManyComparison]):
    """One way to write a comparison."""

    __slots__ = ()
