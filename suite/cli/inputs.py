"""From the words of a command line to a plan: vendor, engine, model, tasks, profile, runtime."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from suite.base import resources
from suite.base.errors import UsageError
from suite.cli.sim import scripted
from suite.declare.model.facts import hash_model, read_model
from suite.declare.plan.make import CPUPeak, ModelInput, Options, PrivatePeak, make_plan
from suite.declare.profiles.bounds import quality_doc
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.reference import reference_for
from suite.declare.tasks.synthetic import shortest_prompts
from suite.declare.tasks.taskset import task_set_for
from suite.declare.tasks.tokenizer import load_tokenizer
from suite.declare.vendor.load import load_vendor
from suite.documents.value import NotMeasured
from suite.measure.engine import docker_available
from suite.measure.fetch import model as modelsource

if TYPE_CHECKING:
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.declare.vendor.load import Vendor
    from suite.documents.plan import Plan, RuntimeKind

CONVERTED = resources.workspace() / "runs" / "converted"
ENDPOINT_TIMEOUT_S = 30.0
RUNTIMES = ("container", "process", "endpoint", "sim")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a run needs.

    Attributes:
        plan: fully resolved.
        tasks: the task set with its texts.
        tokenizer: the model's own, None when it has none that can be read.
    """

    plan: Plan
    tasks: TaskSet
    tokenizer: Tokenizer | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that decide what is run; `run` and `plan` share them."""
    parser.add_argument(
        "--vendor",
        default="cpu",
        help="directory under vendors/, or a path with a slash (default: %(default)s)",
    )
    parser.add_argument("--engine", help="engine of that vendor (default: its first)")
    parser.add_argument("--accelerator", help="accelerator of that vendor (default: its first)")
    parser.add_argument("--devices", type=_positive, default=None, help="how many accelerators")
    parser.add_argument("--model", help="directory, Hugging Face id, or mini (default)")
    parser.add_argument(
        "--data", type=Path, help="XSum file or folder (default: the profile's own set)"
    )
    parser.add_argument(
        "--profile", default="smoke", help="profile name or file (default: %(default)s)"
    )
    parser.add_argument(
        "--runtime", choices=RUNTIMES, help="default: container where Docker answers"
    )
    parser.add_argument(
        "--url", help="measure a server that runs already (implies --runtime endpoint)"
    )
    parser.add_argument(
        "--model-id",
        metavar="OWNER/NAME@COMMIT",
        help="what the directory given by --model is a copy of; its digests let anybody check that",
    )
    _add_engine_options(parser)
    parser.add_argument("--nonce", help="round identifier issued by the reviewers")


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model-type", help="model type for conversion, where config.json is not at hand"
    )
    parser.add_argument(
        "--converted",
        type=Path,
        default=CONVERTED,
        metavar="DIR",
        help="directory for converted weights, made once and used again (default: runs/converted)",
    )
    parser.add_argument(
        "--engine-arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override an engine argument within the vendor's rules; may be repeated",
    )
    parser.add_argument(
        "--division", choices=("closed", "optimised", "open"), help="default: the profile's"
    )
    parser.add_argument("--image", help="image reference, or the id of a declared image")
    parser.add_argument("--served-model-name", help="the model's name at a server given by --url")
    parser.add_argument("--access", help="way of device access, by its id in the declaration")
    parser.add_argument(
        "--visible", metavar="I,J", help="device indices (default: the first --devices ones)"
    )
    parser.add_argument("--dtype", help="requested precision (default: the engine's)")
    parser.add_argument("--tensor-parallel", type=_positive, help="ranks (default: one per device)")
    parser.add_argument(
        "--max-model-len", type=_positive, help="prompt and answer together; not in closed"
    )
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="variable for the engine; not in closed",
    )
    parser.add_argument(
        "--cpu-peak",
        metavar="ISA:CORES:MHZ",
        help="what a CPU's peak follows from, e.g. avx512f:2:2600 (the clock that all cores sustain)",
    )
    parser.add_argument(
        "--peak",
        action="append",
        default=[],
        metavar="PRECISION=TFLOPS@SOURCE",
        help="a dense peak per device that the vendor withholds, e.g. fp16=98@data-sheet-rev2",
    )
    parser.add_argument(
        "--sim-script",
        metavar="SCRIPT",
        help="for --runtime sim: JSON or @file, see suite sim --list-faults",
    )


def gather(arguments: argparse.Namespace) -> Inputs:
    """Resolve the command line into a plan; reads files, starts nothing.

    Raises:
        SuiteError: whatever is wrong with the vendor, the profile, the model, the data or their combination.
    """
    _refuse_empty(arguments)
    vendor = load_vendor(arguments.vendor)
    profile = load_profile(arguments.profile)
    # Unknown names are refused before a model is hashed or data is read.
    vendor.accelerator(vendor.engine(arguments.engine), arguments.accelerator)
    given = overrides(arguments)
    if arguments.sim_script is not None and arguments.runtime != "sim":
        raise UsageError("sim-script-unused", "--sim-script goes with --runtime sim")
    source = modelsource.named(modelsource.find(arguments.model), arguments.model_id)
    facts = read_model(source.directory)
    files, sha256 = hash_model(source.directory)
    loaded = load_tokenizer(source.directory)
    tokenizer = None if isinstance(loaded, NotMeasured) else loaded
    tasks = task_set_for(profile, arguments.data)
    taskset = tasks.to_doc()
    reference = reference_for(files, taskset, profile.doc.decoding)
    runtime, note = choose_runtime(arguments, vendor)
    plan = make_plan(
        vendor=vendor,
        engine_id=arguments.engine,
        accelerator_id=arguments.accelerator,
        devices=arguments.devices,
        model=ModelInput(
            id=source.id,
            revision=source.revision,
            path=str(source.directory),
            sha256=sha256,
            files=files,
            facts=facts,
            tokenizer_sha256=tokenizer.sha256 if tokenizer else None,
            chat_template_sha256=tokenizer.chat_template_sha256 if tokenizer else None,
            shortest_prompts=shortest_prompts(tokenizer)
            if tokenizer and profile.exact_lengths
            else {},
        ),
        profile=profile,
        taskset=taskset,
        quality=quality_doc(profile, reference.scores, reference.source, taskset),
        runtime=runtime,
        url=arguments.url,
        overrides=given,
        options=_options(arguments, note),
    )
    if runtime == "endpoint":
        # It runs already: the time that the vendor's engine may take to start is not waited for.
        plan.engine.readiness["timeout_s"] = ENDPOINT_TIMEOUT_S
    if runtime == "sim":
        plan = scripted(plan, arguments.sim_script)
    return Inputs(plan, tasks, tokenizer)


def _options(arguments: argparse.Namespace, note: str) -> Options:
    return Options(
        access=arguments.access,
        visible=_indices(arguments.visible),
        env=_pairs(arguments.env, "env-wrong"),
        dtype=arguments.dtype,
        max_model_len=arguments.max_model_len,
        tensor_parallel=arguments.tensor_parallel,
        division=arguments.division,
        image=arguments.image,
        model_type=arguments.model_type or "",
        conversion_root=str(arguments.converted.absolute()),
        private_peaks=_private_peaks(arguments.peak),
        cpu_peak=_cpu_peak(arguments.cpu_peak),
        runtime_note=note,
        commit=commit(),
        nonce=arguments.nonce,
        served_model_name=arguments.served_model_name,
    )


def _positive(text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 9999")
    return int(text)


def overrides(arguments: argparse.Namespace) -> dict[str, str]:
    """``--engine-arg name=value`` as a mapping.

    Raises:
        UsageError: ``engine-arg-wrong``.
    """
    given = _pairs(arguments.engine_arg, "engine-arg-wrong")
    return {name.removeprefix("--"): value for name, value in given.items()}


def _refuse_empty(arguments: argparse.Namespace) -> None:
    for name in ("model", "image", "nonce", "engine", "accelerator", "url", "division"):
        if getattr(arguments, name) == "":
            raise UsageError("option-empty", f"--{name} is empty", hint="leave it out, or name one")
    nonce = arguments.nonce
    if nonce is not None and not re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", nonce):
        hint = "letters, digits and . _ : - only, at most 128"
        raise UsageError("nonce-wrong", f"{nonce!r} is no round identifier", hint=hint)


def _pairs(texts: list[str], code: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(code, f"{text!r} is not NAME=VALUE")
        found[name] = value
    return found


def _indices(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4})*", text):
        raise UsageError(
            "devices-wrong", f"{text!r} is not a list of indices", hint="for example 0,1"
        )
    return tuple(int(part) for part in text.split(","))


def _private_peaks(texts: list[str]) -> dict[str, PrivatePeak]:
    found: dict[str, PrivatePeak] = {}
    for text in texts:
        match = re.fullmatch(r"([a-z0-9_]+)=([0-9]+(?:\.[0-9]+)?)@(.+)", text)
        if match is None:
            hint = "for example fp16=98@data-sheet-rev2"
            raise UsageError("peak-wrong", f"{text!r} is not PRECISION=TFLOPS@SOURCE", hint=hint)
        found[match[1]] = PrivatePeak(float(match[2]) * 1e12, match[3])
    return found


def _cpu_peak(text: str | None) -> CPUPeak | None:
    if text is None:
        return None
    match = re.fullmatch(r"([a-z0-9_]+):([0-9]{1,4}):([0-9]+(?:\.[0-9]+)?)", text)
    if match is None:
        hint = "for example avx512f:2:2600"
        raise UsageError("peak-wrong", f"{text!r} is not ISA:CORES:MHZ", hint=hint)
    return CPUPeak(match[1], int(match[2]), float(match[3]))


def choose_runtime(arguments: argparse.Namespace, vendor: Vendor) -> tuple[RuntimeKind, str]:
    """The runtime and, when it is not a container, why.

    Raises:
        UsageError: ``url-missing`` for an endpoint without ``--url``, ``url-wrong``, ``url-unused``.
    """
    if arguments.url is not None:
        _check_url(arguments.url)
        if arguments.runtime not in (None, "endpoint"):
            raise UsageError(
                "url-unused", f"--url goes with --runtime endpoint, not {arguments.runtime}"
            )
        return "endpoint", "a running server was given by its address"
    match arguments.runtime:
        case "endpoint":
            raise UsageError("url-missing", "--runtime endpoint needs --url")
        case "container":
            return "container", ""
        case "process":
            return "process", "asked for on the command line"
        case "sim":
            return "sim", "a simulated server with known timings"
        case _:
            pass
    status = docker_available()
    if status.ok or not vendor.can_run_as_process(arguments.engine):
        return "container", ""
    return "process", status.why


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        sound = False
    else:
        sound = sound and not (parts.query or parts.fragment or parts.username)
    if not sound:
        hint = "for example http://127.0.0.1:8000"
        raise UsageError("url-wrong", f"{url!r} is not the address of a server", hint=hint)


def commit() -> str:
    """The suite's own commit, with ``+dirty`` when its files were changed; unknown outside a checkout."""
    if resources.INSTALLED:  # whatever checkout site-packages may lie in is not the suite's
        return "unknown"
    command = [
        "git",
        "-C",
        str(resources.resource()),
        "describe",
        "--always",
        "--abbrev=40",
        "--dirty=+dirty",
        "--exclude=*",
    ]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=10, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
