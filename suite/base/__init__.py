"""What everything stands on: errors, outcomes, strict JSON and YAML, schemas."""
