"""Runs as they go: a folder of runs watched from a browser on the same machine."""
