"""Which recorded answers an audit looks at, and in which tokens.

Answers to tasks asked alone are taken, phase after phase in turn, in an order that the reviewer's seed draws: whoever ran
could not know which. A prompt is made again from the task's document and must be the one that was sent, by its digest.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError
from suite.declare.tasks.prompt import PromptTemplate
from suite.declare.tasks.tokenizer import fit_prompts
from suite.documents.event import has_failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.documents.event import Request
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.audit.verdict import Token

Source = Literal["ids", "text"]
MOST_TOKENS: Final = 1_000
LEADS: Final = ("", " ")
"""A blank before the first word belongs to its token in most vocabularies, and servers cut it off as they like."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded answer in tokens.

    Attributes:
        request: as recorded.
        prompt: token ids as the model saw them.
        output: token ids of the answer, its end token included where it ended by itself.
        source: where the ids of the output come from.
    """

    request: Request
    prompt: tuple[int, ...]
    output: tuple[int, ...]
    source: Source

    def to_json(self) -> dict[str, list[int]]:
        """For ``suite/assets/audit_probe.py``."""
        return {"prompt": list(self.prompt), "output": list(self.output)}


def end_tokens(model: Path) -> tuple[int, ...]:
    """The ids that end an answer, by ``generation_config.json``, else ``config.json``; empty where neither says."""
    for name in ("generation_config.json", "config.json"):
        path = model / name
        value = jsonio.load(path, error=EvidenceError, foreign=True) if path.is_file() else {}
        ends = value.get("eos_token_id") if isinstance(value, dict) else None
        listed = ends if isinstance(ends, list) else [ends]
        if ids := tuple(item for item in listed if type(item) is int):
            return ids
    return ()


def choose(
    evidence: Evidence,
    tokenizer: Tokenizer,
    documents: Mapping[str, str],
    *,
    ends: Sequence[int],
    seed: int,
    tokens: int = MOST_TOKENS,
    lead: str = "",
) -> list[Answer]:
    """The answers to look at, of at most `tokens` tokens in all; the last of them is cut.

    Args:
        evidence: the run.
        tokenizer: the reference model's own.
        documents: text of each task, by id.
        ends: see `end_tokens`.
        seed: draws the order.
        tokens: at most so many.
        lead: what a server may have cut off before the text, one of `LEADS`; only where it gives no ids.

    Raises:
        EvidenceError: ``audit-impossible``: it was not decoded greedily, or no answer can be looked at.
    """
    plan = evidence.plan
    if plan.workload.decoding.temperature != 0:
        why = Sentence(
            "the answers were sampled: only greedy ones can be said again",
            "回答是采样得到的：只有贪心解码的回答才能重述",
        )
        raise EvidenceError("audit-impossible", why)
    prompts = _prompts(plan, tokenizer, evidence, documents)
    usable = [request for request in evidence.requests if _is_usable(request, prompts)]
    chosen: list[Answer] = []
    left = tokens
    for request in _in_turn(usable, seed):
        begun = tuple(tokenizer.prompt_ids(prompts[request.task], plan.engine.request.api))
        source: Source = "text" if request.token_ids is None else "ids"
        own = request.token_ids or tokenizer.continuation(lead + request.text)
        answer = Answer(request, begun, _until_end(plan, request, own, ends)[:left], source)
        if answer.output:
            chosen.append(answer)
            left -= len(answer.output)
        if left <= 0:
            break
    if not chosen:
        hint = Sentence(
            "answers to tasks asked alone are needed; --data names the documents where they are not the mini set's",
            "需要单独提问的任务的回答；若不是 mini 任务集，请以 --data 给出文档",
        )
        raise EvidenceError(
            "audit-impossible",
            Sentence("no recorded answer can be looked at", "没有可查验的回答记录"),
            hint=hint,
        )
    return chosen


def _prompts(
    plan: Plan, tokenizer: Tokenizer, evidence: Evidence, documents: Mapping[str, str]
) -> dict[str, str]:
    names = [name for name in evidence.tasks if name in documents]
    prompt = plan.workload.prompt
    fitted = fit_prompts(
        tokenizer,
        PromptTemplate(prompt.id, prompt.template, "the plan"),
        [documents[name] for name in names],
        api=plan.engine.request.api,
        max_input_tokens=plan.workload.max_input_tokens,
    )
    return {name: item.text for name, item in zip(names, fitted, strict=True)}


def _is_usable(request: Request, prompts: Mapping[str, str]) -> bool:
    """Whether it is a whole answer to a task asked alone, in words that are known."""
    text = prompts.get(request.task)
    return (
        request.measured
        and not has_failed(request)
        and text is not None
        and not _has_reasoning(request)
        and jsonio.sha256_hex(text.encode("utf-8")) == request.prompt_sha256
    )


def _has_reasoning(request: Request) -> bool:
    """Whether part of what was generated is not in the text; ids hold all of it."""
    return bool(request.reasoning) and request.token_ids is None


def _in_turn(requests: Iterable[Request], seed: int) -> Iterable[Request]:
    """One of each phase in turn, drawn; tasks that were not taken before, where there are any."""
    draw = random.Random(seed)  # noqa: S311 - chooses answers, guards nothing
    by_phase: dict[str, list[Request]] = {}
    for request in sorted(requests, key=lambda item: (item.phase, item.repeat, item.index)):
        by_phase.setdefault(request.phase, []).append(request)
    for waiting in by_phase.values():
        draw.shuffle(waiting)
    taken: set[str] = set()
    while any(by_phase.values()):
        for waiting in by_phase.values():
            fresh = next((item for item in waiting if item.task not in taken), None)
            if fresh is None:
                waiting.clear()
                continue
            waiting.remove(fresh)
            taken.add(fresh.task)
            yield fresh


def _until_end(
    plan: Plan, request: Request, output: Sequence[int], ends: Sequence[int]
) -> tuple[int, ...]:
    """The tokens up to the first that ends an answer, which engines leave out of what they give."""
    decoding = plan.workload.decoding
    if decoding.ignore_eos or not ends:
        return tuple(output)
    places = [place for place, token in enumerate(output) if token in ends]
    if places:
        return tuple(output[: places[0] + 1])
    stopped = request.finish_reason in ("stop", "eos", "eos_token") and not decoding.stop
    return (*output, ends[0]) if stopped else tuple(output)


def judged(
    answer: Answer, tokens: Sequence[Token], best: Sequence[int], tokenizer: Tokenizer
) -> list[Token]:
    """The tokens of an answer that count.

    Ids that were made again from text may part words otherwise than the model did: where one of the two tokens begins
    with the other, that is no divergence, and what follows is not looked at.
    """
    if answer.source == "ids":
        return list(tokens)
    kept = []
    for token, own, other in zip(tokens, answer.output, best, strict=True):
        if token.rank > 1:
            left, right = tokenizer.decode([own]), tokenizer.decode([other])
            if left and right and (left.startswith(right) or right.startswith(left)):
                break
        kept.append(token)
    return kept
