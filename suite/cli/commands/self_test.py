"""``suite self-test``: what the load client can do on this machine."""

from __future__ import annotations

import click

from suite.base.bilingual import Sentence
from suite.cli.command import Number, command
from suite.cli.options import json_option

_LIMITS = {
    "client": Sentence(
        "beyond it the client's times are no longer exact", "超过它，客户端的时刻不再准确"
    ),
    "server": Sentence(
        "a lower bound: the scripted server gave up first", "下界：脚本服务器先达到极限"
    ),
    "range": Sentence(
        "a lower bound: the highest load that is tried was exact", "下界：所试的最高负载仍准确"
    ),
}


@command("suite self-test --seconds 10")
@click.option(
    "--seconds",
    type=Number(2, 600),
    default=5.0,
    show_default=True,
    metavar="S",
    help="how long it may take, about",
)
@json_option("the result")
def self_test(seconds: float, *, as_json: bool) -> int:
    """Find the highest token rate that the load client times exactly on this machine.

    Holds the client's times against a scripted server that writes down when it really wrote. Both share the machine.
    """
    from suite.base.quantities import latency
    from suite.cli.output import labelled, write_json, write_text
    from suite.cli.terminal import Terminal
    from suite.measure.load.selftest import ceiling

    with Terminal() as terminal:
        terminal.step(Sentence("sending to the scripted server", "向脚本服务器发送请求"))
        result = ceiling(seconds)
    if as_json:
        write_json(result._asdict())
        return 0
    rate, limit = f"{result.tokens_s:,.0f}", _LIMITS[result.limited_by]
    late = latency(result.lateness_ms)
    write_text(
        labelled(
            [
                (
                    Sentence("exact up to", "准确至"),
                    Sentence(f"{rate} tokens/s ({limit})", f"{rate} token/s（{limit.zh}）"),
                ),
                (
                    Sentence("sent late", "发送滞后"),
                    Sentence(f"{late}, p99 at 250 requests/s", f"{late}，每秒 250 个请求时的 p99"),
                ),
            ]
        )
    )
    return 0
