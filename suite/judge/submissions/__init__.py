"""Submissions: how a run is handed in, and how a tree of them is checked."""
