"""A card's plan run again on this machine: made again, measured, held against the first run, and signed."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite import __version__
from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError, Problem, UsageError
from suite.cli import judging, signingkey
from suite.cli.consensus import RESULTS
from suite.cli.measuring import measure, run_directory
from suite.cli.options import Choices
from suite.cli.output import labelled, write_new
from suite.cli.statements import REPRODUCTION_ENDING
from suite.cli.topology import with_topology
from suite.cli.trustoptions import Trusted
from suite.declare.profiles.load import load_profile, profile_names
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.reproduction import (
    LEVEL,
    POLICY,
    Resource,
    SummaryVerifier,
    VerificationSummary,
)
from suite.documents.statement import Digest
from suite.judge.attest.review import (
    make_summary,
    verifier,
)
from suite.judge.attest.sign import BUNDLE_FILE, sign
from suite.judge.attest.times import format_time
from suite.judge.compare.reproduced import SHARES, numbers, other_devices, plan_differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.cli.judging import VerifiedCard
    from suite.cli.options import Sending
    from suite.cli.signingoptions import Signing
    from suite.documents.basis import Basis
    from suite.documents.card import Scorecard
    from suite.documents.plan import Plan
    from suite.documents.reproduction import Numbers
    from suite.evidence import Evidence
    from suite.judge.attest.keys import PublicKey

_BUSY: Final = "R051"
_CARD: Final = "urn:llm-inference-conformance:scorecard:sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMachine:
    """What is elsewhere on this machine than where the run was made; None takes it over.

    Attributes:
        model: directory.
        data: file of the task set.
        vendor: name or directory of the declaration.
        python: interpreter with the engine.
        url: address of a server.
        script: of the scripted server.
    """

    model: str | None = None
    data: Path | None = None
    vendor: str | None = None
    python: Path | None = None
    url: str | None = None
    script: str | None = None


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A reproduction that was signed: what it states, by which key, where it lies, what differs, and whether this machine was busy."""

    summary: VerificationSummary
    key_id: str
    target: Path
    wrong: tuple[str, ...]
    busy: str


def reproduce(
    run: Path,
    here: OwnMachine,
    sending: Sending,
    *,
    again: Path | None,
    run_out: Path | None,
    card_key: str | None,
    trust: Path | None,
    signing: Signing,
    quiet: bool,
) -> Reproduced | int:
    """Verify a run, run its plan again, compare and sign; an exit status where the new run ended early.

    Raises:
        UsageError: ``reproduction-differs``, ``review-exists``.
        EvidenceError: ``run-missing``.
        SuiteError: as `suite.cli.judging.verified` and `suite.cli.measuring.measure`.
    """
    signer, stamp = signingkey.opened(signing)
    verification = judging.verified(run, Trusted(trust=trust))
    first = _evidence(verification, run)
    directory = again or run_out or run_directory("reproduction")
    if again is None:
        with tempfile.TemporaryDirectory(prefix="suite-reproduce-") as scratch:
            status = measure(
                choices(_basis(first, run), here, Path(scratch)),
                sending,
                out=directory,
                key=card_key,
                quiet=quiet,
                first=first,
                accept=lambda plan: _require_same(first.plan, plan),
            )
        if not (directory / BUNDLE_FILE).is_file():
            return status
    new = judging.verified(directory, Trusted())
    made_again = _evidence(new, directory)
    _require_same(first.plan, made_again.plan)
    _require_devices(new.card)
    if first.header == made_again.header:
        message = Sentence(
            "it is the very run that is to be made again", "这正是要重新进行的那次运行"
        )
        raise UsageError("reproduction-differs", message)
    summary, wrong = _summary(verification, first, new, made_again, signer.key.public)
    target = signing.beside(run, REPRODUCTION_ENDING)
    payload = make_summary(verification.verified.statement.sha256, summary)
    write_new(target, sign(payload, signer.key, stamp))
    busy = next((c.why for c in new.card.checks if c.rule == _BUSY and c.outcome != "pass"), "")
    return Reproduced(summary, signer.key.public.id, target, wrong, busy)


def _evidence(held: VerifiedCard, path: Path) -> Evidence:
    if held.evidence is None:
        hint = Sentence(
            "give the run directory: a card alone holds no plan and no answers",
            "请给出运行目录：仅有评分卡则没有计划与回答",
        )
        raise EvidenceError(
            "run-missing", Sentence(f"{path} holds no evidence", f"{path} 不含证据"), hint=hint
        )
    return held.evidence


def _basis(first: Evidence, path: Path) -> Basis:
    if first.basis is None:
        message = Sentence(
            f"{path} did not keep what its plan was made from (basis.json)",
            f"{path} 没有保留其计划所依据的内容（basis.json）",
        )
        raise EvidenceError("run-missing", message)
    return first.basis


def _require_same(first: Plan, again: Plan) -> None:
    """Refuse a plan that is another than was run first.

    Raises:
        UsageError: ``reproduction-differs``, with everything that differs.
    """
    if wrong := plan_differences(first, again):
        message = Sentence(
            f"what would run here is not what the card is of: {', '.join(wrong)}",
            f"此处将运行的与评分卡所述不同：{', '.join(wrong)}",
        )
        problems = [
            Problem(Sentence(f"another than was run first: {name}", f"与当初所运行的不同：{name}"))
            for name in wrong
        ]
        raise UsageError("reproduction-differs", message, problems=problems)


def _require_devices(again: Scorecard) -> None:
    """Refuse a run on other devices than the plan's: it neither is a reproduction nor says that there is none.

    Raises:
        UsageError: ``reproduction-differs``.
    """
    if why := other_devices(again):
        raise UsageError(
            "reproduction-differs",
            Sentence(
                f"what ran again ran on other devices: {why}",
                f"再次运行所用的设备不同：{chinese(why)}",
            ),
        )


def choices(basis: Basis, here: OwnMachine, scratch: Path) -> Choices:
    """The command line that leads to a basis, with what is elsewhere on this machine.

    Args:
        basis: of the run.
        here: what is elsewhere.
        scratch: directory for a profile that the suite does not ship.

    Raises:
        UsageError: ``model-unknown``.
    """
    options, cpu = basis.options, basis.options.cpu_peak
    script = here.script or given(basis.sim_script)
    if basis.runtime == "endpoint" and here.url is None:
        raise UsageError(
            "url-missing",
            Sentence(
                "the run is of a server that ran already: give --url",
                "该运行测量的是已在运行的服务器：请给出 --url",
            ),
        )
    repeated = Choices(
        vendor=here.vendor or str(basis.declaration["id"]),
        engine=basis.engine,
        accelerator=basis.accelerator,
        devices=basis.devices,
        model=here.model or (None if basis.model.id == "mini" else basis.model.path),
        model_id=None
        if basis.model.revision is None
        else f"{basis.model.id}@{basis.model.revision}",
        data=here.data,
        profile=_profile(basis, scratch),
        runtime=None if basis.runtime == "endpoint" else basis.runtime,
        url=here.url,
        nonce=options.nonce,
        telemetry_url=options.telemetry_url,
        model_type=options.model_type or None,
        engine_arg=tuple(f"{k}={v}" if v else k for k, v in basis.overrides.items()),
        division=options.division,
        image=options.image,
        engine_python=here.python
        or (Path(options.engine_python) if options.engine_python else None),
        served_model_name=options.served_model_name,
        access=options.access,
        visible="all" if options.every else ",".join(map(str, options.visible)) or None,
        dtype=options.dtype,
        tensor_parallel=options.tensor_parallel,
        max_model_len=options.max_model_len,
        env=tuple(f"{name}={value}" for name, value in options.env.items()),
        cpu_peak=None if cpu is None else f"{cpu.isa}:{cpu.cores}:{cpu.clock_mhz}",
        measured_peak=options.measured_peak,
        peak=tuple(
            f"{precision}={peak.flops / 1e12}@{peak.source}"
            for precision, peak in options.private_peaks.items()
        ),
        sim_script=script,
    )
    return with_topology(repeated, options.topology)


def _profile(basis: Basis, scratch: Path) -> str:
    """The name of the shipped profile, or the file of another one."""
    name = str(basis.profile["name"])
    if name in profile_names() and plain(load_profile(name).doc) == basis.profile:
        return name
    path = scratch / f"{name}.yaml"
    path.write_bytes(jsonio.pretty(basis.profile))  # JSON is YAML
    return str(path)


def _summary(
    held: VerifiedCard, first: Evidence, new: VerifiedCard, again: Evidence, key: PublicKey
) -> tuple[VerificationSummary, tuple[str, ...]]:
    both, wrong = numbers((held.card, first), (new.card, again))
    sha256 = held.verified.statement.sha256
    passed = not wrong
    summary = VerificationSummary(
        verifier=SummaryVerifier(
            id=verifier(key).id, version={"llm-inference-conformance": __version__}
        ),
        timeVerified=format_time(dt.datetime.now(dt.UTC)),
        resourceUri=_CARD + sha256,
        policy=Resource(uri=POLICY, digest=Digest(sha256=jsonio.digest(dict(SHARES)))),
        inputAttestations=(
            _resource(sha256),
            _resource(new.verified.statement.sha256),
        ),
        verificationResult="PASSED" if passed else "FAILED",
        verifiedLevels=(LEVEL,) if passed else (),
        why=_why(both, wrong)[:2000],
        reproduction=both,
    )
    return summary, wrong


def _resource(sha256: str) -> Resource:
    return Resource(uri=_CARD + sha256, digest=Digest(sha256=sha256))


def text(made: Reproduced) -> Sentence:
    """A reproduction for a person."""
    both = made.summary.reproduction
    result = Sentence(
        f"{made.summary.verificationResult}: {made.summary.why}",
        f"{RESULTS[made.summary.verificationResult]}：{chinese(_why(both, made.wrong))}",
    )
    same = Sentence(
        f"{both.equal} of {both.answers} the same text",
        f"{both.answers} 个回答中有 {both.equal} 个文本相同",
    )
    busy = Sentence(
        f"{made.busy}; a quiet machine may give other times",
        f"{chinese(made.busy)}；空闲的机器可能得出其他时间",
    )
    return labelled(
        (
            (Sentence("result", "结果"), result),
            (Sentence("here", "此处"), both.machine),
            (Sentence("answers", "回答"), same),
            *((Sentence("differs", "不同"), line) for line in made.wrong),
            *([(Sentence("mind", "注意"), busy)] if made.busy else []),
            (Sentence("signed by", "签名者"), made.key_id),
            (Sentence("statement", "声明文本"), str(made.target)),
        )
    )


def _why(both: Numbers, wrong: Sequence[str]) -> Sentence:
    """What the result rests on."""
    if wrong:
        return Sentence(
            f"{len(wrong)} do not agree: {wrong[0]}", f"{len(wrong)} 项不符：{chinese(wrong[0])}"
        )
    return Sentence(
        f"{len(both.metrics)} metrics agree, {both.equal} of {both.answers} answers are the same",
        f"{len(both.metrics)} 项指标相符，{both.answers} 个回答中有 {both.equal} 个相同",
    )
