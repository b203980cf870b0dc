"""Reference runs of reviewers: made from a run, listed, checked, and chosen for a run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import EvidenceError, Problem, TrustError
from suite.cli import judging, signingkey
from suite.cli.output import labelled, write_new
from suite.declare.tasks import reference as references
from suite.judge.attest import trust as trusts
from suite.judge.attest.reference import make_reference, reference_of_run, verify_reference
from suite.judge.attest.review import verifier
from suite.judge.attest.sign import sign
from suite.judge.attest.statement import MANIFEST_SUBJECT

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.cli.signingoptions import Signing
    from suite.cli.trustoptions import Trusted
    from suite.declare.tasks.reference import KnownReference
    from suite.documents.reference import Reference
    from suite.evidence import Evidence
    from suite.judge.attest.trust import TrustList


def make(
    run: Path,
    trusted: Trusted,
    *,
    name: str | None,
    signing: Signing,
) -> str:
    """Verify a run, sign what it answered and write it; returns what to say of it.

    Raises:
        EvidenceError: ``run-missing``, ``reference-unfit``.
        UsageError: ``reference-exists``, ``page-unwritable``.
        SuiteError: what the verification or the key is refused for.
    """
    evidence, manifest = _verified(run, trusted)
    signer, stamp = signingkey.opened(signing)
    stated = reference_of_run(evidence, verifier(signer.key.public), dt.datetime.now(dt.UTC))
    if name is not None:
        stated = replace(stated, model=replace(stated.model, id=name))
    bundle = sign(make_reference(stated, manifest), signer.key, stamp)
    target = signing.out or Path(f"{_word(stated.model.id)}-{stated.tasks.name}{references.ENDING}")
    write_new(target, bundle, exists="reference-exists")
    return labelled(
        (
            *describe(stated),
            (signingkey.SIGNED_BY, signer.named()),
            (Sentence("reference", "参考运行"), str(target)),
        )
    )


def _verified(run: Path, trusted: Trusted) -> tuple[Evidence, str]:
    """The evidence of a conformant run whose signature and numbers hold, and its manifest's digest."""
    verification = judging.verified(run, trusted)
    manifest = verification.verified.statement.subject(MANIFEST_SUBJECT)
    if verification.evidence is None or manifest is None:
        hint = Sentence(
            "give the run directory: a card alone holds no answers",
            "请给出运行目录：仅有评分卡则没有回答",
        )
        raise EvidenceError(
            "run-missing", Sentence(f"{run} holds no evidence", f"{run} 不含证据"), hint=hint
        )
    if not verification.card.verdict.conformant:
        problems = [
            Problem(placed(each.rule, each.why))
            for each in verification.card.checks
            if each.outcome == "fail"
        ]
        message = Sentence(f"{run} is not conformant", f"{run} 不合规")
        raise EvidenceError("reference-unfit", message, problems=problems)
    return verification.evidence, manifest


def _word(text: str) -> str:
    return "".join(
        letter if letter.isalnum() else "-" for letter in text.rpartition("/")[2]
    ).lower()


def describe(stated: Reference) -> list[tuple[str, str]]:
    """A reference run for people: names, and what stands behind each."""
    means = references.means(stated)
    engine, tasks = stated.engine, stated.tasks
    ids = sum(1 for answer in stated.answers if answer.token_ids)
    revision = stated.model.revision
    at = Sentence(f" at {revision}", f"，版本 {revision}") if revision else ""
    return [
        (Sentence("model", "模型"), Sentence(stated.model.id, stated.model.id) + at),
        (
            Sentence("tasks", "任务"),
            Sentence(
                f"{tasks.name}, {len(stated.answers)} answers of at most {tasks.max_new_tokens} tokens",
                f"{tasks.name}，{len(stated.answers)} 个回答，每个最多 {tasks.max_new_tokens} 个 token",
            ),
        ),
        (
            Sentence("engine", "推理引擎"),
            Sentence(
                f"{engine.id} {engine.version}, {engine.dtype}, greedy",
                f"{engine.id} {engine.version}，{engine.dtype}，贪心解码",
            ),
        ),
        (
            Sentence("ROUGE", "ROUGE"),
            f"{', '.join(f'{means[metric]:.4f}' for metric in references.ROUGES)} (1, 2, L, Lsum)",
        ),
        (
            Sentence("length", "长度"),
            Sentence(
                f"{means['generated_tokens']:.2f} tokens on average; token ids of {ids} answers",
                f"平均 {means['generated_tokens']:.2f} 个 token；{ids} 个回答有 token 编号",
            ),
        ),
        (Sentence("made", "生成于"), stated.timeCreated),
    ]


def every(directory: Path | None) -> list[KnownReference]:
    """The shipped reference runs, and those of a directory.

    Raises:
        DeclarationError: as `suite.declare.tasks.reference.read_directory`.
    """
    others = () if directory is None else references.read_directory(directory)
    return [*references.shipped(), *others]


def summary(known: KnownReference, trust: TrustList | None) -> JSONObject:
    """A reference run as a program reads it, with who signed."""
    stated = known.document
    return {
        "model": stated.model.id,
        "revision": stated.model.revision,
        "tasks": stated.tasks.name,
        "answers": len(stated.answers),
        "engine": _engine(stated),
        "dtype": stated.engine.dtype,
        "means": dict(references.means(stated)),
        "sha256": known.sha256,
        "key": known.key_id,
        "signed_by": _signer(known, trust),
    }


def _engine(stated: Reference) -> str:
    return f"{stated.engine.id} {stated.engine.version}"


def _signer(known: KnownReference, trust: TrustList | None) -> str:
    if known.shipped:
        return Sentence("shipped with the suite", "随套件提供")
    if trust is None:
        return Sentence("not checked: no trust list", "未核验：没有信任列表")
    try:
        verified = verify_reference(known.bundle.encode("ascii"), trust, known.document.model.id)
    except TrustError as refused:
        return Sentence(f"refused: {refused.message}", f"被拒绝：{chinese(refused.message)}")
    return _reviewer(verified.owner)


def _reviewer(owner: str | None) -> Sentence:
    return Sentence(f"{owner}, a reviewer", f"{owner}，评审方")


HEADINGS: Final = (
    Sentence("model", "模型"),
    Sentence("tasks", "任务"),
    Sentence("answers", "回答"),
    Sentence("engine", "推理引擎"),
    Sentence("precision", "精度"),
    Sentence("ROUGE-1", "ROUGE-1"),
    Sentence("signed by", "签名者"),
)


def cells(known: KnownReference, trust: TrustList | None) -> tuple[str, ...]:
    """A reference run as a line under `HEADINGS`."""
    stated = known.document
    return (
        stated.model.id,
        stated.tasks.name,
        str(len(stated.answers)),
        _engine(stated),
        stated.engine.dtype,
        f"{references.means(stated)['rouge1']:.4f}",
        _signer(known, trust),
    )


def check(file: Path, trust_list: Path, run: Path | None, trusted: Trusted) -> str:
    """Verify a reference run's file against a trust list, and that it follows from its run where that is at hand.

    Raises:
        TrustError: what the list or the signature is refused for; ``reference-differs``.
        DeclarationError: as `suite.declare.tasks.reference.read`.
        SuiteError: what the run is refused for.
    """
    data = jsonio.read_bytes(file, error=TrustError, limit=references.MOST_BYTES)
    verified = verify_reference(data, trusts.load(trust_list), str(file))
    known = references.read(data, str(file))
    rows = [*describe(known.document), (Sentence("signed by", "签名者"), _reviewer(verified.owner))]
    if run is not None:
        evidence, manifest = _verified(run, trusted)
        if verified.statement.subject(MANIFEST_SUBJECT) != manifest:
            raise TrustError(
                "reference-differs",
                Sentence(
                    f"{file} was made from another run than {run}", f"{file} 并非由 {run} 生成"
                ),
            )
        stated = known.document
        recomputed = reference_of_run(evidence, stated.verifier, dt.datetime.now(dt.UTC))
        # When it was made is not told by the run, and a name is free.
        model = replace(recomputed.model, id=stated.model.id)
        recomputed = replace(recomputed, timeCreated=stated.timeCreated, model=model)
        if wrong := [
            name
            for name in stated.__struct_fields__
            if getattr(stated, name) != getattr(recomputed, name)
        ]:
            message = Sentence(
                f"{file} does not follow from {run}: {', '.join(wrong)}",
                f"{file} 不能由 {run} 得出：{', '.join(wrong)}",
            )
            raise TrustError("reference-differs", message)
        rows.append(
            (
                Sentence("follows", "得自"),
                Sentence(f"from {run}, answer by answer", f"{run}，逐个回答"),
            )
        )
    return labelled(rows)
