"""Two scorecards compared."""
