"""Numbered rules over the evidence. A missed bound is a result, never an exception.

R001-R009 the log, R010-R019 the load, R020-R029 the answers, R030-R039 the division, R040-R049 the scenarios,
R050-R059 what was observed, R060-R069 what ran and its peak, R070-R079 tokens and texts, R080-R089 what gives cheating
away, R090-R099 other witnesses, R100-R109 rounds, time stamps and attempts, R110-R119 where it ran, R120-R129 load
clients (R118 and R119 too), R130-R139 several nodes and devices held back.
"""
