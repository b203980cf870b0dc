"""The same events in other tools' terms."""
