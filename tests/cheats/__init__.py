"""The cheating vendor at every level of trust: what names each of its cheats, by whole runs.

``python -m tests.cheats --keep DIR`` runs every cheat at every level and writes ``docs/cheats.json``, from which the table of the
threat model is made; a sample of the runs is a test.
"""
