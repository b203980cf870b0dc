"""What a layout is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from suite.measure.telemetry.layouts.labels import Labels
    from suite.measure.telemetry.reading import Reading


class Layout(Protocol):
    """A form of output that can be read."""

    @property
    def labels(self) -> Labels:
        """The labels that it looks for."""

    def read(self, text: str) -> list[Reading]:
        """Readings in the order of the output; nothing where the output is of another form. Never raises."""
