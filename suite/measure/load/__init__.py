"""The load generator: sends the requests of a phase and records what comes back.

::

    send.py       one phase, from this process or from several
    phase.py      one phase from this process
    driver.py     decides when what is sent, and when a phase ends
    sources.py    where the requests come from, and when each is due
    target.py     where they go; stats.py: how the phase went
    selftest.py   the highest token rate that the client takes exactly on this machine
    requests/     the requests, made ready before the phase starts
    transport/    sockets, HTTP framing, stamps
    decode/       from bytes to request events
    processes/    several senders
"""
