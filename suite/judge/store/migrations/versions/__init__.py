"""Each a step from the version before it."""
