"""What the documents say of rules and metrics, from their records."""
