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

from suite.declare.model.architectures import Shape
from suite.documents.value import NotMeasured

if TYPE_CHECKING:
    from suite.documents.model import ModelFacts


def _shape(facts: ModelFacts) -> Shape | NotMeasured:
    if facts.shape_unknown:
        return NotMeasured(facts.shape_unknown)
    numbers = (
        facts.layers,
        facts.hidden_size,
        facts.vocab_size,
        facts.heads,
        facts.kv_heads,
        facts.head_dim,
        facts.intermediate_size,
        facts.mlp_matrices,
    )
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers):
        return NotMeasured("the model's facts are incomplete")
    layers, hidden, vocab, heads, kv_heads, head_dim, intermediate, matrices = known
    return Shape(
        layers=layers,
        hidden=hidden,
        vocab=vocab,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=intermediate,
        mlp_matrices=matrices,
        tied=facts.tie_embeddings,
        experts=facts.experts,
        active_experts=facts.active_experts,
        window=facts.sliding_window,
        window_layers=facts.sliding_layers,
    )


def _linear(shape: Shape) -> int:
    """FLOPs of all layers' projections and MLPs for one token."""
    used = max(shape.active_experts, 1) * shape.mlp_parameters
    return 2 * shape.layers * (shape.attention_parameters + shape.router_parameters + used)


def _head(shape: Shape) -> int:
    return 2 * shape.head_parameters


def _pair(shape: Shape) -> int:
    """FLOPs of one layer for one query against one key: its score and its share of the value."""
    return 4 * shape.heads * shape.head_dim


def prefill_flops(
    facts: ModelFacts, prompt_tokens: int, cached_tokens: int = 0
) -> int | NotMeasured:
    """FLOPs of the pass over a prompt, which yields the first generated token.

    Of the first `cached_tokens` keys and values are at hand: only the others are passed through the model, and they
    look at all.
    """
    shape = _shape(facts)
    if isinstance(shape, NotMeasured):
        return shape
    passed = prompt_tokens - cached_tokens
    attention = shape.layers * _pair(shape) * passed * prompt_tokens
    return passed * _linear(shape) + attention + _head(shape)


def _contexts(prompt_tokens: int, steps: int, window: int | None) -> int:
    """Sum of the keys that the steps look at: prompt + 1, prompt + 2, ... each at most the window."""
    if window is None:
        return steps * prompt_tokens + steps * (steps + 1) // 2
    growing = min(max(window - prompt_tokens, 0), steps)
    return _contexts(prompt_tokens, growing, None) + (steps - growing) * window


def _keys_read(shape: Shape, prompt_tokens: int, steps: int) -> int:
    """Sum over layers and steps of the keys that are looked at."""
    plain = (shape.layers - shape.window_layers) * _contexts(prompt_tokens, steps, None)
    return plain + shape.window_layers * _contexts(prompt_tokens, steps, shape.window)


def decode_flops(facts: ModelFacts, prompt_tokens: int, generated_tokens: int) -> int | NotMeasured:
    """FLOPs of all decode steps of one answer: `generated_tokens` − 1 of them, 0 for one token or none."""
    shape = _shape(facts)
    if isinstance(shape, NotMeasured):
        return shape
    steps = max(generated_tokens - 1, 0)
    attention = _pair(shape) * _keys_read(shape, prompt_tokens, steps)
    return steps * (_linear(shape) + _head(shape)) + attention


def decode_bytes(
    facts: ModelFacts, prompt_tokens: int, generated_tokens: int, bytes_per_value: float
) -> float | NotMeasured:
    """Bytes that all decode steps of one answer must read from memory, when one request runs alone.

    Each step reads every used weight once (not the input embedding, of which it needs one row) and the keys
    and values of all positions that it looks at.

    Args:
        facts: the model's facts.
        prompt_tokens: length of the prompt.
        generated_tokens: length of the answer.
        bytes_per_value: size of one executed weight and one cached value, e.g. 2 for bfloat16.
    """
    shape = _shape(facts)
    if isinstance(shape, NotMeasured):
        return shape
    steps = max(generated_tokens - 1, 0)
    read = facts.active_parameters - (0 if shape.tied else shape.head_parameters)
    values = 2 * shape.kv_heads * shape.head_dim * _keys_read(shape, prompt_tokens, steps)
    return float(bytes_per_value * (steps * read + values))
