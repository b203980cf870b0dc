"""The parts of a scorecard that say what was asked and what ran: taken from plan, log and environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import UNSET

from suite.documents.card import CardEngine, CardFact, CardModel, CardPrompt, CardWorkload, Run
from suite.documents.engine import Dtype, Engine
from suite.documents.peaks import Peak, Peaks
from suite.documents.text import Text
from suite.documents.workload import Decoding, Objectives, TaskSet, Workload

if TYPE_CHECKING:
    from suite.evidence import Evidence


MAX_TEXT = 2000
"""Characters that a sentence may have on the card; the evidence holds the whole of it."""
MAX_FACT = 4000
"""The same for a fact or an argument."""
_DIGEST_FACTS = ("image.digest", "engine.image_digest")
_REFERENCE_FACTS = ("image.reference", "engine.image_reference")


def cut(text: str, most: int = MAX_TEXT) -> str:
    """At most so many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def run(evidence: Evidence) -> Run:
    """Which run this is and how it ended."""
    footer = evidence.footer
    error = footer.error if footer is not None else None
    run: Run = Run(
        id=evidence.header.run_id,
        started_utc=evidence.header.started_utc,
        ended=footer.ended if footer is not None else "cut",
        error=cut(_failure(error)) if error else "",
        plan_sha256=evidence.header.plan_sha256,
    )
    if evidence.plan.nonce is not UNSET:
        run["nonce"] = evidence.plan.nonce
    return run


def _failure(error: dict[str, str]) -> str:
    """Message and code; a message that ends with its code is enough."""
    message, code = error.get("message", ""), f"[{error.get('code', '')}]"
    return message if message.endswith(code) else f"{message} {code}"


def facts(evidence: Evidence) -> dict[str, CardFact]:
    """Facts about the environment as text."""
    found: dict[str, CardFact] = {}
    for name, fact in cast("dict[str, dict[str, object]]", evidence.environment["facts"]).items():
        if "value" in fact:
            value = fact["value"]
            text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
            found[name] = CardFact(value=cut(text, MAX_FACT))
        else:
            found[name] = CardFact(unknown=cut(str(fact["unknown"])))
    return found


def _known(facts: dict[str, CardFact], *names: str) -> str:
    return next(
        (facts[name].value for name in names if facts.get(name, CardFact()).value is not UNSET), ""
    )


def engine(engine: Engine, facts: dict[str, CardFact]) -> CardEngine:
    """The engine as it ran; version and image as they were found, not as they were declared."""
    image = engine.image
    digest = _known(facts, *_DIGEST_FACTS)
    if not digest.startswith("sha256:"):
        digest = ""
    reference = _known(facts, *_REFERENCE_FACTS) or (image.reference if image and digest else "")
    return CardEngine(
        id=engine.id,
        title=engine.title,
        version=_known(facts, "engine.version"),
        image_reference=reference,
        image_digest=digest,
        image_pinned=bool(image and image.digest),
        dtype=Dtype(
            requested=engine.dtype.requested,
            executed=engine.dtype.executed,
            note=engine.dtype.note,
        ),
        tensor_parallel=engine.tensor_parallel,
        max_model_len=engine.max_model_len,
        prefix_caching=engine.prefix_caching,
        quantisation=engine.quantisation or "",
        speculative_decoding=engine.speculative_decoding,
        arguments=tuple(cut(argument, MAX_FACT) for argument in engine.command),
        environment={name: cut(value, MAX_FACT) for name, value in engine.env.items()},
    )


def model(evidence: Evidence) -> CardModel:
    """The model; what its facts do not say is 0 or empty."""
    model = evidence.plan.model
    facts = model.facts

    def count(name: str) -> int:
        number = facts.get(name)
        return number if isinstance(number, int) else 0

    return CardModel(
        id=model.id,
        revision=model.revision or "",
        sha256=model.sha256,
        tokenizer_sha256=model.tokenizer_sha256 or "",
        chat_template_sha256=model.chat_template_sha256 or "",
        architecture=str(facts.get("architecture", "")),
        parameters=count("parameters"),
        active_parameters=count("active_parameters"),
        weight_bytes=count("weight_bytes"),
    )


def workload(workload: Workload) -> CardWorkload:
    """What every vendor is asked alike."""
    return CardWorkload(
        profile=workload.profile,
        profile_sha256=workload.profile_sha256,
        title=Text(en=workload.title["en"], zh=workload.title["zh"]),
        taskset=TaskSet(
            name=workload.taskset.name,
            size=workload.taskset.size,
            ids_sha256=workload.taskset.ids_sha256,
            records_sha256=workload.taskset.records_sha256,
            locked=workload.taskset.locked,
        ),
        prompt=CardPrompt(
            id=workload.prompt.id,
            template=tuple(workload.prompt.template.split("\n")),
            sha256=workload.prompt.sha256,
        ),
        decoding=Decoding(
            max_new_tokens=workload.decoding.max_new_tokens,
            min_new_tokens=workload.decoding.min_new_tokens,
            temperature=workload.decoding.temperature,
            top_p=workload.decoding.top_p,
            seed=workload.decoding.seed,
            ignore_eos=workload.decoding.ignore_eos,
            stop=workload.decoding.stop,
        ),
        max_input_tokens=workload.max_input_tokens,
        seed=workload.seed,
        objectives=Objectives(
            ttft_ms=workload.objectives.ttft_ms,
            tpot_ms=workload.objectives.tpot_ms,
            e2e_ms=workload.objectives.e2e_ms,
        ),
    )


def peaks(declared: Peaks) -> Peaks:
    """The declared peaks."""
    peak = declared.compute
    return Peaks(
        compute=None
        if peak is None
        else Peak(
            precision=peak.precision,
            flops=peak.flops,
            basis=peak.basis,
            scope=peak.scope,
            source=peak.source,
            note=peak.note,
        ),
        compute_unknown=declared.compute_unknown,
        bandwidth_bytes_per_s=declared.bandwidth_bytes_per_s,
        bandwidth_source=declared.bandwidth_source,
        tdp_w=declared.tdp_w,
    )
