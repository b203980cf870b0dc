"""Arguments in, exit status out: the only place that prints, reads the environment or exits."""
