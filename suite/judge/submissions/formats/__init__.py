"""Ways to write the check of submissions: each module has a `FORMAT`, looked up by `suite.judge.report.formats.registry`."""
