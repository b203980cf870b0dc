"""The requests of a phase, made ready before it starts."""
