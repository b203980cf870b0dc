"""From the bytes of ended responses to request events, in the idle moments of a phase."""
