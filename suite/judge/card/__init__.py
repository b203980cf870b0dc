"""The scorecard, put together from evidence, metrics and findings."""
