"""How far a fact on a card, and a card as a whole, can be trusted, in one word."""

from typing import Final, Literal, TypeAlias, get_args

from suite.base.bilingual import Bilingual

Standing = Literal["recomputed", "observed", "attested", "asserted"]
"""Recomputed: it follows from the evidence, and `suite verify` derives it again. Observed: the suite saw it on the machine
that measured. Attested: somebody else signed for it. Asserted: it rests on the word of whoever ran, or sells."""

Level: TypeAlias = Literal["self-reported", "challenged", "witnessed", "reproduced", "attested"]
"""How far a run can be trusted, in the order in which less and less rests on the vendor's word."""
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
LEVEL_NAMES: Final[dict[Level, Bilingual]] = {
    "self-reported": Bilingual("self-reported", "自行申报"),
    "challenged": Bilingual("challenged", "已受质询"),
    "witnessed": Bilingual("witnessed", "已见证"),
    "reproduced": Bilingual("reproduced", "已复现"),
    "attested": Bilingual("attested hardware", "硬件已证明"),
}
"""What each level is called, wherever it is shown."""
