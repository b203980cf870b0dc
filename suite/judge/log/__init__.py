"""A run's log made ready: phases, requests that count, endings, steady states, searches."""
