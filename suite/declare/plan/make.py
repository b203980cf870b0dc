"""Vendor, workload and model in; plan out: pure, fully resolved, printable, one digest."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

import suite
from suite.base import jsonio
from suite.base.bilingual import Sentence, joined
from suite.declare.plan.container import attestation, telemetry
from suite.declare.plan.conversion import conversion_doc, model_type, needs_conversion
from suite.declare.plan.engine import engine_doc, placeholders, request_doc, started
from suite.declare.plan.imagechoice import choose_image
from suite.declare.plan.precision import choose_dtype, quantised
from suite.declare.plan.room import chosen_context, profile_room
from suite.declare.plan.selection import choose, choose_division, refuse_idle
from suite.declare.plan.topology import topology_doc
from suite.declare.profiles.expand import expand_phases, longest_request
from suite.declare.tasks.prompt import COMPAT_FLAGPERF, load_prompt
from suite.declare.vendor.peaks import select_peaks
from suite.documents.basis import Options
from suite.documents.document import given
from suite.documents.model import Model
from suite.documents.peaks import Peaks
from suite.documents.plan import (
    PLAN_SCHEMA,
    UNKNOWN,
    Plan,
    RuntimeKind,
    SuiteVersion,
    VendorRef,
)
from suite.documents.sentences import table
from suite.documents.workload import Division, Quality, TaskSet, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.plan.choice import Choice, ModelInput
    from suite.declare.profiles.load import Profile
    from suite.declare.vendor.load import Vendor
    from suite.documents.engine import Conversion, Engine, RequestFormat
    from suite.documents.phase import Phase
    from suite.documents.topology import Topology
    from suite.documents.vendor_model import DtypeRow


CLAIMED = Sentence(
    "claimed: nobody observed the accelerators of the running server",
    "仅为声称：运行中的服务器的加速器未经观测",
)
"""Note on a peak that somebody named for a server that runs already."""


def plan_sha256(plan: Plan) -> str:
    """Digest of the plan's canonical JSON."""
    return jsonio.digest(plan)


def make_plan(
    *,
    vendor: Vendor,
    engine_id: str | None,
    accelerator_id: str | None,
    devices: int | None,
    model: ModelInput,
    profile: Profile,
    taskset: TaskSet,
    quality: Quality,
    runtime: RuntimeKind,
    url: str | None = None,
    overrides: Mapping[str, str] | None = None,
    options: Options | None = None,
    made_by: SuiteVersion | None = None,
) -> Plan:
    """Resolve everything; nothing is looked up on the machine, so the same input gives the same bytes.

    Args:
        vendor: the declaration.
        engine_id: one of its engines; None: its first.
        accelerator_id: one of its accelerators; None: the engine's first.
        devices: how many; None: one, or as many as `Options.visible` names.
        model: the model on this machine.
        profile: the workload.
        taskset: the tasks that will run.
        quality: the bounds and the reference of this model.
        runtime: how the engine runs.
        url: of the server, for the runtime ``endpoint``.
        overrides: engine arguments by name without dashes; an empty value is a flag.
        options: everything else that a user may decide.
        made_by: the suite that makes it; None: this version, of unknown commit and files.

    Raises:
        UsageError: the request contradicts the declaration; the message names the rule and what is right.
    """
    chosen = Options() if options is None else options
    division = choose_division(profile, chosen)
    choice = choose(vendor, engine_id, accelerator_id, devices, model, runtime, chosen, division)
    if runtime != "endpoint":
        refuse_idle(choice, overrides or {})
    dtype = choose_dtype(choice.engine, model.facts, chosen.dtype, choice.device)
    request = _request(choice, profile)
    room = profile_room(profile, choice, request)
    phases = expand_phases(profile, taskset.size, room)
    text_context, max_model_len = chosen_context(profile, choice, longest_request(phases))
    started = _engine(
        choice, dtype, max_model_len, request=request, overrides=overrides or {}, url=url
    )
    plan = Plan(
        plan_schema=PLAN_SCHEMA,
        suite=made_by or SuiteVersion(version=suite.__version__, commit=UNKNOWN),
        vendor=_vendor_ref(vendor),
        runtime=runtime,
        runtime_note=chosen.runtime_note,
        devices=choice.devices_doc(),
        engine=started.engine,
        topology=started.topology,
        conversion=started.conversion,
        model=_model_doc(model, room.shortest_prompt if profile.exact_lengths else UNSET),
        workload=_workload(
            profile, taskset, quality, context=text_context, division=division, phases=phases
        ),
        peaks=_peaks(choice, started.precision),
        telemetry=tuple(telemetry(choice)),
        attestation=attestation(choice) or UNSET,
        nonce=UNSET if chosen.nonce is None else chosen.nonce,
    )
    return replace(plan, chinese=table(plan) or UNSET)


def _request(choice: Choice, profile: Profile) -> RequestFormat:
    raw = profile.doc.prompt == COMPAT_FLAGPERF.id or profile.doc.api is not UNSET
    return request_doc(choice, raw_prompt=raw, exact=profile.exact_lengths)


def _peaks(choice: Choice, precision: str) -> Peaks:
    """The declared peaks; of a running server's, only those that were claimed, and marked so."""
    options = choice.options
    peaks = select_peaks(
        choice.vendor,
        choice.device,
        precision,
        private=options.private_peaks,
        cpu=options.cpu_peak,
    )
    if choice.runtime != "endpoint":
        return peaks
    unknown = choice.peaks_unknown()
    if unknown:
        return Peaks(
            compute=None,
            compute_unknown=unknown,
            bandwidth_bytes_per_s=None,
            bandwidth_source=unknown,
            tdp_w=None,
        )
    compute = peaks.compute
    if compute is not None:
        note = joined([CLAIMED, compute.note], "; ", "；") if compute.note else CLAIMED
        compute = replace(compute, note=note)
    return replace(peaks, compute=compute)


@dataclasses.dataclass(frozen=True, slots=True)
class _Made:
    engine: Engine
    topology: Topology | UnsetType
    conversion: Conversion | None
    precision: str


def _engine(
    choice: Choice,
    dtype: DtypeRow,
    max_model_len: int,
    *,
    request: RequestFormat,
    overrides: Mapping[str, str],
    url: str | None,
) -> _Made:
    """The engine, the conversion before it, how it lies over nodes, and the precision that its arguments lead to."""
    values, conversion = _resolved(choice, dtype, max_model_len)
    start = started(choice, values, overrides, conversion)
    if dtype.quantisation is not UNSET:
        start = dataclasses.replace(start, quantisation=dtype.quantisation)
    if start.quantisation is not None and choice.model.facts.quantisation is None:
        dtype = quantised(choice.engine, dtype, start.quantisation)
    engine = engine_doc(
        choice,
        start,
        values=values,
        dtype=dtype,
        max_model_len=max_model_len,
        request=request,
        url=url,
    )
    layout = choice.layout
    topology = (
        UNSET
        if layout is None
        else topology_doc(choice.engine, layout, values, start.words, len(choice.indices))
    )
    return _Made(engine, topology, conversion, dtype.precision)


def _resolved(
    choice: Choice, dtype: DtypeRow, max_model_len: int
) -> tuple[dict[str, str], Conversion | None]:
    """The values of all placeholders, and the conversion step if the weights need one."""
    engine, facts, options = choice.engine, choice.model.facts, choice.options
    declared = needs_conversion(engine, facts) if choice.starts_engine else None
    if declared is None:
        return placeholders(choice, dtype, max_model_len, ""), None
    kind = model_type(engine, declared, facts, options.model_type)
    values = placeholders(choice, dtype, max_model_len, kind)
    values["image"] = choose_image(engine, choice.device, options.image).reference
    step = conversion_doc(declared, values, choice.model, options.conversion_root)
    if choice.runtime == "process":
        values["model"] = step.host_target  # without mounts the engine sees this machine's own path
    return values, step


def _vendor_ref(vendor: Vendor) -> VendorRef:
    return VendorRef(
        id=vendor.id,
        name=vendor.doc.name,
        sha256=vendor.sha256,
        emulated=given(vendor.doc.emulated, False),
    )


def _model_doc(model: ModelInput, shortest_prompt: int | UnsetType) -> Model:
    return Model(
        id=model.id,
        revision=model.revision,
        path=model.path,
        sha256=model.sha256,
        files=tuple(model.files),
        facts=model.facts,
        tokenizer_sha256=model.tokenizer_sha256,
        chat_template_sha256=model.chat_template_sha256,
        shortest_prompt=shortest_prompt,
    )


def _workload(
    profile: Profile,
    taskset: TaskSet,
    quality: Quality,
    *,
    context: int,
    division: Division,
    phases: list[Phase],
) -> Workload:
    doc = profile.doc
    room = context - doc.decoding.max_new_tokens
    limit = doc.max_input_tokens
    return Workload(
        profile=doc.name,
        profile_sha256=profile.sha256,
        title=doc.title,
        division=division,
        seed=doc.seed,
        taskset=taskset,
        prompt=load_prompt(doc.prompt).to_doc(),
        decoding=doc.decoding,
        max_input_tokens=room if limit is None else min(room, limit),
        phases=tuple(phases),
        objectives=doc.objectives,
        quality=quality,
    )
