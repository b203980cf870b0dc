"""``suite reproduce``: run a card's plan again on this machine, and sign whether its numbers come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE, Sending, json_option, quiet_option, sending
from suite.cli.signingoptions import signing

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing


@command("suite reproduce runs/20260131-120000-cpu-vllm-smoke --trust keys.json --key reviewer.pem")
@click.argument("run", type=FILE)
@click.option("--model", metavar="DIR", help="the model here (default: where it lay)")
@click.option("--data", type=FILE, help="the task set's file, where it is not the mini set")
@click.option("--vendor", metavar="NAME", help="the declaration here (default: by its id)")
@click.option("--engine-python", type=FILE, metavar="PATH", help="as of suite run")
@click.option("--url", help="address of the server, for a run of one that ran already")
@click.option("--sim-script", metavar="SCRIPT", help="another script of the scripted server")
@click.option(
    "--again", type=FILE, metavar="DIR", help="a run of the plan that was made here already"
)
@sending
@click.option("--run-out", type=FILE, metavar="DIR", help="run directory; default: runs/<id>")
@click.option("--card-key", metavar="FILE", help="key that signs the card of the new run")
@click.option("--trust", type=FILE, metavar="FILE", help="trust list for the card's signature")
@click.option(
    "--consensus",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="run nothing: show what several reproductions came to, each verified; needs --trust; may be repeated",
)
@signing("default: RUN.reproduction.sigstore.json")
@quiet_option
@json_option("the summary, or the consensus")
def reproduce(
    run: Path,
    *,
    model: str | None,
    data: Path | None,
    vendor: str | None,
    engine_python: Path | None,
    url: str | None,
    sim_script: str | None,
    again: Path | None,
    sending: Sending,
    run_out: Path | None,
    card_key: str | None,
    trust: Path | None,
    consensus: tuple[Path, ...],
    signing: Signing,
    quiet: bool,
    as_json: bool,
) -> int:
    """Run a card's plan again on this machine, and sign whether its numbers come out.

    RUN is a signed run directory. It is verified, its plan is made again from what it kept, and held against the first: another
    model, declaration, task set, engine or kind of device is refused before anything is started. Then it runs, and each metric's ratio must
    reach, with its interval, into what two honest runs may differ by. The result is a SLSA verification summary about the card, signed by a
    reviewer's key (--key). The exit status is 0 where the numbers come out, 1 where they do not.
    """
    from suite.cli import reproducing
    from suite.cli.output import write_json
    from suite.documents.codec import plain

    if consensus:
        return _consensus(run, consensus, trust, as_json=as_json)
    machine = reproducing.OwnMachine(
        model=model, data=data, vendor=vendor, python=engine_python, url=url, script=sim_script
    )
    reproduction = reproducing.reproduce(
        run,
        machine,
        sending,
        again=again,
        run_out=run_out,
        card_key=card_key,
        trust=trust,
        signing=signing,
        quiet=quiet,
    )
    if isinstance(reproduction, int):
        return reproduction
    if as_json:
        write_json(plain(reproduction.summary))
    else:
        say(reproducing.text(reproduction))
    return 0 if reproduction.summary.verificationResult == "PASSED" else 1


def _consensus(run: Path, files: tuple[Path, ...], trust: Path | None, *, as_json: bool) -> int:
    """Show what several reproductions came to; 0 where most of them agree with the card."""
    from suite.cli.consensus import consensus, text
    from suite.cli.output import write_json
    from suite.documents.codec import plain

    if trust is None:
        hint = Sentence("the trust list says whose reproductions count", "信任列表决定谁的复现算数")
        message = Sentence("--consensus needs --trust", "--consensus 需要 --trust")
        raise UsageError("usage-wrong", message, hint=hint)
    view = consensus(run, files, trust)
    if as_json:
        write_json(plain(view))
    else:
        say(text(view))
    return 0 if view.passed > view.failed else 1
