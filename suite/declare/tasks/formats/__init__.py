"""Data formats: one module a format, which registers itself."""
