"""When a phase has seen enough, whether a probe met its objectives, which rate is next: pure functions of numbers.

The run asks them while it measures, and the judge asks them again over the events that the run left: both must
get the same answer, so nothing here reads a clock, draws a random number, or depends on anything but its arguments.
"""
