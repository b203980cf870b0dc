"""Metrics: pure functions of the evidence; `suite.judge.metrics.compute` runs them all."""
