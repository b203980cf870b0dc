"""The parts of a scorecard that say what was asked and what ran: taken from plan, log and environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.documents.card import CardEngine, CardFact, CardModel, CardPrompt, CardWorkload, Run
from suite.documents.document import given
from suite.judge.card.leaves import cut
from suite.judge.log import counters
from suite.judge.log.origin import served

if TYPE_CHECKING:
    from suite.documents.devices import ObservedDevice
    from suite.documents.environment import Fact
    from suite.documents.event import RunError
    from suite.documents.workload import Workload
    from suite.evidence import Evidence

MAX_FACT = 4000
"""Characters that a fact or an argument may have on the card."""
_DIGEST_FACTS = ("image.digest", "engine.image_digest")
_REFERENCE_FACTS = ("image.reference", "engine.image_reference")


def run(evidence: Evidence) -> Run:
    """Which run this is and how it ended."""
    footer = evidence.footer
    error = footer.error if footer is not None else None
    return Run(
        id=evidence.header.run_id,
        started_utc=evidence.header.started_utc,
        ended=footer.ended if footer is not None else "cut",
        error=cut(_failure(error)) if error else "",
        plan_sha256=evidence.header.plan_sha256,
        nonce=evidence.plan.nonce,
    )


def _failure(error: RunError) -> str:
    """Message and code; a message that ends with its code is enough."""
    code = f"[{error.code}]"
    return error.message if error.message.endswith(code) else f"{error.message} {code}"


def facts(evidence: Evidence) -> dict[str, CardFact]:
    """Facts about the environment as text."""
    environment = evidence.environment
    return (
        {name: _fact(fact) for name, fact in environment.facts.items()}
        | {
            f"device.{device.index}.{name}": CardFact(value=value)
            for device in given(environment.devices, ())
            for name, value in _observed(device).items()
        }
        | {
            f"device.{device}.measured_{name}": CardFact(value=text)
            for device, samples in counters.measured_samples(evidence).items()
            for name, text in counters.words(counters.series(samples)).items()
        }
    )


def _observed(device: ObservedDevice) -> dict[str, str]:
    """What a device's own tool said of it, as text with units."""
    processes = given(device.processes)
    values = {
        "name": device.name,
        "identity": device.identity,
        "driver": device.driver,
        "firmware": device.firmware,
        "memory_bytes": device.memory_bytes,
        "power_limit_w": device.power_limit_w,
        "power_default_w": device.power_default_w,
        "clock_max_mhz": device.clock_max_mhz,
        "ecc": device.ecc,
        "partition": device.partition,
        "processes": UNSET
        if processes is None
        else "; ".join(f"{process.name} ({process.pid})" for process in processes) or "none",
    }
    # A process may have any name: what a card shows is one line of limited length.
    return {
        name: " ".join(f"{value:g}".split() if isinstance(value, float) else str(value).split())[
            :200
        ]
        for name, value in values.items()
        if value is not UNSET
    }


def _fact(fact: Fact) -> CardFact:
    value = given(fact.value)
    if value is None:
        return CardFact(unknown=cut(given(fact.unknown, "")))
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return CardFact(value=cut(text, MAX_FACT))


def _known(facts: dict[str, CardFact], *names: str) -> str:
    values = (given(facts[name].value) for name in names if name in facts)
    return next((value for value in values if value is not None), "")


def engine(evidence: Evidence, facts: dict[str, CardFact]) -> CardEngine:
    """The engine as it ran; version and image as they were found, not as they were declared."""
    engine = evidence.plan.engine
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
        dtype=engine.dtype,
        tensor_parallel=engine.tensor_parallel,
        max_model_len=engine.max_model_len,
        prefix_caching=engine.prefix_caching,
        quantisation=engine.quantisation or "",
        speculative_decoding=engine.speculative_decoding,
        arguments=tuple(cut(argument, MAX_FACT) for argument in engine.command),
        environment={name: cut(value, MAX_FACT) for name, value in engine.env.items()},
        served=served(request for request in evidence.requests if request.measured) or UNSET,
    )


def model(evidence: Evidence) -> CardModel:
    """The model; what is not known of it is empty."""
    model = evidence.plan.model
    return CardModel(
        id=model.id,
        revision=model.revision or "",
        sha256=model.sha256,
        tokenizer_sha256=model.tokenizer_sha256 or "",
        chat_template_sha256=model.chat_template_sha256 or "",
        architecture=model.facts.architecture,
        parameters=model.facts.parameters,
        active_parameters=model.facts.active_parameters,
        parameters_unknown=cut(model.facts.parameters_unknown),
        weight_bytes=model.facts.weight_bytes,
    )


def workload(workload: Workload) -> CardWorkload:
    """What every vendor is asked alike."""
    return CardWorkload(
        profile=workload.profile,
        profile_sha256=workload.profile_sha256,
        title=replace(workload.title, zh=workload.title.chinese),
        taskset=workload.taskset,
        prompt=CardPrompt(
            id=workload.prompt.id,
            template=tuple(workload.prompt.template.split("\n")),
            sha256=workload.prompt.sha256,
        ),
        decoding=workload.decoding,
        max_input_tokens=workload.max_input_tokens,
        seed=workload.seed,
        objectives=workload.objectives,
    )
