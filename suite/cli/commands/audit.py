"""``suite audit``: whether the declared model gave a run's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, exclusive
from suite.base.visible import say
from suite.cli.command import Count, Names, command
from suite.cli.options import FILE, json_option, quiet_option
from suite.cli.signingoptions import signing
from suite.cli.trustoptions import Trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing

_DTYPES = ("float32", "float64", "bfloat16", "float16")


@command("suite audit runs/20260131-120000-cpu-vllm-smoke --model mini --trust trust/keys.json")
@click.argument("run", type=FILE)
@click.option("--model", required=True, metavar="DIR", help="the reference's weights, or mini")
@click.option("--data", type=FILE, help="the run's task set (default: the mini set)")
@click.option(
    "--reference-url",
    metavar="URL",
    help="your own vLLM server with these weights, in the precision of --dtype (default: transformers computes)",
)
@click.option(
    "--engine-python",
    type=FILE,
    metavar="PATH",
    help="python with torch and transformers (default: an environment is made)",
)
@click.option("--dtype", type=Names(_DTYPES), default="float32", help="the reference's precision")
@click.option("--device", default="cpu", show_default=True, help="as torch names it")
@click.option("--tokens", type=Count(1_000_000), default=1000, show_default=True, metavar="N")
@click.option("--seed", type=Count(2**32 - 1), help="chooses the answers (default: drawn)")
@click.option("--trust", type=FILE, metavar="FILE", help="trust list for the card's signature")
@signing("default: RUN.audit.sigstore.json beside it")
@quiet_option
@json_option("the audit")
def audit(
    run: Path,
    *,
    model: str,
    data: Path | None,
    reference_url: str | None,
    engine_python: Path | None,
    dtype: str,
    device: str,
    tokens: int,
    seed: int | None,
    trust: Path | None,
    signing: Signing,
    quiet: bool,
    as_json: bool,
) -> int:
    """Hold a run's answers against the model that it names, token by token.

    Verifies the run, draws answers of at most N tokens, and has the reference read them: a token that it would not have
    given is a tie of arithmetic where the margin is small, and another model where it is not. What arithmetic changes is
    measured first, on the same tokens. Signs the result as a statement about the card, for `suite verify --audit` and a
    submission's statements/. The exit status is 0 for the same model, 1 for another, 4 where too little was there to tell.
    """
    from suite.cli import signingkey
    from suite.cli.auditing import STATUS, AuditOptions, make, write
    from suite.cli.output import labelled, write_json
    from suite.cli.runtime import server_url
    from suite.cli.statements import AUDIT_ENDING, rows
    from suite.cli.terminal import Terminal
    from suite.documents.codec import plain

    if reference_url is not None and engine_python is not None:
        message = exclusive("--engine-python", "--reference-url")
        raise UsageError(
            "usage-wrong", message, hint=Sentence("leave one of them out", "请去掉其中一个")
        )
    signer, stamp = signingkey.opened(signing)
    options = AuditOptions(
        run=run,
        model=model,
        data=data,
        python=engine_python,
        dtype=dtype,
        device=device,
        tokens=tokens,
        seed=seed,
        url=None if reference_url is None else server_url(reference_url),
    )
    with Terminal(quiet=quiet) as terminal:
        report = make(options, Trusted(trust=trust), signer.key.public, terminal)
    target = signing.beside(run, AUDIT_ENDING)
    write(report, str(run), target, signer.key, stamp)
    if as_json:
        write_json(plain(report.predicate))
    else:
        say(
            labelled(
                [
                    *rows(report.predicate),
                    (signingkey.SIGNED_BY, signer.named()),
                    (Sentence("statement", "声明"), str(target)),
                ]
            )
        )
    return STATUS[report.predicate.verdict]
