"""What of a plan a challenge leaves alone: what a vendor commits to before the challenge is issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.documents.codec import plain

if TYPE_CHECKING:
    from suite.base.jsonio import JSONValue
    from suite.documents.plan import Plan

_DRAWN = ("challenge", "nonce")
_DRAWN_OF_WORKLOAD = ("taskset", "phases", "quality")
"""The task set and what follows from it; the profile's digest says what they are drawn from."""
_MODULE_WORDS = 3
"""``python -m module``: the scripted server's command without its script, which knows the round's stories."""


def skeleton_sha256(plan: Plan) -> str:
    """Digest of a plan's skeleton: the plan without round, challenge, tasks, phases and the reference on those tasks."""
    skeleton: dict[str, JSONValue] = {
        name: value for name, value in plain(plan).items() if name not in _DRAWN
    }
    workload, engine = plain(plan.workload), plain(plan.engine)
    skeleton["workload"] = {
        name: value for name, value in workload.items() if name not in _DRAWN_OF_WORKLOAD
    }
    if plan.runtime == "sim":
        engine["command"] = list(plan.engine.command[:_MODULE_WORDS])
    skeleton["engine"] = engine
    return jsonio.digest(skeleton)
