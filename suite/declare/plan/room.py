"""How many tokens a model has room for, and the context that a plan gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.declare.profiles.points import Room
from suite.documents.document import given

if TYPE_CHECKING:
    from suite.declare.plan.choice import (
        Choice,
    )
    from suite.declare.profiles.load import Profile
    from suite.documents.engine import RequestFormat
    from suite.documents.model import Model


CONTEXT_LIMIT = 8192


def model_room(model: Model) -> Room:
    """What a plan's model can hold, with the shortest prompt that the plan states."""
    limit = model.facts.max_positions
    return Room(limit if limit and limit > 0 else CONTEXT_LIMIT, given(model.shortest_prompt, 1))


def profile_room(profile: Profile, choice: Choice, request: RequestFormat) -> Room:
    """What the model can hold; the user can make it smaller where the division is not closed."""
    model = choice.model
    if profile.exact_lengths and model.tokenizer_sha256 is None:
        message = Sentence(
            f"the profile {profile.name} needs prompts of exact length",
            f"配置 {profile.name} 需要长度精确的提示词",
        )
        hint = Sentence(
            "the model directory has no tokenizer.json to count their tokens with",
            "模型目录没有可供计数的 tokenizer.json",
        )
        raise UsageError("tokenizer-needed", message, hint=hint)
    shortest = 1 if request.prompt_ids else model.shortest_prompts.get(request.api, 1)
    limit = model.facts.max_positions or CONTEXT_LIMIT
    named = choice.options.max_model_len
    return Room(limit if named is None or choice.closed else min(named, limit), shortest)


def chosen_context(profile: Profile, choice: Choice, longest: int) -> tuple[int, int]:
    """Longest prompt and answer together, of the tasks and of everything; the same rule for every vendor.

    Args:
        profile: the workload.
        choice: with the model and what the user decided.
        longest: tokens of the longest request of exact length, 0 without any.
    """
    model_limit = choice.model.facts.max_positions or CONTEXT_LIMIT
    new = profile.doc.decoding.max_new_tokens
    wanted = profile.doc.max_input_tokens
    texts = min(model_limit, CONTEXT_LIMIT if wanted is None else wanted + new)
    length = max(texts, longest)
    limit = choice.options.max_model_len
    if limit is not None and limit != length:
        if choice.closed:
            raise UsageError(
                "argument-closed",
                Sentence(
                    f"max-model-len: {limit} is not allowed in the closed division; the value is {length}",
                    f"max-model-len：封闭赛道不允许 {limit}；取值为 {length}",
                ),
                hint=Sentence(
                    "every vendor cuts the documents alike; ask for --division open",
                    "各厂商以同样方式截断文档；或请求 --division open",
                ),
            )
        if limit > model_limit:
            raise UsageError(
                "argument-wrong",
                Sentence(
                    f"max-model-len: {limit} is more than the model's {model_limit} positions",
                    f"max-model-len：{limit} 超出模型的 {model_limit} 个位置",
                ),
            )
        texts = length = limit
    if texts <= new:
        message = Sentence(
            f"a context of {texts} tokens leaves no room for a prompt beside {new} new ones",
            f"{texts} 个 token 的上下文除 {new} 个新 token 外容不下提示词",
        )
        raise UsageError("context-too-small", message)
    return texts, length
