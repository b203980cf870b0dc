"""Options that several commands share, each group of them with the record that it becomes.

Nothing is imported here that takes time: the help of `run` shows all of these.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from suite.cli.command import Count, Names, completions
from suite.cli.completing import engine_names, named_profiles, vendor_names
from suite.cli.nodeoptions import PLACE_OPTIONS, TOPOLOGY_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.shell_completion import CompletionItem

    from suite.cli.command import Body
    from suite.documents.workload import Division

RUNTIMES = ("container", "process", "endpoint", "sim")
EMULATORS = ("llamacpp", "vllm")
DIVISIONS = ("closed", "optimised", "open")
MAX_WORKERS = 256
FILE = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is to be run, in the words of the command line; None and () stand for what was not given."""

    vendor: str = "cpu"
    engine: str | None = None
    accelerator: str | None = None
    devices: int | None = None
    model: str | None = None
    data: Path | None = None
    profile: str = "smoke"
    runtime: str | None = None
    url: str | None = None
    model_id: str | None = None
    nonce: str | None = None
    challenge: Path | None = None
    commitment: Path | None = None
    references: Path | None = None
    telemetry_url: str | None = None
    model_type: str | None = None
    converted: Path | None = None
    engine_arg: tuple[str, ...] = ()
    division: str | None = None
    require_division: Division | None = None
    image: str | None = None
    engine_python: Path | None = None
    served_model_name: str | None = None
    access: str | None = None
    visible: str | None = None
    dtype: str | None = None
    tensor_parallel: int | None = None
    nodes: int | None = None
    layout: str | None = None
    pipeline_parallel: int | None = None
    data_parallel: int | None = None
    expert_parallel: bool = False
    role: tuple[str, ...] = ()
    link: str | None = None
    max_model_len: int | None = None
    env: tuple[str, ...] = ()
    cpu_peak: str | None = None
    measured_peak: bool = True
    peak: tuple[str, ...] = ()
    sim_script: str | None = None
    cheat: tuple[str, ...] = ()
    emulate: bool = False
    emulate_with: str | None = None
    bundle: Path | None = None
    image_archive: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How requests are sent, and to which nodes; nothing of it enters the plan."""

    header: tuple[str, ...] = ()
    api_key_env: str | None = None
    workers: int = 1
    kernel_send_stamps: bool = False
    node: tuple[str, ...] = ()
    node_token: Path | None = None
    client: tuple[str, ...] = ()
    client_token: Path | None = None


vendor_option = click.option(
    "--vendor",
    default="cpu",
    show_default=True,
    metavar="NAME",
    shell_complete=vendor_names,
    help="directory under vendors/, or a path with a slash",
)
engine_option = click.option(
    "--engine",
    metavar="NAME",
    shell_complete=engine_names,
    help="engine of that vendor (default: its first)",
)
accelerator_option = click.option(
    "--accelerator", metavar="NAME", help="accelerator of that vendor (default: its first)"
)
image_option = click.option(
    "--image", metavar="NAME", help="image reference, or the id of a declared image"
)
quiet_option = click.option("--quiet", is_flag=True, help="no progress")


def json_option(what: str) -> Callable[[Body], Body]:
    """``--json``, with what is then printed."""
    return click.option("--json", "as_json", is_flag=True, help=f"print {what} as JSON")


_CHOICES = (
    vendor_option,
    engine_option,
    accelerator_option,
    click.option("--devices", type=Count(9999), help="how many accelerators"),
    click.option(
        "--model", help="directory, Hugging Face id, modelscope:OWNER/NAME, or mini (default)"
    ),
    click.option("--data", type=FILE, help="XSum file or folder (default: the profile's own set)"),
    click.option(
        "--profile",
        default="smoke",
        show_default=True,
        metavar="NAME",
        shell_complete=named_profiles,
        help="profile name or file",
    ),
    click.option("--runtime", type=Names(RUNTIMES), help="default: container where Docker answers"),
    click.option("--url", help="measure a server that runs already (implies --runtime endpoint)"),
    click.option(
        "--model-id",
        metavar="OWNER/NAME@COMMIT",
        help="what the directory given by --model is a copy of; its digests let anybody check that",
    ),
    click.option(
        "--model-type", help="model type for conversion, where config.json is not at hand"
    ),
    click.option(
        "--converted",
        type=FILE,
        metavar="DIR",
        help="directory for converted weights, made once and used again (default: runs/converted)",
    ),
    click.option(
        "--engine-arg",
        multiple=True,
        metavar="NAME[=VALUE]",
        help="an engine argument within the vendor's rules, a flag without value; may be repeated",
    ),
    click.option("--division", type=Names(DIVISIONS), help="default: the profile's"),
    click.option(
        "--require-division",
        type=Names(DIVISIONS),
        help="fail when a lesser one is granted; before the run where that is known",
    ),
    image_option,
    click.option(
        "--engine-python",
        type=FILE,
        metavar="PATH",
        help="python of an environment that holds the engine already; no container then",
    ),
    click.option("--served-model-name", help="the model's name at a server given by --url"),
    click.option("--access", help="way of device access, by its id in the declaration"),
    click.option(
        "--visible",
        metavar="I,J",
        help="device indices, or all (default: the first --devices ones)",
    ),
    click.option("--dtype", help="requested precision (default: the engine's)"),
    click.option("--tensor-parallel", type=Count(9999), help="ranks (default: one per device)"),
    *TOPOLOGY_OPTIONS,
    click.option(
        "--max-model-len", type=Count(9_999_999), help="prompt and answer together; not in closed"
    ),
    click.option(
        "--env",
        multiple=True,
        metavar="NAME=VALUE",
        help="variable for the engine; not in closed",
    ),
    click.option(
        "--cpu-peak",
        metavar="ISA:CORES:MHZ",
        help="what a CPU's peak follows from, e.g. avx512f:2:2600 (the clock that all cores sustain)",
    ),
    click.option(
        "--measured-peak/--no-measured-peak",
        default=True,
        help="measure the peak in the engine's environment before it starts (a few seconds)",
    ),
    click.option(
        "--peak",
        multiple=True,
        metavar="PRECISION=TFLOPS@SOURCE",
        help="a dense peak per device that the vendor withholds, e.g. fp16=98@data-sheet-rev2",
    ),
    click.option(
        "--sim-script",
        metavar="SCRIPT",
        help="for --runtime sim: JSON or @file, see suite sim --list-faults",
    ),
    click.option(
        "--cheat",
        multiple=True,
        metavar="NAME",
        help="with --vendor sim or --runtime sim: a vendor that cheats so, see suite sim --list-cheats; honest: one that does not",
    ),
    click.option(
        "--emulate",
        is_flag=True,
        help="the vendor's commands and arguments without its devices; the card says so and cannot be submitted",
    ),
    click.option(
        "--emulate-with",
        type=Names(EMULATORS),
        help="--emulate, and which of the CPU's engines serves underneath",
    ),
    click.option(
        "--bundle",
        type=FILE,
        metavar="FILE|DIR",
        help="image, model and data from a bundle for closed networks (suite vendors bundle)",
    ),
    click.option(
        "--image-archive",
        type=FILE,
        metavar="FILE",
        help="image from a file of docker save; of several in it --image names one",
    ),
    click.option("--nonce", help="round identifier issued by the reviewers"),
    click.option(
        "--challenge",
        type=FILE,
        metavar="FILE",
        help="signed challenge of a round: tasks, order and arrivals follow from it",
    ),
    click.option(
        "--commitment",
        type=FILE,
        metavar="FILE",
        help="signed commitment that the challenge answers",
    ),
    click.option(
        "--references",
        type=FILE,
        metavar="DIR",
        help="directory of the reviewers' reference runs, for models of which the suite ships none",
    ),
    click.option(
        "--telemetry-url",
        metavar="URL",
        help="page of a device exporter (DCGM's and others') to read the devices from, before the declared tools",
    ),
)

_SENDING = (
    click.option(
        "--header",
        multiple=True,
        metavar="NAME=VALUE",
        help="header field for every request; may be repeated; its value is never stored",
    ),
    click.option(
        "--api-key-env",
        metavar="NAME",
        help="environment variable with the server's API key, sent as Authorization: Bearer",
    ),
    click.option(
        "--workers",
        type=Count(MAX_WORKERS),
        default=1,
        show_default=True,
        help="processes that send, each on a core of its own",
    ),
    click.option(
        "--kernel-send-stamps",
        is_flag=True,
        help="take send times from the kernel instead of just before the write",
    ),
    *PLACE_OPTIONS,
)


def choices(function: Body) -> Body:
    """Give a command the options of `Choices`, as its argument ``choices``."""
    return bound(function, "choices", Choices, _CHOICES)


def sending(function: Body) -> Body:
    """Give a command the options of `Sending`, as its argument ``sending``."""
    return bound(function, "sending", Sending, _SENDING)


def bound(
    function: Body,
    name: str,
    kind: type[Any],
    options: Iterable[Callable[[Any], Any]],
) -> Body:
    """The function with options that become one argument of it."""
    taken = [member.name for member in fields(kind)]

    @functools.wraps(function)
    def bound(**words: Any) -> int:
        given = {member: words.pop(member) for member in taken}
        return function(**{name: kind(**given)}, **words)

    decorated: Any = bound
    for option in reversed(tuple(options)):
        decorated = option(decorated)
    result: Body = decorated
    return result


def format_option(
    default: str, package: str = "suite.judge.report.formats"
) -> Callable[[Body], Body]:
    """``--format``: one of the formats of a package, which are looked up when it is given."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        import importlib

        from suite.judge.report.formats.registry import names

        return completions(names(importlib.import_module(package)), incomplete)

    return click.option(
        "--format",
        "name",
        metavar="NAME",
        default=default,
        show_default=True,
        shell_complete=complete,
        help="report format; completion and a wrong name list them",
    )
