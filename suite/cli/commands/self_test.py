"""``suite self-test``: what the load client can do on this machine."""

from __future__ import annotations

import click

from suite.cli.command import command
from suite.cli.options import json_option

_LIMITS = {
    "client": "beyond it the client's times are no longer exact",
    "server": "a lower bound: the scripted server gave up first",
    "range": "a lower bound: the highest load that is tried was exact",
}


@command("suite self-test --seconds 10")
@click.option(
    "--seconds",
    type=click.FloatRange(2, 600),
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
    from suite.cli.output import write_json, write_text
    from suite.cli.terminal import Terminal
    from suite.measure.load.selftest import ceiling

    with Terminal() as terminal:
        terminal.step("sending to the scripted server")
        result = ceiling(seconds)
    if as_json:
        write_json(result._asdict())
        return 0
    write_text(f"exact up to  {result.tokens_s:,.0f} tokens/s ({_LIMITS[result.limited_by]})")
    write_text(f"sent late    {latency(result.lateness_ms)}, p99 at 250 requests/s")
    return 0
