"""One layer's attention: projections, widths of scores and values, what the cache keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.declare.model.configuration import MissingError, integer, integer_or
from suite.documents.model import LayerGroup

if TYPE_CHECKING:
    from collections.abc import Mapping


def _layer(*, projections: int, heads: int, key: int, value: int, cached: int) -> LayerGroup:
    return LayerGroup(
        count=1,
        attention_parameters=projections,
        heads=heads,
        key_dim=key,
        value_dim=value,
        cached_values=cached,
        window=None,
        mlp_parameters=0,
        expert_parameters=0,
        experts=0,
        active_experts=0,
    )


def plain(config: Mapping[str, object]) -> LayerGroup:
    """Queries, keys, values and output; queries may share keys in groups."""
    hidden, heads = integer(config, "hidden_size"), integer(config, "num_attention_heads")
    kv_heads = integer_or(config, "num_key_value_heads", heads) or heads
    width = integer_or(config, "head_dim", hidden // heads) or hidden // heads
    if heads % kv_heads:
        raise MissingError(f"{heads} query heads do not share {kv_heads} key heads")
    return _layer(
        projections=hidden * width * (2 * heads + 2 * kv_heads),
        heads=heads,
        key=width,
        value=width,
        cached=2 * kv_heads * width,
    )


def latent(config: Mapping[str, object]) -> LayerGroup:
    """Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434, section 2.1).

    Keys and values of all heads are made from one latent vector, which the cache keeps beside the rotated part
    of the key. FLOPs are those of the definition: each token's keys and values are made once.
    """
    hidden, heads = integer(config, "hidden_size"), integer(config, "num_attention_heads")
    rank, rotated = integer(config, "kv_lora_rank"), integer(config, "qk_rope_head_dim")
    unrotated = integer(config, "qk_nope_head_dim")
    value = integer_or(config, "v_head_dim", hidden // heads) or hidden // heads
    key = unrotated + rotated
    query_rank = integer_or(config, "q_lora_rank", 0)
    queries = query_rank * (hidden + heads * key) if query_rank else hidden * heads * key
    keys_and_values = hidden * (rank + rotated) + rank * heads * (unrotated + value)
    return _layer(
        projections=queries + keys_and_values + heads * value * hidden,
        heads=heads,
        key=key,
        value=value,
        cached=rank + rotated,
    )
