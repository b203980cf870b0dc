"""Known architectures, each read from its own ``config.json`` into one shape.

All are decoders whose work is matrix products: attention projections, scores and values, an MLP (gated or
plain, one or several experts) and the language-model head. What they differ in is numbers, and under which
names their configurations hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers that parameters, FLOPs and bytes follow from.

    `intermediate` is the width of one expert's MLP where there are experts; `window` counts the tokens that a
    windowed layer sees, the newest included.
    """

    layers: int
    hidden: int
    vocab: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    mlp_matrices: int
    tied: bool
    experts: int = 0
    active_experts: int = 0
    window: int | None = None
    window_layers: int = 0

    @property
    def attention_parameters(self) -> int:
        """Weights of one layer's four attention projections."""
        width = self.heads * self.head_dim
        return self.hidden * (2 * width + 2 * self.kv_heads * self.head_dim)

    @property
    def mlp_parameters(self) -> int:
        """Weights of one MLP, of one expert where there are experts."""
        return self.mlp_matrices * self.hidden * self.intermediate

    @property
    def router_parameters(self) -> int:
        """Weights of one layer's router."""
        return self.hidden * self.experts

    @property
    def head_parameters(self) -> int:
        """Weights of the language-model head."""
        return self.hidden * self.vocab

    @property
    def matrix_parameters(self) -> int:
        """All weights but norms and biases."""
        layer = self.attention_parameters + self.router_parameters
        layer += max(self.experts, 1) * self.mlp_parameters
        return self.layers * layer + self.head_parameters * (1 if self.tied else 2)

    @property
    def idle_parameters(self) -> int:
        """Weights of the experts that one token does not use."""
        return self.layers * (self.experts - self.active_experts) * self.mlp_parameters


class _MissingError(LookupError):
    """Internal: a member that the architecture needs is absent or of another form."""


def _int(config: Mapping[str, object], *names: str) -> int:
    """The first of the members that is there."""
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        if value is not None:
            raise _MissingError(f"{name} is not a positive integer")
    raise _MissingError(f"{names[0]} is absent")


def _int_or(config: Mapping[str, object], name: str, default: int) -> int:
    return default if config.get(name) is None else _int(config, name)


def _tied(config: Mapping[str, object], *, default: bool) -> bool:
    value = config.get("tie_word_embeddings")
    return value if isinstance(value, bool) else default


def _windowed(config: Mapping[str, object], layers: int, rule: str) -> tuple[int | None, int]:
    """Window and number of windowed layers, by the configuration's list or by the architecture's rule."""
    if config.get("sliding_window") is None:
        return None, 0
    window = _int(config, "sliding_window")
    kinds = config.get("layer_types")
    if isinstance(kinds, list):
        return window, sum(kind == "sliding_attention" for kind in kinds)
    if rule == "all":
        return window, layers
    if rule == "even":
        return window, (layers + 1) // 2
    if config.get("use_sliding_window") is not True:
        return None, 0
    return window, max(layers - _int_or(config, "max_window_layers", layers), 0)


def _gated(config: Mapping[str, object], *, tied: bool = False, window: str = "") -> Shape:
    """Llama and everything that differs from it only in norms, biases or positions."""
    layers, hidden = _int(config, "num_hidden_layers"), _int(config, "hidden_size")
    heads = _int(config, "num_attention_heads")
    width, count = _windowed(config, layers, window) if window else (None, 0)
    return Shape(
        layers=layers,
        hidden=hidden,
        vocab=_int(config, "vocab_size"),
        heads=heads,
        kv_heads=_int_or(config, "num_key_value_heads", heads),
        head_dim=_int_or(config, "head_dim", hidden // heads),
        intermediate=_int(config, "intermediate_size"),
        mlp_matrices=3,
        tied=_tied(config, default=tied),
        window=width,
        window_layers=count,
    )


def _mixture(config: Mapping[str, object], width: str) -> Shape:
    """Experts in every layer; a configuration that mixes in dense layers is not known."""
    if config.get("mlp_only_layers") or _int_or(config, "decoder_sparse_step", 1) != 1:
        raise _MissingError("some layers are dense, which this formula does not cover")
    dense = _gated({**config, "intermediate_size": config.get(width)}, window="all")
    return Shape(
        layers=dense.layers,
        hidden=dense.hidden,
        vocab=dense.vocab,
        heads=dense.heads,
        kv_heads=dense.kv_heads,
        head_dim=dense.head_dim,
        intermediate=dense.intermediate,
        mlp_matrices=3,
        tied=dense.tied,
        experts=_int(config, "num_local_experts", "num_experts"),
        active_experts=_int(config, "num_experts_per_tok"),
        window=dense.window,
        window_layers=dense.window_layers,
    )


def _neox(config: Mapping[str, object]) -> Shape:
    hidden, heads = _int(config, "hidden_size"), _int(config, "num_attention_heads")
    return Shape(
        layers=_int(config, "num_hidden_layers"),
        hidden=hidden,
        vocab=_int(config, "vocab_size"),
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        intermediate=_int(config, "intermediate_size"),
        mlp_matrices=2,
        tied=_tied(config, default=False),
    )


def _chatglm(config: Mapping[str, object]) -> Shape:
    """ChatGLM2, ChatGLM3 and GLM-4 with their own code; the first ChatGLM has no ``ffn_hidden_size``."""
    heads = _int(config, "num_attention_heads")
    grouped = config.get("multi_query_attention") is True
    return Shape(
        layers=_int(config, "num_layers"),
        hidden=_int(config, "hidden_size"),
        vocab=_int(config, "padded_vocab_size"),
        heads=heads,
        kv_heads=_int(config, "multi_query_group_num") if grouped else heads,
        head_dim=_int(config, "kv_channels"),
        intermediate=_int(config, "ffn_hidden_size"),
        mlp_matrices=3,
        tied=_tied(config, default=False),
    )


def _qwen(config: Mapping[str, object]) -> Shape:
    """The first Qwen: ``intermediate_size`` counts both halves of the gated MLP."""
    heads = _int(config, "num_attention_heads")
    return Shape(
        layers=_int(config, "num_hidden_layers"),
        hidden=_int(config, "hidden_size"),
        vocab=_int(config, "vocab_size"),
        heads=heads,
        kv_heads=heads,
        head_dim=_int(config, "kv_channels"),
        intermediate=_int(config, "intermediate_size") // 2,
        mlp_matrices=3,
        tied=_tied(config, default=False),
    )


_READERS: dict[str, Callable[[Mapping[str, object]], Shape]] = {
    "BaiChuanForCausalLM": _gated,
    "BaichuanForCausalLM": _gated,
    "ChatGLMForConditionalGeneration": _chatglm,
    "ChatGLMModel": _chatglm,
    "GPTNeoXForCausalLM": _neox,
    "Gemma2ForCausalLM": lambda config: _gated(config, tied=True, window="even"),
    "GemmaForCausalLM": lambda config: _gated(config, tied=True),
    "Glm4ForCausalLM": _gated,
    "GlmForCausalLM": _gated,
    "LlamaForCausalLM": _gated,
    "MistralForCausalLM": lambda config: _gated(config, window="all"),
    "MixtralForCausalLM": lambda config: _mixture(config, "intermediate_size"),
    "Phi3ForCausalLM": lambda config: _gated(config, window="all"),
    "QWenLMHeadModel": _qwen,
    "Qwen2ForCausalLM": lambda config: _gated(config, window="declared"),
    "Qwen3ForCausalLM": lambda config: _gated(config, window="declared"),
    "Qwen3MoeForCausalLM": lambda config: _mixture(config, "moe_intermediate_size"),
}

KNOWN = tuple(_READERS)
"""Names of the known architectures, sorted."""


def shape(config: Mapping[str, object]) -> tuple[Shape | None, str]:
    """The shape that a configuration describes, or None with the reason."""
    names = config.get("architectures")
    if not isinstance(names, list) or not names:
        return None, "config.json names no architecture"
    reader = _READERS.get(str(names[0]))
    if reader is None:
        return None, f"the FLOPs of the architecture {names[0]} are not known"
    try:
        return reader(config), ""
    except _MissingError as cause:
        return None, f"config.json of {names[0]}: {cause}"


def max_positions(config: Mapping[str, object]) -> int | None:
    """The longest sequence that the model was made for, None when the configuration does not say."""
    for name in (
        "max_position_embeddings",
        "seq_length",
        "model_max_length",
        "max_sequence_length",
    ):
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
