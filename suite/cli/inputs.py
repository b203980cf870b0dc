"""From the words of a command line to a plan: vendor, engine, model, tasks, profile, runtime."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio, resources
from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli import bundling, rounds
from suite.cli.options import EMULATORS, Choices
from suite.cli.optionvalues import (
    cpu_peak,
    engine_python,
    every,
    indices,
    overrides,
    pairs,
    private_peaks,
    refuse_empty,
    refuse_impossible,
)
from suite.cli.runtime import choose_runtime, server_url
from suite.cli.simscript import cheat_argument, script_text
from suite.cli.topology import topology_choice
from suite.declare.model.facts import hash_model, hashed_files, read_source
from suite.declare.plan.basis import plan_of, profile_of, recorded
from suite.declare.plan.choice import choose_devices
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.challenged import challenged
from suite.declare.tasks.datalengths import tasks_and_lengths
from suite.declare.tasks.reference import read_directory, reference_for
from suite.declare.tasks.synthetic import shortest_prompts
from suite.declare.tasks.tokenizer import load_tokenizer
from suite.declare.vendor.emulated import emulate
from suite.declare.vendor.load import load_vendor
from suite.documents.basis import Basis, BasisModel, Options
from suite.documents.codec import plain
from suite.documents.sentences import table
from suite.documents.value import NotMeasured
from suite.measure.fetch import model as modelsource
from suite.measure.nodes.identity import this_suite
from suite.measure.recognise import recognised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.cli.terminal import Terminal
    from suite.declare.tasks.reference import KnownReference
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.declare.vendor.load import Vendor
    from suite.documents.challenge import BasisChallenge
    from suite.documents.plan import Plan, RuntimeKind
    from suite.measure.digests import DigestStore
    from suite.measure.engine.served import Brought

CONVERTED = resources.workspace() / "runs" / "converted"
EMULATED = resources.workspace() / "runs" / "emulated"
LONG_BYTES = 1_000_000_000
"""Reading more than this is said, where there is no terminal to show it, too."""


@dataclasses.dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a run needs.

    Attributes:
        basis: what the plan was made from.
        plan: fully resolved; of a draft without the digests of the model's files.
        tasks: the task set with its texts.
        tokenizer: the model's own, None when it has none that can be read.
        directory: of the model.
        references: reference runs of the reviewers, to choose from when the weights are known.
        bundle: what a bundle for a closed network brought.
    """

    basis: Basis
    plan: Plan
    tasks: TaskSet
    tokenizer: Tokenizer | None
    directory: Path
    references: tuple[KnownReference, ...] = ()
    bundle: Brought | None = None


def gather(choices: Choices, *, store: DigestStore, terminal: Terminal) -> Inputs:
    """Resolve the command line into a plan; reads files, starts nothing.

    Raises:
        SuiteError: whatever is wrong with the vendor, the profile, the model, the data or their combination.
    """
    return complete(draft(choices, terminal), store=store, terminal=terminal)


def complete(draft: Inputs, *, store: DigestStore, terminal: Terminal) -> Inputs:
    """Add the digests of the model's files, and what follows from the weights.

    Args:
        draft: of `draft`.
        store: digests of files that were read before.
        terminal: shows how far the reading is.

    Raises:
        DataError: as `suite.declare.model.facts.hash_model`.
    """
    sizes = {path: path.stat().st_size for path in hashed_files(draft.directory)}
    total = sum(sizes.values())
    unread = sum(size for path, size in sizes.items() if store.get(path) is None)
    if unread > LONG_BYTES:
        terminal.line(
            Sentence(
                f"hashing {unread / 1e9:.1f} GB of {total / 1e9:.1f} GB of weights",
                f"正在计算权重的摘要：{total / 1e9:.1f} GB 中的 {unread / 1e9:.1f} GB",
            )
        )
    read = 0

    def on_bytes(count: int) -> None:
        nonlocal read
        read += count
        terminal.transfer(
            Sentence("hashing the model's files", "计算模型文件的摘要"),
            read / 1e9,
            total / 1e9,
            "GB",
        )

    files, _ = hash_model(draft.directory, on_bytes, store)
    store.save()
    terminal.clear()
    basis = replace(draft.basis, model=replace(draft.basis.model, files=tuple(files)))
    return made(draft, _referenced(basis, draft.references))


def _referenced(basis: Basis, others: Sequence[KnownReference]) -> Basis:
    """The basis with the reviewers' reference run of its model, where the suite ships none."""
    decoding = profile_of(basis).doc.decoding
    known = reference_for(basis.model.files, basis.taskset, decoding, others=others).known
    return basis if known is None or known.shipped else replace(basis, reference=known.bundle)


def made(inputs: Inputs, basis: Basis) -> Inputs:
    """The same inputs with the plan that follows from another basis."""
    return dataclasses.replace(inputs, basis=basis, plan=plan_of(basis))


def _vendor(choices: Choices) -> Vendor:
    """The declaration, or an emulated machine made from it."""
    vendor = load_vendor(choices.vendor)
    if not choices.emulate and choices.emulate_with is None:
        return vendor
    if choices.runtime not in (None, "container") or choices.url is not None:
        message = Sentence(
            "--emulate goes with --runtime container: the vendor's image is what is emulated",
            "--emulate 与 --runtime container 一起使用：被模拟的是厂商的镜像",
        )
        raise UsageError("emulation-impossible", message)
    visible = indices(choices.visible) if not every(choices) else ()
    count = choices.devices or max(visible, default=0) + 1
    underneath = choices.emulate_with or EMULATORS[0]
    emulation = emulate(vendor, EMULATED, devices=count, underneath=underneath)
    return load_vendor(str(emulation))


def draft(
    choices: Choices,
    terminal: Terminal | None = None,
    *,
    under: BasisChallenge | None = None,
) -> Inputs:
    """Resolve the command line as far as that goes without reading the weights.

    Args:
        choices: the command line.
        terminal: shows how far a bundle was read.
        under: the challenge of a run that is made again; whether it still counts is not asked.

    Raises:
        SuiteError: as `gather`.
    """
    refuse_empty(choices)
    choices, bundle = bundling.taken(choices, terminal)
    vendor = _vendor(choices)
    profile = load_profile(choices.profile)
    # Unknown names are refused before a model or data is read.
    vendor.accelerator(vendor.engine(choices.engine), choices.accelerator)
    runtime, note = choose_runtime(choices, vendor)
    engine = vendor.engine(choices.engine)
    cheat = cheat_argument(choices.sim_script, choices.cheat, engine, runtime)
    engine_arguments = overrides(choices) | cheat
    choices = _recognised(choices, vendor, runtime)
    device = vendor.accelerator(vendor.engine(choices.engine), choices.accelerator)
    refuse_impossible(cpu_peak(choices.cpu_peak), device, choices)
    _require_model(choices)
    source = modelsource.named(modelsource.find(choices.model), choices.model_id)
    loaded = load_tokenizer(source.directory)
    tokenizer = None if isinstance(loaded, NotMeasured) else loaded
    challenge = under or rounds.under(choices.challenge, choices.nonce, choices.commitment)
    tasks, profile = tasks_and_lengths(profile, choices.data, tokenizer)
    if challenge is not None:
        tasks = challenged(tasks, challenge.stated.salts.tasks)
    stories = "" if challenge is None else challenge.stated.salts.tasks
    basis = Basis(
        basis_schema=1,
        suite=this_suite(),
        declaration=dict(plain(vendor.doc)),
        profile=dict(plain(profile.doc)),
        traces=recorded(profile) or UNSET,
        taskset=tasks.to_doc(),
        model=_model(source, tokenizer, exact_lengths=profile.exact_lengths),
        runtime=runtime,
        engine=choices.engine,
        accelerator=choices.accelerator,
        devices=choices.devices,
        url=None if choices.url is None else server_url(choices.url),
        overrides=engine_arguments,
        options=_options(choices, note),
        challenge=UNSET if challenge is None else challenge,
        sim_script=script_text(choices.sim_script, choices.cheat, stories)
        if runtime == "sim"
        else UNSET,
    )
    basis = replace(basis, chinese=table(basis) or UNSET)
    _require_text(basis)
    others = () if choices.references is None else read_directory(choices.references)
    return Inputs(basis, plan_of(basis), tasks, tokenizer, source.directory, others, bundle)


def _require_text(basis: Basis) -> None:
    """Refuse names of files and other words whose bytes are no text: no document can hold them.

    Raises:
        UsageError: ``usage-wrong``.
    """
    try:
        jsonio.canonical(plain(basis))
    except UnicodeEncodeError as cause:
        name = cause.object[max(0, cause.start - 40) : cause.end + 40]
        message = Sentence(f"not UTF-8: {name!r}", f"不是 UTF-8：{name!r}")
        hint = Sentence("rename what it names", "请重命名其所指之物")
        raise UsageError("usage-wrong", message, hint=hint) from cause


def _require_model(choices: Choices) -> None:
    if choices.url is not None and choices.model is None:
        # The shipped model would be named on the card, and its tokenizer would count another's tokens.
        hint = Sentence(
            "--model DIR or owner/name; its tokenizer counts the tokens, its shape gives FLOPs and bytes",
            "--model DIR 或 owner/name；以其分词器计数 token，以其结构得出 FLOPs 与字节数",
        )
        message = Sentence(
            "--url needs --model: which model does the server run?",
            "--url 需要 --model：服务器运行的是哪个模型？",
        )
        raise UsageError("model-unnamed", message, hint=hint)


def _model(
    source: modelsource.ModelSource, tokenizer: Tokenizer | None, *, exact_lengths: bool
) -> BasisModel:
    """The model without the digests of its files, which `complete` adds."""
    return BasisModel(
        id=source.id,
        revision=source.revision,
        path=str(source.directory),
        files=(),
        source=read_source(source.directory),
        tokenizer_sha256=tokenizer.sha256 if tokenizer else None,
        chat_template_sha256=tokenizer.chat_template_sha256 if tokenizer else None,
        shortest_prompts=shortest_prompts(tokenizer) if tokenizer and exact_lengths else {},
        thinking=tokenizer.thinking if tokenizer else None,
    )


def _recognised(choices: Choices, vendor: Vendor, runtime: RuntimeKind) -> Choices:
    """The accelerator that this machine has where nobody named one, and the first engine that runs on it.

    Raises:
        UsageError: ``accelerators-mixed``, and those of `choose_devices`.
    """
    if choices.accelerator is not None or runtime not in ("container", "process"):
        return choices
    visible = () if every(choices) else indices(choices.visible)
    device = recognised(vendor.doc, choose_devices(choices.devices, visible))
    if device is None:
        return choices
    fitting = (engine.id for engine in vendor.doc.engines if device.id in engine.accelerators)
    engine = choices.engine or next(fitting, None)
    return dataclasses.replace(choices, accelerator=device.id, engine=engine)


def _options(choices: Choices, note: str) -> Options:
    return Options(
        access=choices.access,
        visible=() if every(choices) else indices(choices.visible),
        every=every(choices),
        env=pairs(choices.env, "env-wrong"),
        dtype=choices.dtype,
        max_model_len=choices.max_model_len,
        tensor_parallel=choices.tensor_parallel,
        division=choices.division,
        image=choices.image,
        model_type=choices.model_type or "",
        conversion_root=str((choices.converted or CONVERTED).absolute()),
        private_peaks=private_peaks(choices.peak),
        cpu_peak=cpu_peak(choices.cpu_peak),
        measured_peak=choices.measured_peak,
        engine_python=engine_python(choices),
        runtime_note=note,
        nonce=choices.nonce,
        telemetry_url=choices.telemetry_url,
        served_model_name=choices.served_model_name,
        topology=topology_choice(choices),
    )
