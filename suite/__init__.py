"""Vendor-neutral conformance suite for LLM inference: measure, sign, verify, compare."""

__version__ = "0.2.0"
