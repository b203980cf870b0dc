"""From the words of a command line to a plan: vendor, engine, model, tasks, profile, runtime."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from suite.base import resources
from suite.base.errors import UsageError
from suite.cli.simscript import scripted
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
    from collections.abc import Iterable

    from suite.cli.options import Choices
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.declare.vendor.load import Vendor
    from suite.documents.plan import Plan, RuntimeKind

CONVERTED = resources.workspace() / "runs" / "converted"
ENDPOINT_TIMEOUT_S = 30.0


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


def gather(choices: Choices) -> Inputs:
    """Resolve the command line into a plan; reads files, starts nothing.

    Raises:
        SuiteError: whatever is wrong with the vendor, the profile, the model, the data or their combination.
    """
    _refuse_empty(choices)
    vendor = load_vendor(choices.vendor)
    profile = load_profile(choices.profile)
    # Unknown names are refused before a model is hashed or data is read.
    vendor.accelerator(vendor.engine(choices.engine), choices.accelerator)
    given = overrides(choices)
    if choices.sim_script is not None and choices.runtime != "sim":
        raise UsageError("sim-script-unused", "--sim-script goes with --runtime sim")
    runtime, note = choose_runtime(choices, vendor)
    if choices.url is not None and choices.model is None:
        # The shipped model would be named on the card, and its tokenizer would count another's tokens.
        hint = "--model DIR or owner/name; its tokenizer counts the tokens, its shape gives FLOPs and bytes"
        message = "--url needs --model: which model does the server run?"
        raise UsageError("model-unnamed", message, hint=hint)
    source = modelsource.named(modelsource.find(choices.model), choices.model_id)
    facts = read_model(source.directory)
    files, sha256 = hash_model(source.directory)
    loaded = load_tokenizer(source.directory)
    tokenizer = None if isinstance(loaded, NotMeasured) else loaded
    tasks = task_set_for(profile, choices.data)
    taskset = tasks.to_doc()
    reference = reference_for(files, taskset, profile.doc.decoding)
    plan = make_plan(
        vendor=vendor,
        engine_id=choices.engine,
        accelerator_id=choices.accelerator,
        devices=choices.devices,
        model=ModelInput(
            id=source.id,
            revision=source.revision,
            path=str(source.directory),
            sha256=sha256,
            files=files,
            facts=facts,
            tokenizer_sha256=tokenizer.sha256 if tokenizer else None,
            chat_template_sha256=tokenizer.chat_template_sha256 if tokenizer else None,
            thinking=tokenizer.thinking if tokenizer else None,
            shortest_prompts=shortest_prompts(tokenizer)
            if tokenizer and profile.exact_lengths
            else {},
        ),
        profile=profile,
        taskset=taskset,
        quality=quality_doc(profile, reference.scores, reference.source, taskset),
        runtime=runtime,
        url=None if choices.url is None else server_url(choices.url),
        overrides=given,
        options=_options(choices, note),
    )
    if runtime == "endpoint":
        # It runs already: the time that the vendor's engine may take to start is not waited for.
        readiness = replace(plan.engine.readiness, timeout_s=ENDPOINT_TIMEOUT_S)
        plan = replace(plan, engine=replace(plan.engine, readiness=readiness))
    if runtime == "sim":
        plan = scripted(plan, choices.sim_script)
    return Inputs(plan, tasks, tokenizer)


def _options(choices: Choices, note: str) -> Options:
    return Options(
        access=choices.access,
        visible=_indices(choices.visible),
        env=_pairs(choices.env, "env-wrong"),
        dtype=choices.dtype,
        max_model_len=choices.max_model_len,
        tensor_parallel=choices.tensor_parallel,
        division=choices.division,
        image=choices.image,
        model_type=choices.model_type or "",
        conversion_root=str((choices.converted or CONVERTED).absolute()),
        private_peaks=_private_peaks(choices.peak),
        cpu_peak=_cpu_peak(choices.cpu_peak),
        runtime_note=note,
        commit=commit(),
        nonce=choices.nonce,
        served_model_name=choices.served_model_name,
    )


def overrides(choices: Choices) -> dict[str, str]:
    """``--engine-arg name=value`` as a mapping.

    Raises:
        UsageError: ``engine-arg-wrong``.
    """
    given = _pairs(choices.engine_arg, "engine-arg-wrong")
    return {name.removeprefix("--"): value for name, value in given.items()}


def _refuse_empty(choices: Choices) -> None:
    for name in ("model", "image", "nonce", "engine", "accelerator", "url", "division"):
        if getattr(choices, name) == "":
            raise UsageError("option-empty", f"--{name} is empty", hint="leave it out, or name one")
    nonce = choices.nonce
    if nonce is not None and not re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", nonce):
        hint = "letters, digits and . _ : - only, at most 128"
        raise UsageError("nonce-wrong", f"{nonce!r} is no round identifier", hint=hint)


def _pairs(texts: Iterable[str], code: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(code, f"{text!r} is not NAME=VALUE")
        pairs[name] = value
    return pairs


def _indices(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4})*", text):
        raise UsageError(
            "devices-wrong", f"{text!r} is not a list of indices", hint="for example 0,1"
        )
    return tuple(int(part) for part in text.split(","))


def _private_peaks(texts: Iterable[str]) -> dict[str, PrivatePeak]:
    peaks: dict[str, PrivatePeak] = {}
    for text in texts:
        match = re.fullmatch(r"([a-z0-9_]+)=([0-9]+(?:\.[0-9]+)?)@(.+)", text)
        if match is None:
            hint = "for example fp16=98@data-sheet-rev2"
            raise UsageError("peak-wrong", f"{text!r} is not PRECISION=TFLOPS@SOURCE", hint=hint)
        peaks[match[1]] = PrivatePeak(float(match[2]) * 1e12, match[3])
    return peaks


def _cpu_peak(text: str | None) -> CPUPeak | None:
    if text is None:
        return None
    match = re.fullmatch(r"([a-z0-9_]+):([0-9]{1,4}):([0-9]+(?:\.[0-9]+)?)", text)
    if match is None:
        hint = "for example avx512f:2:2600"
        raise UsageError("peak-wrong", f"{text!r} is not ISA:CORES:MHZ", hint=hint)
    return CPUPeak(match[1], int(match[2]), float(match[3]))


def choose_runtime(choices: Choices, vendor: Vendor) -> tuple[RuntimeKind, str]:
    """The runtime and, when it is not a container, why.

    Raises:
        UsageError: ``url-missing`` for an endpoint without ``--url``, ``url-wrong``, ``url-unused``.
    """
    if choices.url is not None:
        url = server_url(choices.url)
        if choices.runtime not in (None, "endpoint"):
            raise UsageError(
                "url-unused", f"--url goes with --runtime endpoint, not {choices.runtime}"
            )
        cut = choices.url.rstrip("/").removeprefix(url)
        note = "a running server was given by its address"
        # Every request's path begins with /v1 already.
        return "endpoint", f"{note}, {url}; its {cut} was left out" if cut else note
    match choices.runtime:
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
    if status.ok or not vendor.can_run_as_process(choices.engine):
        return "container", ""
    return "process", status.why


def server_url(url: str) -> str:
    """The address without the parts that every request brings: ``/v1`` and what may follow it.

    Raises:
        UsageError: ``url-wrong``.
    """
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
    return re.sub(r"/v1(/(chat/)?completions|/models)?$", "", url.rstrip("/"))


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
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
