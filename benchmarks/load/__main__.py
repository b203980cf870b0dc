"""The command ``python -m benchmarks.load``, which ``make bench-load`` runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.load import report, table
from benchmarks.load.errors import BenchmarkError, OptionError
from benchmarks.load.faults import table as fault_table
from benchmarks.load.peers import PEERS
from benchmarks.load.report import Options
from suite.base import jsonio
from suite.base.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_T = TypeVar("_T")
_QUICK_STREAMS = (4,)
_QUICK_RATES = (50.0,)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        return _bench(options)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, OptionError) else 3
    except SuiteError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_status


def parser() -> argparse.ArgumentParser:
    """The options."""
    bench = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description=(
            "Hold the load generator's times against those of a server that writes down when it really "
            "wrote, at rising concurrency and token rate; and other clients beside it, where they are "
            "installed (make bench-peers). Takes some 13 minutes and wants an otherwise idle machine."
        ),
        epilog="example: make bench-load ARGS='--workers 2 --markdown table.md'",
        allow_abbrev=False,
    )
    bench.add_argument("--json", action="store_true", help="print everything as JSON")
    bench.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="also write the tables to a file, between its marks if it has them (docs/load.md)",
    )
    bench.add_argument(
        "--quick", action="store_true", help="a few seconds, to see that it works; says nothing"
    )
    bench.add_argument(
        "--peers",
        metavar="NAMES",
        help=f"of {', '.join(PEERS)}; all, or none (default: all that are installed; quick: none)",
    )
    bench.add_argument(
        "--concurrency", metavar="N,N", help="streams of the closed loops (default: 8 to 1024)"
    )
    bench.add_argument(
        "--rates", metavar="R,R", help="requests/s of the open loops (default: 200,500)"
    )
    bench.add_argument(
        "--workers", type=int, default=1, metavar="N", help="also test how N workers scale"
    )
    bench.add_argument(
        "--no-search", action="store_true", help="leave out the search for the highest exact rate"
    )
    bench.add_argument(
        "--faults",
        action="store_true",
        help="instead: meet every fault of the scripted server and print what was recorded",
    )
    return bench


def _bench(arguments: argparse.Namespace) -> int:
    if arguments.faults:
        print(fault_table(), end="")
        return 0
    if arguments.markdown is not None and not arguments.markdown.absolute().parent.is_dir():
        raise OptionError(f"there is no directory for {arguments.markdown}")
    results = report.run(_options(arguments), _progress)
    text = table.markdown(results)
    if arguments.markdown is not None:
        page = arguments.markdown.read_text() if arguments.markdown.exists() else ""
        arguments.markdown.write_text(table.placed(page, text))
    if arguments.json:
        sys.stdout.buffer.write(jsonio.pretty(report.document(results)))
    else:
        print(text, end="")
    return 0


def _progress(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def _options(arguments: argparse.Namespace) -> Options:
    quick = arguments.quick
    if not 1 <= arguments.workers <= 64:
        raise OptionError(f"{arguments.workers} is not a number from 1 to 64")
    return Options(
        streams=_numbers(
            arguments.concurrency, int, 4096, _QUICK_STREAMS if quick else report.STREAMS
        ),
        rates=_numbers(arguments.rates, float, 5000.0, _QUICK_RATES if quick else report.RATES),
        peers=_peers(arguments.peers, quick=quick),
        peer_streams=_QUICK_STREAMS if quick else report.PEER_STREAMS,
        workers=arguments.workers,
        search=not (quick or arguments.no_search),
        busy=not quick,
        quick=quick,
    )


def _numbers(
    text: str | None, kind: Callable[[str], _T], most: float, usual: Sequence[_T]
) -> Sequence[_T]:
    """A list of positive numbers.

    Raises:
        OptionError: it is none.
    """
    if text is None:
        return usual
    try:
        numbers = [kind(part) for part in text.split(",") if part.strip()]
    except ValueError:
        numbers = [kind("0")]
    if not all(0 < float(str(number)) <= most for number in numbers):
        hint = f"for example 8,128; none beyond {most:g}"
        raise OptionError(f"{text!r} is no list of positive numbers: {hint}")
    return numbers


def _peers(text: str | None, *, quick: bool) -> Sequence[str] | None:
    """Names of peers; None for all that are installed.

    Raises:
        OptionError: there is no such peer.
    """
    if text is None:
        return [] if quick else None
    if text in ("all", "none"):
        return None if text == "all" else []
    names = text.split(",")
    for name in names:
        if name not in PEERS:
            hint = f"one of: {', '.join(PEERS)}, all, none"
            raise OptionError(f"there is no peer {name!r}: {hint}")
    return names


if __name__ == "__main__":
    sys.exit(main())
