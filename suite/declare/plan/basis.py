"""A plan from its basis: the one way by which a run makes its plan, and a verifier makes it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, EvidenceError, Place
from suite.declare.model.facts import facts_of
from suite.declare.plan.choice import ModelInput
from suite.declare.plan.make import make_plan
from suite.declare.profiles.bounds import quality_doc
from suite.declare.profiles.check import inconsistencies
from suite.declare.profiles.load import Profile
from suite.declare.profiles.reseeded import reseeded
from suite.declare.profiles.trace import Trace
from suite.declare.tasks.reference import reference_for
from suite.declare.vendor.check import semantic_problems
from suite.declare.vendor.load import Vendor
from suite.declare.vendor.releases import beyond, found
from suite.documents.basis import BasisTrace
from suite.documents.codec import convert, plain
from suite.documents.document import given
from suite.documents.engine import Readiness
from suite.documents.profile import Profile as ProfileDocument
from suite.documents.vendor import Vendor as VendorDocument
from suite.documents.vendor_engine import VersionRange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.basis import Basis, BasisModel
    from suite.documents.plan import Plan

NOT_HASHED: Final = "0" * 64
"""Stands for the model's digest while its files are not read."""
ENDPOINT_TIMEOUT_S: Final = 30.0
"""A server that runs already is not waited for as long as the vendor's engine may take to start."""
SIM_MODULE: Final = "suite.measure.engine.sim_main"
"""The scripted server's command."""
SIM_TIMEOUT_S: Final = 5.0
"""A scripted server is ready in a fraction of a second, unless its script says otherwise."""
PACKAGE: Final = "engine.package."
"""What the names of facts begin with that say a package's version."""
_DECLARATION: Final = "basis.json: declaration"
_PROFILE: Final = "basis.json: profile"


def plan_of(basis: Basis) -> Plan:
    """The plan that follows from a basis; nothing is looked up on the machine.

    Raises:
        SuiteError: the declaration or the profile breaks its schema, or what was chosen contradicts them.
    """
    profile, model, under = profile_of(basis), _model(basis.model), given(basis.challenge)
    if under is not None:
        profile = reseeded(profile, under.stated.salts.load)
    reference = reference_for(
        model.files, basis.taskset, profile.doc.decoding, carried=given(basis.reference)
    )
    plan = make_plan(
        vendor=vendor_of(basis),
        engine_id=basis.engine,
        accelerator_id=basis.accelerator,
        devices=basis.devices,
        model=model,
        profile=profile,
        taskset=basis.taskset,
        quality=quality_doc(profile, reference, basis.taskset),
        runtime=basis.runtime,
        url=basis.url,
        overrides=basis.overrides,
        options=basis.options,
        made_by=basis.suite,
    )
    engine = plan.engine
    if basis.runtime == "endpoint":
        engine = replace(engine, readiness=replace(engine.readiness, timeout_s=ENDPOINT_TIMEOUT_S))
    if basis.runtime == "sim":
        command = ("python", "-m", SIM_MODULE, "--script", given(basis.sim_script, "{}"))
        readiness = Readiness(path="/health", timeout_s=SIM_TIMEOUT_S, interval_s=0.02)
        engine = replace(engine, command=command, readiness=readiness)
    if (met := given(basis.attached)) is not None:
        readiness = replace(engine.readiness, path=met.path)
        engine = replace(engine, readiness=readiness, served_model_name=met.served_model_name)
    if under is not None:
        plan = replace(plan, nonce=under.stated.round, challenge=under.stated)
    return replace(plan, engine=engine)


def recorded(profile: Profile) -> tuple[BasisTrace, ...]:
    """The traces of a profile, as a basis keeps them."""
    return tuple(
        BasisTrace(
            name=name, sha256=trace.sha256, arrivals_ns=trace.arrivals_ns, lengths=trace.lengths
        )
        for name, trace in profile.traces.items()
    )


def vendor_of(basis: Basis) -> Vendor:
    """The declaration that a basis holds.

    Raises:
        DeclarationError: it breaks its schema or contradicts itself.
    """
    doc = convert(basis.declaration, VendorDocument, file=_DECLARATION)
    _refuse(semantic_problems(doc, directory=doc.id), _DECLARATION, "vendor-wrong")
    return Vendor(doc, jsonio.digest(plain(doc)), Path(doc.id))


def release_beyond(basis: Basis, engine: str, facts: Mapping[str, str]) -> str:
    """Why the arguments that a basis declares may not be those of the engine that ran; "" where they are, or nobody knows.

    Args:
        basis: of the run.
        engine: its id.
        facts: of the run, by name: the versions of packages, and what the server said of its own.

    Raises:
        DeclarationError: what it declares of its releases breaks the schema; the rest is not read, which takes longer than all else.
    """
    rows = basis.declaration.get("engines")
    rows = rows if isinstance(rows, list) else []
    mine = next((row for row in rows if isinstance(row, dict) and row.get("id") == engine), {})
    if "versions" not in mine:
        return ""
    releases = convert(mine["versions"], VersionRange, file=_DECLARATION)
    packages = {
        name.removeprefix(PACKAGE): version
        for name, version in facts.items()
        if name.startswith(PACKAGE)
    }
    if found(packages, releases) is None and engine == releases.package:
        packages[engine] = facts.get("engine.version", "")
    return beyond(packages, releases)


def profile_of(basis: Basis) -> Profile:
    """The profile that a basis holds, with its traces.

    Raises:
        DeclarationError: it breaks its schema or contradicts itself.
        EvidenceError: ``basis-incomplete``.
    """
    doc = convert(basis.profile, ProfileDocument, file=_PROFILE)
    traces = {
        trace.name: Trace(Path(trace.name).name, trace.sha256, trace.arrivals_ns, trace.lengths)
        for trace in given(basis.traces, ())
    }
    names = {given(p.arrivals.trace) for p in doc.phases if p.arrivals is not None} - {None}
    if missing := sorted(map(str, names - traces.keys())):
        raise EvidenceError(
            "basis-incomplete",
            Sentence(f"the trace {missing[0]} is not kept", f"没有保留轨迹 {missing[0]}"),
            Place(_PROFILE),
        )
    _refuse(inconsistencies(doc, doc.name, traces), _PROFILE, "profile-inconsistent")
    return Profile(doc, jsonio.digest(doc), shipped=False, traces=traces)


def _refuse(problems: Sequence[tuple[str, str, str]], where: str, code: str) -> None:
    """Refuse what a reader of the file itself would have refused; whoever wrote a basis may have had other readers.

    Raises:
        DeclarationError: of that code, with the first problem.
    """
    if problems:
        pointer, message, hint = problems[0]
        raise DeclarationError(code, message, Place(where, None, pointer), hint)


def _model(model: BasisModel) -> ModelInput:
    return ModelInput(
        id=model.id,
        revision=model.revision,
        path=model.path,
        sha256=jsonio.digest(model.files) if model.files else NOT_HASHED,
        files=list(model.files),
        facts=facts_of(model.source),
        tokenizer_sha256=model.tokenizer_sha256,
        chat_template_sha256=model.chat_template_sha256,
        shortest_prompts=model.shortest_prompts,
        thinking=model.thinking,
    )
