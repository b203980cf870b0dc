"""Reports: pure functions of verified bytes."""
