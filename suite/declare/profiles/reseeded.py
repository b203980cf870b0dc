"""A profile under a challenge: the same loads, with every seed drawn from the challenge's salt."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

if TYPE_CHECKING:
    from suite.declare.profiles.load import Profile
    from suite.documents.profile import ProfilePhase

_SEEDED: Final = ("arrivals", "controls", "grid", "lengths", "search")
"""Members of a phase that have a seed."""
_SEEDS: Final = 1 << 31
"""Seeds lie below this; repeats and probes add to them."""


def reseeded(profile: Profile, salt: str) -> Profile:
    """The profile with the seeds of a challenge; its digest stays the profile's own.

    Args:
        profile: as it lies in its file.
        salt: of the challenge, for loads.
    """
    phases = tuple(_phase(phase, salt) for phase in profile.doc.phases)
    return dataclasses.replace(profile, doc=replace(profile.doc, phases=phases))


def _phase(phase: ProfilePhase, salt: str) -> ProfilePhase:
    changed = {}
    for name in _SEEDED:
        member = getattr(phase, name)
        if member is None or member is UNSET:
            continue
        digest = hashlib.sha256(f"{salt}\n{phase.name}\n{name}\n{member.seed}".encode()).digest()
        changed[name] = replace(member, seed=int.from_bytes(digest[:8], "big") % _SEEDS)
    return replace(phase, **changed)
