"""The wing that judges evidence: metrics, checks, scorecard, signature, page. It starts nothing."""
