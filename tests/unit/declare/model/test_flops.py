"""FLOPs and bytes by hand; `tests/engine/test_flops.py` holds the same formulas against PyTorch's counter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from suite.declare.model.flops import (
    decode_bytes,
    decode_flops,
    prefill_flops,
)
from suite.documents.model import LayerGroup, ModelFacts
from suite.documents.value import NotMeasured

GROUP = LayerGroup(
    count=2,
    attention_parameters=2 * 64 * 64 + 2 * 64 * 32,
    heads=4,
    key_dim=16,
    value_dim=16,
    cached_values=2 * 2 * 16,
    window=None,
    mlp_parameters=3 * 64 * 160,
    expert_parameters=0,
    experts=0,
    active_experts=0,
)
FACTS = ModelFacts(
    architecture="LlamaForCausalLM",
    model_type="llama",
    parameters=118_784,
    active_parameters=118_784,
    weight_bytes=237_568,
    torch_dtype="bfloat16",
    tie_embeddings=False,
    quantisation=None,
    max_positions=512,
    heads=4,
    layers=(GROUP,),
    head_parameters=64 * 256,
    parameters_unknown="",
    shape_unknown="",
    notes=(),
)
LAYER = 64 * 64 + 2 * 64 * 32 + 64 * 64 + 3 * 64 * 160
HEAD = 64 * 256


def test_prefill_by_hand():
    linear = 2 * 2 * LAYER * 10
    attention = 2 * (2 * 4 * 10 * 10 * 16 + 2 * 4 * 10 * 10 * 16)
    assert prefill_flops(FACTS, 10) == linear + attention + 2 * HEAD


def test_decode_by_hand():
    steps = 2 * (2 * 2 * LAYER + 2 * HEAD)
    attention = 2 * 4 * 4 * 16 * (11 + 12)
    assert decode_flops(FACTS, 10, 3) == steps + attention


@pytest.mark.parametrize("generated", [0, 1])
def test_the_prompt_yields_the_first_token(generated):
    assert decode_flops(FACTS, 10, generated) == 0
    assert decode_bytes(FACTS, 10, generated, 2) == 0


def test_experts_by_hand():
    sparse = replace(
        GROUP,
        mlp_parameters=64 * 8,
        expert_parameters=3 * 64 * 160,
        experts=8,
        active_experts=2,
    )
    mixture = replace(FACTS, layers=(sparse,))
    extra = 2 * 2 * (3 * 64 * 160 + 64 * 8)
    assert prefill_flops(mixture, 10) == prefill_flops(FACTS, 10) + 10 * extra


@given(
    st.integers(min_value=1, max_value=60),
    st.integers(min_value=0, max_value=60),
    st.integers(min_value=1, max_value=80),
    st.integers(min_value=0, max_value=2),
)
def test_windows_bound_each_step(prompt, generated, window, layers):
    windowed = [replace(GROUP, count=layers, window=window)] if layers else []
    full = [replace(GROUP, count=2 - layers)] if layers < 2 else []
    facts = replace(FACTS, layers=(*windowed, *full))
    contexts = range(prompt + 1, prompt + max(generated, 1))
    keys = sum(layers * min(c, window) + (2 - layers) * c for c in contexts)
    expected = len(contexts) * (2 * 2 * LAYER + 2 * HEAD) + 4 * 4 * 16 * keys
    assert decode_flops(facts, prompt, generated) == expected


@given(st.integers(min_value=1, max_value=500), st.integers(min_value=1, max_value=100))
def test_one_more_token_costs_more(prompt, generated):
    assert prefill_flops(FACTS, prompt + 1) > prefill_flops(FACTS, prompt)
    assert decode_flops(FACTS, prompt, generated + 1) > decode_flops(FACTS, prompt, generated)


def test_about_two_flops_per_parameter_and_token():
    group = replace(
        GROUP, count=32, attention_parameters=4 * 4096 * 4096, mlp_parameters=3 * 4096 * 11008, heads=32,
        key_dim=128, value_dim=128,
    )  # fmt: skip
    large = replace(FACTS, layers=(group,), head_parameters=4096 * 32000)
    weights = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008) + 4096 * 32000
    assert decode_flops(large, 100, 2) == pytest.approx(2 * weights, rel=0.01)


def test_bytes_by_hand():
    weights = 118_784 - 256 * 64
    values = 2 * 2 * 16 * 2 * (11 + 12)
    assert decode_bytes(FACTS, 10, 3, 2.0) == 2.0 * (2 * weights + values)


def test_a_latent_cache_is_read_as_it_is_kept():
    latent = replace(FACTS, layers=(replace(GROUP, cached_values=36),))
    assert decode_bytes(latent, 10, 2, 2.0) == 2.0 * (118_784 - 256 * 64 + 2 * 36 * 11)


def test_what_is_not_known_is_not_measured():
    unknown = replace(FACTS, shape_unknown="the FLOPs of the architecture X are not known")
    assert prefill_flops(unknown, 10) == NotMeasured(
        "the FLOPs of the architecture X are not known"
    )
    assert decode_flops(unknown, 10, 5) == NotMeasured(
        "the FLOPs of the architecture X are not known"
    )
    assert isinstance(decode_bytes(unknown, 10, 5, 2.0), NotMeasured)
    assert isinstance(prefill_flops(replace(FACTS, layers=()), 10), NotMeasured)
