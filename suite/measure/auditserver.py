"""Recorded answers read by a vLLM server of the reviewer's: log-probabilities of the very tokens, as part of a prompt.

Each answer's tokens are sent behind its prompt to ``/v1/completions`` with ``prompt_logprobs``: once alone, and once more
with others beside it, so that what batching changes is measured on the very same places. Differences of log-probabilities
are differences of logits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import msgspec
import requests

from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.base.visible import visible
from suite.measure.audit import Reading, Readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.measure.audit import Assignment
    from suite.measure.engine.served import Progress

T = TypeVar("T")
COMPANY: Final = 8
"""Answers that are read at the same time in the second pass."""
LIKELIEST: Final = 5
"""Tokens of which the server tells the log-probability, beside the recorded one."""
TIMEOUT_S: Final = 600.0


class _Token(msgspec.Struct, frozen=True):
    logprob: float
    rank: Annotated[int, msgspec.Meta(ge=1)] | None = None


_Place = dict[str, _Token]


class _Choice(msgspec.Struct, frozen=True):
    prompt_logprobs: list[_Place | None]


class _Completion(msgspec.Struct, frozen=True):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]


class _Model(msgspec.Struct, frozen=True):
    id: str


class _Models(msgspec.Struct, frozen=True):
    data: Annotated[list[_Model], msgspec.Meta(min_length=1)]


class _Version(msgspec.Struct, frozen=True):
    version: str


def read(assignment: Assignment, url: str, *, on_progress: Progress) -> Readings:
    """Have a server read the answers.

    Args:
        assignment: what; its precision and device are the server's own.
        url: of the server, without ``/v1``.
        on_progress: told what runs.

    Raises:
        EngineError: ``audit-failed``: the server cannot be reached, refuses, or answers something else.
    """
    name = _decoded(_sent("GET", f"{url}/v1/models"), _Models).data[0].id
    version = _decoded(_sent("GET", f"{url}/version"), _Version).version

    def places(answer: Mapping[str, list[int]]) -> list[_Place]:
        return _places(url, name, answer)

    on_progress(Sentence("reading the answers one by one", "逐一读取回答"))
    alone = [places(answer) for answer in assignment.answers]
    on_progress(Sentence("reading them again beside each other", "并行再次读取"))
    with ThreadPoolExecutor(COMPANY) as pool:
        company = list(pool.map(places, assignment.answers))
    answers = [
        [
            _reading(token, first, second, assignment.ends)
            for token, first, second in zip(answer["output"], own, again, strict=True)
        ]
        for answer, own, again in zip(assignment.answers, alone, company, strict=True)
    ]
    return Readings(answers=answers, versions={"vllm": version})


def _places(url: str, model: str, answer: Mapping[str, list[int]]) -> list[_Place]:
    """What the server says of each token of an answer."""
    body = {
        "model": model,
        "prompt": [*answer["prompt"], *answer["output"]],
        "max_tokens": 1,
        "temperature": 0,
        "prompt_logprobs": LIKELIEST,
    }
    every = (
        _decoded(_sent("POST", f"{url}/v1/completions", body), _Completion)
        .choices[0]
        .prompt_logprobs
    )
    own = every[len(answer["prompt"]) :]
    if len(own) != len(answer["output"]) or None in own:
        raise EngineError(
            "audit-failed",
            Sentence(
                "the reference read other tokens than it was given",
                "参考引擎读取的 token 与所给的不同",
            ),
        )
    return [place for place in own if place]


def _reading(token: int, first: _Place, second: _Place, ends: Sequence[int]) -> Reading:
    """The figures of one token; see ``suite/assets/audit_probe.py``."""
    names = [str(token), *(map(str, ends) if token in ends else ())]
    listed = [first[name] for name in names if name in first]
    ordered = sorted(first, key=lambda name: -first[name].logprob)
    if not listed or len(ordered) < 2:
        raise EngineError(
            "audit-failed",
            Sentence("the reference says too little of a token", "参考引擎对某个 token 所述太少"),
        )
    best, other = ordered[:2]
    own = max(listed, key=lambda item: item.logprob)
    margin = max(0.0, first[best].logprob - own.logprob)
    rank = 1 if margin == 0 else max(2, own.rank or 2)
    gap = first[best].logprob - first[other].logprob
    # A token that is no longer among the likeliest has at most the last one's log-probability.
    least = min(item.logprob for item in second.values())
    again = [second[name].logprob if name in second else least for name in (best, other)]
    flip = max(second, key=lambda name: second[name].logprob) != best
    change = abs(again[0] - again[1] - gap)
    return Reading(rank, round(margin, 6), round(gap, 6), round(change, 6), int(flip), int(best))


def _sent(method: str, address: str, body: dict[str, object] | None = None) -> requests.Response:
    try:
        response = requests.request(method, address, json=body, timeout=TIMEOUT_S)
    except requests.RequestException as cause:
        message = Sentence(
            f"the reference at {address} does not answer: {cause}",
            f"{address} 处的参考引擎没有应答：{cause}",
        )
        raise EngineError("audit-failed", message) from cause
    if response.status_code != requests.codes.ok:
        message = Sentence(
            f"the reference at {address} answers with status {response.status_code}",
            f"{address} 处的参考引擎以状态 {response.status_code} 应答",
        )
        hint = visible(response.text)[:300]
        raise EngineError("audit-failed", message, hint=hint)
    return response


def _decoded(response: requests.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.DecodeError as cause:
        hint = Sentence(
            "a vLLM server is needed: others tell no prompt_logprobs",
            "需要 vLLM 服务器：其他服务器不给出 prompt_logprobs",
        )
        message = Sentence(
            f"the reference's answer cannot be read: {cause}", f"参考引擎的应答无法读取：{cause}"
        )
        raise EngineError("audit-failed", message, hint=hint) from cause
