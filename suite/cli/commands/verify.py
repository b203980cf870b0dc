"""``suite verify``: check run directories, bundles and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence, placed
from suite.base.errors import UsageError
from suite.base.language import language
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.evidenceoptions import evidence_options
from suite.cli.options import FILE, json_option
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.evidenceoptions import Taken
    from suite.cli.trustoptions import Trusted
    from suite.judge.attest.verification import Verification


@command("suite verify runs/20260131-120000-cpu-vllm-smoke --trust trust/keys.json")
@click.argument("subjects", metavar="SUBJECT...", nargs=-1, required=True, type=FILE)
@trusted
@click.option("--nonce", help="the round that the scorecard must be for")
@click.option(
    "--statement",
    "--audit",
    "statements",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="reviewer's audit, witness report or reproduction of the card; needs --trust; may be repeated",
)
@evidence_options
@json_option("the steps")
def verify(
    subjects: tuple[Path, ...],
    trusted: Trusted,
    nonce: str | None,
    statements: tuple[Path, ...],
    *,
    taken: Taken,
    as_json: bool,
) -> int:
    """Check run directories, submissions, bundles and pages, in numbered steps.

    SUBJECT is a run directory, a submission, a .sigstore.json or an .html file. Re-hashes the evidence, checks the signature,
    recomputes every number from the raw events and renders the page again. A run directory without --trust or --key is
    checked against the key in it, and the last line says that the signer is not established; a bundle or page alone
    needs one of the two. Several subjects give a line each, with the status of the worst.
    """
    from suite.cli import judging
    from suite.cli.output import write_json

    if statements and (trusted.trust is None or len(subjects) > 1):
        hint = Sentence(
            "the trust list says whose statements count; each is about one card",
            "信任列表决定谁的声明算数；每份声明只针对一张评分卡",
        )
        raise UsageError(
            "usage-wrong",
            Sentence(
                "--statement needs --trust and one SUBJECT",
                "--statement 需要 --trust 与一个 SUBJECT",
            ),
            hint=hint,
        )
    known = judging.known(trusted, nonce, shared=len(subjects) > 1)
    elsewhere = taken.elsewhere()
    if len(subjects) == 1:
        result = judging.verify(subjects[0], known, elsewhere)
        if known.trust is not None and (statements or result.maker):
            from suite.cli.statements import with_statements

            result = with_statements(result, statements, known.trust)
        if as_json:
            write_json(result.to_json())
        else:
            say(result.text(language()), end="")
        return judging.verified_status(result)
    results = judging.verify_each(subjects, known, elsewhere)
    statuses = [judging.verified_status(result) for result in results]
    if as_json:
        write_json([result.to_json() for result in results])
    else:
        for result, status in zip(results, statuses, strict=True):
            line = placed(result.subject, result.summary())
            if status in (0, 1):
                line += Sentence("; ", "；") + _verdict(result)
            say(f"{status}  {language().of(line)}")
    return max(statuses)


def _verdict(result: Verification) -> str:
    assert result.verified is not None
    verdict = result.verified.card.verdict
    return Sentence(verdict.sentence.en, verdict.sentence.zh)
