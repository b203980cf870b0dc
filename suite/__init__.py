"""Vendor-neutral conformance suite for LLM inference: measure, sign, verify, compare."""

__version__ = "0.3.0.dev0"
