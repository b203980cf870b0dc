"""Known architectures, each read from its own ``config.json`` into one shape.

All are decoders whose work is matrix products: attention projections, scores and values, an MLP (gated or
plain, one or several experts) and the language-model head. What they differ in is numbers, and under which
names their configurations hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.declare.model import configuration
from suite.declare.model.attention import latent, plain
from suite.declare.model.configuration import MissingError, integer, integer_or, switch, tied
from suite.declare.model.shape import Shape
from suite.declare.model.windows import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from suite.documents.model import LayerGroup

    Config = Mapping[str, object]
    Reader = Callable[[Config], Shape]


def _shape(config: Config, layers: Sequence[LayerGroup], *, tie: bool = False) -> Shape:
    """Layers in their order, like ones put together, with an embedding and a head of one size."""
    counts: dict[LayerGroup, int] = {}
    for layer in layers:
        counts[layer] = counts.get(layer, 0) + 1
    vocabulary = integer(config, "hidden_size") * integer(config, "vocab_size")
    return Shape(
        depth=len(layers),
        heads=max(layer.heads for layer in layers),
        tied=tied(config, default=tie),
        groups=tuple(replace(layer, count=count) for layer, count in counts.items()),
        embedding=vocabulary,
        head=vocabulary,
    )


def _mlp(layer: LayerGroup, weights: int) -> LayerGroup:
    return replace(layer, mlp_parameters=layer.mlp_parameters + weights)


def _gated(*, tie: bool = False, window: str = "") -> Reader:
    """Llama and everything that differs from it only in norms, biases or positions."""

    def read(config: Config) -> Shape:
        _refuse(config, "num_experts", "num_local_experts", "n_routed_experts")
        layers = integer(config, "num_hidden_layers")
        mlp = 3 * integer(config, "hidden_size") * integer(config, "intermediate_size")
        dense = _mlp(plain(config), mlp)
        reach = windows(config, layers, window)
        return _shape(config, [replace(dense, window=width) for width in reach], tie=tie)

    return read


def _refuse(config: Config, *names: str) -> None:
    for name in names:
        if integer_or(config, name, 0):
            raise MissingError(f"{name} belongs to no form of it that is known")


def _experts(config: Config, layer: LayerGroup, width: int, *, shared: int = 0) -> LayerGroup:
    """A layer with routed experts, a router, and weights that all tokens share."""
    hidden = integer(config, "hidden_size")
    experts = integer(config, "num_local_experts", "num_experts", "n_routed_experts")
    active = integer(config, "num_experts_per_tok", "experts_per_token")
    if active > experts:
        raise MissingError(f"{active} of {experts} experts cannot be used")
    return replace(
        _mlp(layer, hidden * experts + shared),
        expert_parameters=3 * hidden * width,
        experts=experts,
        active_experts=active,
    )


def _mixture(*, window: str = "all") -> Reader:
    """Experts in every layer."""

    def read(config: Config) -> Shape:
        layers = integer(config, "num_hidden_layers")
        sparse = _experts(config, plain(config), integer(config, "intermediate_size"))
        reach = windows(config, layers, window)
        return _shape(config, [replace(sparse, window=width) for width in reach])

    return read


def _qwen_mixture(*, shared: bool, window: str) -> Reader:
    """Qwen2-MoE and Qwen3-MoE: some layers may be dense; the older has a gated shared expert."""

    def read(config: Config) -> Shape:
        layers, hidden = integer(config, "num_hidden_layers"), integer(config, "hidden_size")
        common = 0
        if shared:
            common = 3 * hidden * integer(config, "shared_expert_intermediate_size") + hidden
        sparse = _experts(
            config, plain(config), integer(config, "moe_intermediate_size"), shared=common
        )
        step = integer_or(config, "decoder_sparse_step", 1) or layers + 1
        listed = _layer_list(config, "mlp_only_layers", ())
        is_dense = [index in listed or (index + 1) % step != 0 for index in range(layers)]
        dense = plain(config)
        if any(is_dense):
            dense = _mlp(dense, 3 * hidden * integer(config, "intermediate_size"))
        reach = windows(config, layers, window)
        return _shape(
            config,
            [
                replace(dense if plainly else sparse, window=width)
                for plainly, width in zip(is_dense, reach, strict=True)
            ],
        )

    return read


def _layer_list(config: Config, name: str, default: Sequence[int]) -> set[int]:
    value = config.get(name)
    if value is None:
        return set(default)
    if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
        raise MissingError(f"{name} is not a list of layers")
    return set(value)


def _dense_first(attention: Callable[[Config], LayerGroup]) -> Reader:
    """DeepSeek and GLM-4.5: dense layers first, then routed experts beside shared ones."""

    def read(config: Config) -> Shape:
        layers, hidden = integer(config, "num_hidden_layers"), integer(config, "hidden_size")
        dense = min(integer_or(config, "first_k_dense_replace", 0), layers)
        if integer_or(config, "moe_layer_freq", 1) != 1:
            raise MissingError("moe_layer_freq is not 1")
        layer = attention(config)
        result = []
        if dense:
            mlp = 3 * hidden * integer(config, "intermediate_size")
            result += [_mlp(layer, mlp)] * dense
        if dense < layers:
            width = integer(config, "moe_intermediate_size")
            shared = 3 * hidden * width * integer_or(config, "n_shared_experts", 0)
            result += [_experts(config, layer, width, shared=shared)] * (layers - dense)
        return _shape(config, result)

    return read


def _llama4(config: Config) -> Shape:
    """Dense layers between sparse ones, whose shared expert is as wide as a routed one."""
    layers, hidden = integer(config, "num_hidden_layers"), integer(config, "hidden_size")
    step = integer_or(config, "interleave_moe_layer_step", 1)
    listed = _layer_list(config, "moe_layers", range(step - 1, layers, step) if step else ())
    width = integer(config, "intermediate_size")
    sparse = _experts(config, plain(config), width, shared=3 * hidden * width)
    dense = plain(config)
    if len(listed) < layers:
        dense = _mlp(dense, 3 * hidden * integer(config, "intermediate_size_mlp"))
    reach = windows(config, layers, "chunks")
    return _shape(
        config,
        [
            replace(sparse if index in listed else dense, window=width)
            for index, width in enumerate(reach)
        ],
    )


def _minicpm3(config: Config) -> Shape:
    _refuse(config, "num_experts")
    mlp = 3 * integer(config, "hidden_size") * integer(config, "intermediate_size")
    layer = _mlp(latent(config), mlp)
    return _shape(config, [layer] * integer(config, "num_hidden_layers"), tie=True)


def _neox(config: Config) -> Shape:
    layer = _mlp(
        plain({**config, "num_key_value_heads": None, "head_dim": None}),
        2 * integer(config, "hidden_size") * integer(config, "intermediate_size"),
    )
    return _shape(config, [layer] * integer(config, "num_hidden_layers"))


def _falcon(config: Config) -> Shape:
    """One key head for all queries in the first form, groups in the newer, as many as queries otherwise."""
    hidden = integer(config, "hidden_size", "n_embed")
    heads = integer(config, "num_attention_heads", "n_head")
    kv_heads = integer_or(config, "num_kv_heads", 0) or integer_or(config, "n_head_kv", 0) or heads
    grouped = switch(config, "new_decoder_architecture", default=False)
    if not grouped and switch(config, "multi_query", default=True):
        kv_heads = 1
    standard = {
        **config,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": None,
    }
    layer = _mlp(plain(standard), 2 * hidden * (integer_or(config, "ffn_hidden_size", 4 * hidden)))
    return _shape(standard, [layer] * integer(config, "num_hidden_layers", "n_layer"), tie=True)


def _bloom(config: Config) -> Shape:
    standard = {
        "hidden_size": integer(config, "hidden_size", "n_embed"),
        "num_attention_heads": integer(config, "n_head", "num_attention_heads"),
        "vocab_size": integer(config, "vocab_size"),
        "tie_word_embeddings": tied(config, default=True),
    }
    layer = _mlp(plain(standard), 8 * standard["hidden_size"] ** 2)
    return _shape(standard, [layer] * integer(config, "n_layer", "num_hidden_layers"))


def _opt(config: Config) -> Shape:
    """A narrower embedding is projected to the layers' width and back for every position."""
    hidden = integer(config, "hidden_size")
    layer = _mlp(
        plain({**config, "num_key_value_heads": None, "head_dim": None}),
        2 * hidden * integer(config, "ffn_dim"),
    )
    shape = _shape(config, [layer] * integer(config, "num_hidden_layers"), tie=True)
    narrow = integer_or(config, "word_embed_proj_dim", hidden)
    if narrow == hidden:
        return shape
    projections = replace(
        layer,
        attention_parameters=0,
        heads=0,
        key_dim=0,
        value_dim=0,
        cached_values=0,
        mlp_parameters=2 * hidden * narrow,
    )
    vocabulary = narrow * integer(config, "vocab_size")
    groups = (*shape.groups, projections)
    return Shape(shape.depth, shape.heads, shape.tied, groups, vocabulary, vocabulary)


def _chatglm(config: Config) -> Shape:
    """ChatGLM2, ChatGLM3 and GLM-4 with their own code; the first ChatGLM has no ``ffn_hidden_size``."""
    hidden, heads = integer(config, "hidden_size"), integer(config, "num_attention_heads")
    grouped = switch(config, "multi_query_attention", default=False)
    standard = {
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": integer(config, "multi_query_group_num") if grouped else heads,
        "head_dim": integer(config, "kv_channels"),
        "vocab_size": integer(config, "padded_vocab_size"),
        "tie_word_embeddings": tied(config, default=False),
    }
    layer = _mlp(plain(standard), 3 * hidden * integer(config, "ffn_hidden_size"))
    return _shape(standard, [layer] * integer(config, "num_layers"))


def _qwen(config: Config) -> Shape:
    """The first Qwen: ``intermediate_size`` counts both halves of the gated MLP."""
    own = {**config, "num_key_value_heads": None, "head_dim": integer(config, "kv_channels")}
    halves = 3 * integer(config, "hidden_size") * (integer(config, "intermediate_size") // 2)
    layer = _mlp(plain(own), halves)
    return _shape(config, [layer] * integer(config, "num_hidden_layers"))


_GEMMA3 = {
    "vocab_size": 262_208,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "sliding_window": 4096,
}
_LLAMA4 = {
    "vocab_size": 202_048,
    "hidden_size": 5120,
    "intermediate_size": 8192,
    "intermediate_size_mlp": 16_384,
    "num_hidden_layers": 48,
    "num_attention_heads": 40,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "num_experts_per_tok": 1,
    "num_local_experts": 16,
    "attention_chunk_size": 8192,
}
_QWEN2_VL = {
    "vocab_size": 152_064,
    "hidden_size": 8192,
    "intermediate_size": 29_568,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
}
"""What a nested configuration leaves out because it is the library's default (transformers 4.5x to 5)."""


def _nested(reader: Reader, defaults: Mapping[str, int], *, tie: bool = False) -> Reader:
    """The language part of a model that also sees."""

    def read(config: Config) -> Shape:
        inner = configuration.language(config)
        stated = tied(config, default=tie)
        filled = inner if inner is config else {**defaults, **inner}
        return reader({**filled, "tie_word_embeddings": stated})

    return read


_GEMMA3_TEXT = _gated(tie=True, window="pattern")
_SWITCHED = _gated(window="upper")
_READERS: dict[str, Reader] = {
    "BaiChuanForCausalLM": _gated(),
    "BaichuanForCausalLM": _gated(),
    "BloomForCausalLM": _bloom,
    "ChatGLMForConditionalGeneration": _chatglm,
    "ChatGLMModel": _chatglm,
    "DeepseekV2ForCausalLM": _dense_first(latent),
    "DeepseekV3ForCausalLM": _dense_first(latent),
    "FalconForCausalLM": _falcon,
    "GPTNeoXForCausalLM": _neox,
    "Gemma2ForCausalLM": _gated(tie=True, window="even"),
    "Gemma3ForCausalLM": _GEMMA3_TEXT,
    "Gemma3ForConditionalGeneration": _nested(_GEMMA3_TEXT, _GEMMA3, tie=True),
    "GemmaForCausalLM": _gated(tie=True),
    "Glm4ForCausalLM": _gated(),
    "Glm4MoeForCausalLM": _dense_first(plain),
    "GlmForCausalLM": _gated(),
    "GptOssForCausalLM": _mixture(window="even"),
    "Llama4ForCausalLM": _llama4,
    "Llama4ForConditionalGeneration": _nested(_llama4, _LLAMA4),
    "LlamaForCausalLM": _gated(),
    "MiniCPM3ForCausalLM": _minicpm3,
    "MiniCPMForCausalLM": _gated(tie=True),
    "MistralForCausalLM": _gated(window="all"),
    "MixtralForCausalLM": _mixture(),
    "OPTForCausalLM": _opt,
    "Phi3ForCausalLM": _gated(window="all"),
    "PhiMoEForCausalLM": _mixture(),
    "PhimoeForCausalLM": _mixture(),
    "QWenLMHeadModel": _qwen,
    "Qwen2ForCausalLM": _SWITCHED,
    "Qwen2MoeForCausalLM": _qwen_mixture(shared=True, window="lower even"),
    "Qwen2VLForConditionalGeneration": _nested(_SWITCHED, _QWEN2_VL),
    "Qwen2_5_VLForConditionalGeneration": _nested(_SWITCHED, _QWEN2_VL),
    "Qwen3ForCausalLM": _SWITCHED,
    "Qwen3MoeForCausalLM": _qwen_mixture(shared=False, window="switched"),
    "RWForCausalLM": _falcon,
    "SmolLM3ForCausalLM": _gated(tie=True, window="listed"),
}


def shape(config: Config) -> tuple[Shape | None, str]:
    """The shape that a configuration describes, or None with the reason."""
    name = configuration.architecture(config)
    if not name:
        return None, "config.json names no architecture"
    reader = _READERS.get(name)
    if reader is None:
        return None, f"the FLOPs of the architecture {name} are not known"
    try:
        return reader(config), ""
    except MissingError as cause:
        return None, f"config.json of {name}: {cause}"
