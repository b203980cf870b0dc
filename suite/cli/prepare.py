"""``suite prepare``: get what takes minutes ahead of time, so that a run starts at once or without a network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import UsageError
from suite.cli.machine import VARIABLES, settings
from suite.cli.terminal import Terminal
from suite.declare.vendor.load import load_vendor
from suite.measure.engine import docker_available
from suite.measure.prepare import prepare
from suite.measure.signals import Stop

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from suite.declare.vendor.load import Vendor
    from suite.documents.vendor_engine import DeclaredEngine
    from suite.measure.prepare import Prepared, PreparedRuntime


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command of this module."""
    variables = "; ".join(f"{name}: {what}" for name, what in VARIABLES.items())
    preparing = commands.add_parser(
        "prepare",
        help="build or fetch an engine's image or Python environment ahead of time",
        description=(
            "Build, pull or install what an engine runs from, or find it there. Starts no engine and asks for "
            f"no device. Variables that are read: {variables}."
        ),
        epilog="example: suite prepare --vendor cpu --runtime process --all",
    )
    preparing.add_argument(
        "--vendor",
        default="cpu",
        help="directory under vendors/, or a path with a slash (default: %(default)s)",
    )
    which = preparing.add_mutually_exclusive_group()
    which.add_argument("--engine", help="engine of that vendor (default: its first)")
    which.add_argument("--all", action="store_true", help="every engine of that vendor")
    preparing.add_argument("--accelerator", help="accelerator of that vendor (default: its first)")
    preparing.add_argument("--image", help="image reference, or the id of a declared image")
    preparing.add_argument(
        "--runtime",
        choices=("container", "process"),
        help="default: container where Docker answers",
    )
    preparing.add_argument("--quiet", action="store_true", help="no progress")
    preparing.add_argument("--json", action="store_true", help="print what is ready as JSON")
    preparing.set_defaults(handler=_prepare)


def _prepare(arguments: argparse.Namespace) -> int:
    vendor = load_vendor(arguments.vendor)
    engines = vendor.doc.engines if arguments.all else [vendor.engine(arguments.engine)]
    if arguments.all and arguments.image:
        raise UsageError("image-ambiguous", "--image names one image and --all wants several")
    # Unknown names are refused before anything is fetched.
    devices = [vendor.accelerator(engine, arguments.accelerator) for engine in engines]
    runtime = _runtime(arguments.runtime, vendor, engines)
    terminal = Terminal(quiet=arguments.quiet)
    ready: list[Prepared] = []
    with Stop().installed():
        for engine, device in zip(engines, devices, strict=True):
            terminal.line(f"{engine.title}: making its {_NAMES[runtime]} ready")
            ready.append(
                prepare(
                    vendor.id,
                    engine,
                    device,
                    runtime,
                    image=arguments.image,
                    on_progress=terminal.live,
                    settings=settings(),
                )
            )
            terminal.line(f"{engine.title}: ready")
    _show(ready, as_json=arguments.json)
    return 0


_NAMES = {"container": "image", "process": "Python environment"}


def _runtime(
    asked: PreparedRuntime | None, vendor: Vendor, engines: Sequence[DeclaredEngine]
) -> PreparedRuntime:
    """As ``suite run`` chooses: a process only where no Docker engine answers and all can be one."""
    if asked is not None:
        return asked
    as_process = all(vendor.can_run_as_process(engine.id) for engine in engines)
    return "process" if as_process and not docker_available().ok else "container"


def _show(ready: list[Prepared], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"engine": one.engine, "runtime": one.runtime, "what": one.what, "digest": one.digest}
            for one in ready
        ]
        sys.stdout.buffer.write(jsonio.pretty({"ready": rows}))
        return
    for one in ready:
        print(f"{one.engine:<14} {one.runtime:<10} {one.what}")
        if one.digest is not None:
            print(f"{'':<14} {'':<10} {one.digest}")
