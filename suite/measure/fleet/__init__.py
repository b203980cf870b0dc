"""A fleet at work: attempts placed on machines by a backend, followed by a controller that may be killed at any time."""
