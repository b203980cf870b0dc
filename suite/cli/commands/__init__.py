"""One file a command: what it takes and says of itself. What it needs is imported when it runs."""
