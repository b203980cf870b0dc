"""Damaged evidence of every scenario: a failed rule or a refusal, never a traceback and never a NaN."""

from __future__ import annotations

import copy
import random

import pytest

from suite.base import schema
from suite.base.errors import SuiteError
from suite.documents.codec import plain
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import loads

BASES = {
    "interval": loads.interval(),
    "lockstep": loads.lockstep(),
    "multi_turn": loads.multi_turn(),
    "replay": loads.replay(),
    "saturated": loads.saturated(),
    "search": loads.search(),
    "timed": loads.timed(),
}
WRONG = (
    None,
    True,
    -1,
    0,
    1,
    2**53 - 1,
    -(2**53) + 1,
    0.0,
    1e-300,
    1e300,
    "",
    "enough",
    [],
    {},
    [1],
)
NUMBERS = (-(2**53) + 1, -1, 0, 1, 10**9, 2**53 - 1)
OUTCOMES = ("ok", "cancelled", "stall", "timeout", "no-content")


def damage_mark(parts: dict, source: random.Random) -> None:
    mark = source.choice([m for m in parts["marks"] if "phase" in m])
    match source.randrange(5):
        case 0:
            parts["marks"].remove(mark)
        case 1:
            parts["marks"].insert(source.randrange(len(parts["marks"])), copy.deepcopy(mark))
        case 2:
            mark["t"] = source.choice(NUMBERS[2:])
        case 3:
            mark.pop("detail", None)
        case 4:
            detail = mark.setdefault("detail", {})
            name = source.choice([*detail, "probe", "rate", "seen", "sent", "ended_by", "workers"])
            detail[name] = source.choice(WRONG)


def damage_request(parts: dict, source: random.Random) -> None:
    mine = [event for event in parts["requests"] if event["phase"] != "single-stream"]
    if not mine:
        return
    event = source.choice(mine)
    match source.randrange(7):
        case 0:
            first = source.randrange(len(parts["requests"]))
            del parts["requests"][first : first + source.randrange(1, 400)]
        case 1:
            event[source.choice(("t_sched", "t_send", "t_end"))] = source.choice(NUMBERS)
        case 2:
            event["chunk_t0"] = source.choice((None, *NUMBERS))
        case 3:
            event["outcome"] = source.choice(OUTCOMES)
        case 4:
            event["index"] = source.choice((10**6, 2**53 - 1))
        case 5:
            event |= {"usage": {}, "token_ids": None, "chunk_tokens": None}
        case 6:
            source.shuffle(parts["requests"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("base", BASES)
def test_damage_is_judged_or_refused(base, seed):
    source = random.Random(f"{base} {seed}")
    for _ in range(3):
        parts = copy.deepcopy(BASES[base])
        for _ in range(source.randrange(1, 4)):
            source.choice((damage_mark, damage_request))(parts, source)
        try:
            card = score(factory.evidence(parts))
        except SuiteError:
            continue  # a refusal with its code
        assert schema.problems(plain(card), "scorecard", file="card") == []
