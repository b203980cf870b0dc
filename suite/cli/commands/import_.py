"""``suite import``: a result of another tool, as what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence, placed
from suite.cli.command import command
from suite.cli.options import FILE, json_option

if TYPE_CHECKING:
    from pathlib import Path


@command("suite import results/vllm.json --out vllm.foreign.json")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--from",
    "tool",
    metavar="TOOL",
    help="vllm-bench, guidellm, aiperf, evalscope, inferencex or db-gpt (default: by what the file holds)",
)
@click.option("--out", type=FILE, metavar="FILE", help="write it too; for one FILE alone")
@json_option("what was read, a line each")
def import_(files: tuple[Path, ...], *, tool: str | None, out: Path | None, as_json: bool) -> int:
    """Read results of other tools: vLLM bench, GuideLLM, AIPerf, EvalScope, InferenceX, DB-GPT.

    They are foreign: nobody signed them, nothing is recomputed, and they are never ranked with cards. `suite compare
    --foreign FILE` shows them in a section of their own.
    """
    from suite.base.errors import UsageError
    from suite.base.visible import say
    from suite.cli.output import write_json, write_report, write_table
    from suite.documents import codec
    from suite.judge.foreign import view
    from suite.judge.foreign.read import read

    if out is not None and len(files) != 1:
        raise UsageError(
            "usage-wrong", Sentence("--out takes one FILE alone", "--out 只接受一个 FILE")
        )
    for path in files:
        result = read(path, tool)
        if as_json:
            write_json(result)
        else:
            say(placed(result.file, view.heading(result)))
            for heading, rows in view.tables([result]):
                write_table(heading, rows)
        if out is not None:
            write_report(out, codec.pretty(result))
    return 0
