"""The wing that runs engines and leaves evidence; it knows nothing of judging."""
