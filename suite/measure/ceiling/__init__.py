"""The load generator's own ceiling: how exact and how cheap it is, beside a floor in C and other clients.

Every client runs in a fresh process on one core against a paced server on another; the server writes down
when each request arrived and when it wrote each token. What a client reports beyond that is its own bias.

::

    case.py      one load: streams or rate, requests, timings
    ccompiler.py the C programs beside the benchmark, built when it runs
    server.py    the paced server, in C or (without a compiler) the scripted one; its truth
    times.py     the file of times that server and floor write, and what the suite's client writes
    child.py     a client's process tree: processor time, memory, how it ended
    clients.py   the suite's own client and the floor as commands
    peers/       other clients as commands, and what they leave
    outcome.py   one client under one load, held against the truth
    capacity.py  the highest rate that stays exact; the scaling of workers
    bars.py      what is asked of the client, as ratios within one run
    report.py    the whole procedure; table.py: its words
    faults.py    every fault of the scripted server and what the client recorded
"""
