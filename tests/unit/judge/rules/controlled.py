"""A sound single stream with control requests, and the ways in which a stream of chunks can be bent."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from suite.base import jsonio
from suite.declare.profiles import controls
from suite.documents.codec import convert, plain
from suite.documents.phase import Phase
from suite.documents.profile import ProfileControls
from tests.factories import evidence as factory
from tests.factories import loads

ORDINARY = 16
SIZE = len(factory.SUBJECTS)
HIDDEN = controls.place(
    ProfileControls(tasks=6, seed=1), 0, ordinary=ORDINARY, first_task=0, size=SIZE
)


def document() -> dict:
    """The factory's single stream, and another one of 16 requests with 24 controls among them."""
    doc = loads.phase("controlled", "single_stream", concurrency=1, tasks=ORDINARY + len(HIDDEN))
    doc["controls"] = [plain(control) for control in HIDDEN]
    phase = convert(doc, Phase)
    hidden = controls.by_index(phase)
    events = loads.closed_loop(doc, loads.even())
    for event in events:
        index = event["index"]
        number = controls.number(phase, hidden, index, SIZE)
        control = hidden.get(index)
        text = factory.answer(number)
        event["task"] = (
            f"t{number}" if control is None else controls.task_name(f"t{number}", control)
        )
        event["text"], event["lead_chars"] = text, factory.lead(text)
        event["prompt_sha256"] = jsonio.sha256_hex(f"prompt {event['task']}".encode())
        _resize(event, len(text.split()))
    detail = {"ended_by": "all-sent", "sent": len(events), "seen": len(events), "workers": 1}
    return loads.run(doc, events, loads.marks(doc, events, detail))


def _resize(event: dict, count: int) -> None:
    """Give an answer so many tokens, in the time that it took."""
    gaps = list(itertools.islice(itertools.cycle(event["chunk_dt"]), count - 1))
    while sum(gaps) > event["t_end"] - event["chunk_t0"]:
        gaps = [gap * 9 // 10 for gap in gaps]
    event |= {"chunk_dt": gaps, "chunk_tokens": [1] * count, "token_ids": list(range(count))}
    event["usage"] |= {
        "engine_completion": count, "ids_completion": count, "own_completion": count,
    }  # fmt: skip


def places(*kinds: str) -> list[int]:
    """Positions of the controls of these kinds; ``ordinary`` are all others."""
    chosen = [control.index for control in HIDDEN if control.salted in kinds]
    known = {control.index for control in HIDDEN}
    if "ordinary" in kinds:
        chosen += [index for index in range(ORDINARY + len(HIDDEN)) if index not in known]
    return sorted(chosen)


def _hasten(event: dict, step: dict) -> None:
    event["chunk_dt"] = [round(gap * step["by"]) for gap in event["chunk_dt"]]


def _bunch(event: dict, step: dict) -> None:
    """Every so many chunks leave together when the last of them is there, each `short` of the usual gap after the other."""
    gaps, size = event["chunk_dt"], step["by"]
    tiny = round(gaps[0] * step.get("short", 0.004))
    event["chunk_dt"] = [
        sum(gaps[place : place + size]) - tiny * (len(gaps[place : place + size]) - 1)
        if place % size == 0
        else tiny + place
        for place in range(len(gaps))
    ]


def _pack(event: dict, step: dict) -> None:
    event["chunk_tokens"] = [step["by"]] * len(event["chunk_tokens"])


def _blank(event: dict, step: dict) -> None:
    """A chunk of white space long before the first token; `tokens` in it, or None where the engine does not say."""
    wait = event["chunk_t0"] - event["t_send"] - 1_000_000
    event["chunk_t0"] -= wait
    event["chunk_dt"] = [wait, *event["chunk_dt"]]
    event["text"] = " " + event["text"]
    event["lead_chars"] = [1, *event["lead_chars"]]
    carried = step["tokens"]
    event["chunk_tokens"] = None if carried is None else [carried, *event["chunk_tokens"]]


def _guess(event: dict, step: dict) -> None:
    """The first token is sent before the prompt was read."""
    wait = event["chunk_t0"] - event["t_send"] - step["by"]
    event["chunk_t0"] -= wait
    event["chunk_dt"][0] += wait


def _copied(event: dict, step: dict) -> None:
    gaps = event["chunk_dt"]
    count = step.get("first", len(gaps))
    gaps[:count] = [step["by"] + 97 * place for place in range(count)]


def _rounded(event: dict, step: dict) -> None:
    event["chunk_dt"] = [gap - gap % step["by"] for gap in event["chunk_dt"]]


def _doubled(event: dict, _: dict) -> None:
    event["text"] = " ".join(word for word in event["text"].split() for _ in range(2))


def _part(event: dict, step: dict) -> None:
    """Another token at a place of the answer."""
    event["token_ids"] = [*event["token_ids"]]
    event["token_ids"][step["at"]] += 1000


OPS: dict[str, Callable[[dict, dict], None]] = {
    "blank": _blank,
    "bunch": _bunch,
    "copied-gaps": _copied,
    "doubled": _doubled,
    "guess": _guess,
    "hasten": _hasten,
    "pack": _pack,
    "part": _part,
    "rounded-gaps": _rounded,
}
"""What a case can do to the stream of an answer."""
