"""Bringing files to this machine: the published task set and a model."""
