"""``suite sim``: the scripted server by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE, json_option

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PORT = 8000


@command("""suite sim --port 8000 --script '{"ttft_ms": 200, "faults": ["stalls"]}'""")
@click.option("--script", default="{}", help="JSON, or @file (default: no faults)")
@click.option("--fault", multiple=True, metavar="NAME", help="a fault; may be repeated")
@click.option(
    "--cheat", multiple=True, metavar="NAME", help="a vendor that cheats so; may be repeated"
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=int, default=DEFAULT_PORT, show_default=True, help="0 takes a free one"
)
@click.option("--truth", type=FILE, metavar="FILE", help="file for the true times")
@click.option("--list-faults", is_flag=True, help="say what can go wrong, and end")
@click.option("--list-cheats", is_flag=True, help="say how a vendor can cheat, and end")
@json_option("with --list-faults or --list-cheats, the list")
def sim(
    script: str,
    fault: tuple[str, ...],
    cheat: tuple[str, ...],
    *,
    host: str,
    port: int,
    truth: Path | None,
    list_faults: bool,
    list_cheats: bool,
    as_json: bool,
) -> int:
    """Start the scripted server: known timings, named faults.

    Serves the OpenAI-compatible streaming API with scripted timings, faults and cheats until Ctrl-C, to try the
    suite or another client. No model runs; a card of it says so.
    """
    from suite.cli import simscript

    if list_faults or list_cheats:
        return _list(cheats=list_cheats, as_json=as_json)
    if as_json:
        raise UsageError(
            "json-needs-list",
            Sentence(
                "--json goes with --list-faults or --list-cheats",
                "--json 与 --list-faults 或 --list-cheats 一起使用",
            ),
        )
    if not 0 <= port <= 65_535:
        raise UsageError(
            "port-wrong", Sentence(f"{port} is not a port", f"{port} 不是端口"), hint="0 to 65535"
        )

    def ready(address: str) -> None:
        measure = f"suite run --url {address} --model mini"
        say(
            Sentence(f"serving {address} until Ctrl-C", f"正在 {address} 提供服务，直至 Ctrl-C"),
            flush=True,
        )
        say(Sentence(f"measure it: {measure}", f"测量命令：{measure}"), flush=True)

    simscript.serve(script, fault, cheat, host=host, port=port, truth=truth, on_ready=ready)
    say(Sentence("stopped", "已停止"))
    return 0


def _list(*, cheats: bool, as_json: bool) -> int:
    from suite.cli.output import write_json, write_table
    from suite.measure.engine.sim_cheats import CHEATS
    from suite.measure.engine.sim_faults import FAULTS

    known = (
        {
            cheat.name: Sentence(cheat.does.en, cheat.does.zh)
            for cheat in CHEATS.values()
            if cheat.apply is not None
        }
        if cheats
        else FAULTS
    )
    if as_json:
        write_json(known)
    else:
        heading = (
            (Sentence("cheat", "作弊"), Sentence("what the vendor does", "厂商的做法"))
            if cheats
            else (Sentence("fault", "故障"), Sentence("what happens", "现象"))
        )
        write_table(heading, sorted(known.items()))
    return 0
