"""Options that say by which key a statement is signed, and the record that they become."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from suite.base.safe import resolved
from suite.cli.localkey import SHOWN_KEY
from suite.cli.options import FILE, bound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suite.cli.command import Body

KEY_VARIABLE = "SUITE_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """By which key a statement is signed, by which authority stamped, and where it is written.

    Attributes:
        key: ``--key``; None for ``$SUITE_KEY`` or the local one.
        tsa: address of a time-stamping authority; None for no stamp.
        out: file to write; None for the command's own place.
    """

    key: str | None = None
    tsa: str | None = None
    out: Path | None = None

    def beside(self, run: Path, ending: str) -> Path:
        """The file to write: ``--out``, or a run's name with this ending, beside it."""
        path = resolved(run)
        return self.out or path.with_name(path.name + ending)


signing_key_option = click.option(
    "--key",
    metavar="FILE",
    help=f"private key, or a pkcs11: URI; default ${KEY_VARIABLE}, else {SHOWN_KEY}, which alone is made on first use",
)
tsa_option = click.option(
    "--tsa", metavar="URL", help="time-stamping authority (RFC 3161) that is asked for a stamp"
)


def signing(place: str) -> Callable[[Body], Body]:
    """Give a command the options of `Signing`, as its argument ``signing``; the help says the file's place without ``--out``."""
    out = click.option("--out", type=FILE, metavar="FILE", help=place)
    options = (signing_key_option, tsa_option, out)
    return lambda function: bound(function, "signing", Signing, options)
