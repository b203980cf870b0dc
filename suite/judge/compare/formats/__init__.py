"""Ways to write a comparison: each module has a `FORMAT`, looked up by `suite.judge.report.formats.registry`."""
