"""How far a fact on a card can be trusted, in one word."""

from typing import Literal

Standing = Literal["recomputed", "observed", "attested", "asserted"]
"""Recomputed: it follows from the evidence, and `suite verify` derives it again. Observed: the suite saw it on the machine
that measured. Attested: somebody else signed for it. Asserted: it rests on the word of whoever ran, or sells."""
