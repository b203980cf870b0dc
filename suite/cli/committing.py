"""A vendor's commitment to what will run: made, signed and written; read for a run under a challenge."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli import inputs, rounds, signingkey, stamping
from suite.cli.machine import settings
from suite.cli.output import labelled, write_new
from suite.cli.terminal import Terminal
from suite.declare.plan.skeleton import skeleton_sha256
from suite.documents.commitment import Commitment
from suite.documents.document import given
from suite.judge.attest.challenge import make_commitment
from suite.judge.attest.sign import sign
from suite.judge.attest.times import format_time
from suite.measure.digests import DigestStore

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices
    from suite.documents.plan import Plan


def commit(
    choices: Choices, *, key: str | None, tsa: str | None, out: Path, after: Path | None = None
) -> Sentence:
    """Sign what a run of these choices will be, and write it; returns what to say of it.

    Args:
        choices: what will run.
        key: that signs.
        tsa: address of an authority that stamps the signature.
        out: file to write.
        after: the commitment before this one.

    Raises:
        UsageError: ``usage-wrong`` with a challenge, ``challenge-exists``, ``page-unwritable``.
        SuiteError: as `suite.cli.inputs.gather`, and what the key is refused for.
    """
    if choices.challenge is not None:
        hint = Sentence(
            "the reviewers issue the challenge when they have the commitment",
            "评审方收到承诺之后才签发质询",
        )
        raise UsageError(
            "usage-wrong",
            Sentence("a commitment comes before the challenge", "承诺先于质询"),
            hint=hint,
        )
    signer = signingkey.named_key(key) or signingkey.local_key()
    with Terminal() as terminal:
        store = DigestStore(settings().cache)
        plan = inputs.gather(choices, store=store, terminal=terminal).plan
    commitment = _commitment(plan)
    if after is not None:
        before, statement = rounds.commitment(after)
        number = given(before.sequence, 1) + 1
        commitment = replace(commitment, sequence=number, after=statement.sha256)
    stamp = stamping.authority(tsa) if tsa else None
    bundle = sign(make_commitment(commitment), signer.key, stamp)
    write_new(out, bundle, exists="challenge-exists")
    return labelled(
        [
            (Sentence("runs", "运行"), commitment.engine),
            (Sentence("model", "模型"), f"{commitment.model}, {commitment.model_sha256[:16]}…"),
            (Sentence("profile", "配置"), commitment.profile),
            (Sentence("skeleton", "骨架"), commitment.skeleton_sha256),
            (Sentence("number", "编号"), str(given(commitment.sequence, 1))),
            (signingkey.SIGNED_BY, signer.named()),
            (Sentence("commitment", "承诺"), str(out)),
        ]
    )


def _commitment(plan: Plan) -> Commitment:
    image = plan.engine.image
    digest = f"@{image.digest}" if image is not None and image.digest else ""
    return Commitment(
        commitment_schema=1,
        vendor=plan.vendor.id,
        made=format_time(dt.datetime.now(dt.UTC)),
        skeleton_sha256=skeleton_sha256(plan),
        suite=given(plan.suite.files_sha256, ""),
        declaration_sha256=plan.vendor.sha256,
        model=plan.model.id,
        model_sha256=plan.model.sha256,
        engine=f"{plan.engine.title}: {' '.join(plan.engine.command)}"[:2000],
        image="" if image is None else f"{image.reference}{digest}",
        profile=plan.workload.profile,
        profile_sha256=plan.workload.profile_sha256,
    )
