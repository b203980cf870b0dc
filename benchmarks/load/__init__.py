"""The load generator's own ceiling: how exact and how cheap it is, beside a floor in C and other clients.

Every client runs in a fresh process on one core against a paced server on another; the server writes down
when each request arrived and when it wrote each token. What a client reports beyond that is its own bias.

::

    __main__.py    the command: ``python -m benchmarks.load``
    pace.c floor.c the server and the floor
    case.py        one load: streams or rate, requests, timings
    ccompiler.py   the C programs, built when the benchmark runs
    server.py      the paced server, in C or (without a compiler) the scripted one; its truth
    times.py       the file of times that server and floor write, and what the suite's client writes
    child.py       a client's process tree: processor time, memory, how it ended
    clients.py     the suite's own client and the floor as commands; client_main.py: the former's program
    peers/         other clients as commands, what they leave, and their environments
    measurement.py one client under one load, held against the truth
    spreads.py     quantiles, and a client's times minus the true ones
    capacity.py    the highest rate that stays exact; the scaling of workers
    results.py     everything that was measured
    bars.py        what is asked of the client, as ratios within one run
    report.py      the whole procedure; table.py: its words
    faults.py      every fault of the scripted server and what the client recorded
"""

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
