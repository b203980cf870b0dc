"""Numbered rules over the evidence. A missed bound is a result, never an exception.

R001-R009 the log, R010-R019 the load, R020-R029 the answers, R030-R039 the division,
R040-R049 the scenarios.
"""
