"""Model FLOPs and bytes of one answer, from the architecture.

What is counted, the same as PyTorch's FLOP counter counts on these models:

* matrix products, a multiplication and an addition being two FLOPs: attention projections, attention scores
  and values, the MLP (of the chosen experts only), the router, the language-model head;
* attention over the prompt as the full square of positions. A kernel that skips the masked half does less;
  the full square is what the framework's own counter counts, and it favours no kernel;
* keys and values repeated for grouped queries: the scores cost as many products as there are query heads;
* the head for the last prompt position and for every generated one;
* no look-ups, norms, activations, rotations or softmax.

The prompt's pass yields the first generated token, so *n* tokens take one prefill and *n* − 1 decode steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.declare.model.shape import used
from suite.documents.value import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.model import LayerGroup, ModelFacts


def _groups(facts: ModelFacts) -> Sequence[LayerGroup] | NotMeasured:
    if facts.shape_unknown:
        return NotMeasured(facts.shape_unknown)
    return facts.layers or NotMeasured(
        Sentence("the model's facts are incomplete", "模型信息不完整")
    )


def _linear(groups: Sequence[LayerGroup]) -> int:
    """FLOPs of all layers' projections and MLPs for one token."""
    return 2 * sum(group.count * used(group) for group in groups)


def _pair(group: LayerGroup) -> int:
    """FLOPs of one layer for one query against one key: its score and its share of the value."""
    return 2 * group.heads * (group.key_dim + group.value_dim)


def prefill_flops(
    facts: ModelFacts, prompt_tokens: int, cached_tokens: int = 0
) -> int | NotMeasured:
    """FLOPs of the pass over a prompt, which yields the first generated token.

    Of the first `cached_tokens` keys and values are at hand: only the others are passed through the model, and they
    look at all.
    """
    groups = _groups(facts)
    if isinstance(groups, NotMeasured):
        return groups
    passed = prompt_tokens - cached_tokens
    attention = sum(group.count * _pair(group) for group in groups) * passed * prompt_tokens
    return passed * _linear(groups) + attention + 2 * facts.head_parameters


def _contexts(prompt_tokens: int, steps: int, window: int | None) -> int:
    """Sum of the keys that the steps look at: prompt + 1, prompt + 2, ... each at most the window."""
    if window is None:
        return steps * prompt_tokens + steps * (steps + 1) // 2
    growing = min(max(window - prompt_tokens, 0), steps)
    return _contexts(prompt_tokens, growing, None) + (steps - growing) * window


def decode_flops(facts: ModelFacts, prompt_tokens: int, generated_tokens: int) -> int | NotMeasured:
    """FLOPs of all decode steps of one answer: `generated_tokens` − 1 of them, 0 for one token or none."""
    groups = _groups(facts)
    if isinstance(groups, NotMeasured):
        return groups
    steps = max(generated_tokens - 1, 0)
    attention = sum(
        group.count * _pair(group) * _contexts(prompt_tokens, steps, group.window)
        for group in groups
    )
    return steps * (_linear(groups) + 2 * facts.head_parameters) + attention


def decode_bytes(
    facts: ModelFacts, prompt_tokens: int, generated_tokens: int, bytes_per_value: float
) -> float | NotMeasured:
    """Bytes that all decode steps of one answer must read from memory, when one request runs alone.

    Each step reads every used weight once (of experts the chosen ones, of the input embedding one row) and what
    the cache keeps of all positions that it looks at.

    Args:
        facts: the model's facts.
        prompt_tokens: length of the prompt.
        generated_tokens: length of the answer.
        bytes_per_value: size of one executed weight and one cached value, e.g. 2 for bfloat16.
    """
    groups = _groups(facts)
    if isinstance(groups, NotMeasured):
        return groups
    steps = max(generated_tokens - 1, 0)
    read = sum(group.count * used(group) for group in groups) + facts.head_parameters
    values = sum(
        group.count * group.cached_values * _contexts(prompt_tokens, steps, group.window)
        for group in groups
    )
    return float(bytes_per_value * (steps * read + values))
