"""What stops the benchmark, or a client's numbers: the benchmark's own refusals beside the suite's."""

from __future__ import annotations


class BenchmarkError(Exception):
    """Nothing can be measured as things are; the sentence says why."""


class OptionError(BenchmarkError):
    """An option makes no sense."""


class ClientError(BenchmarkError):
    """A client failed, or left something else than it is known to leave; its load has no numbers."""
