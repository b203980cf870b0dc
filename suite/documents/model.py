"""Which model: its files, and the facts that FLOPs and bytes follow from."""

import math
from typing import Annotated

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Integer, Positive, Required, Sha256


class FileDigest(Document):
    """A file and its digest."""

    path: Annotated[Required, about("Relative to the directory.")]
    bytes: Annotated[Count, about("Size.")]
    sha256: Annotated[Sha256, about("Digest of the file.")]


class LayerGroup(Document):
    """Layers that are alike; weights are counted for one of them, without norms and biases."""

    count: Annotated[Positive, about("How many layers.")]
    attention_parameters: Annotated[Count, about("Weights of the attention projections.")]
    heads: Annotated[Count, about("Query heads; 0 where the group has no attention.")]
    key_dim: Annotated[Count, about("Width of a head's query and key.")]
    value_dim: Annotated[Count, about("Width of a head's value.")]
    cached_values: Annotated[
        Count,
        about("Numbers that the cache keeps of one token: keys and values, or their latent form."),
    ]
    window: Annotated[Positive | None, about("Tokens that it looks back on; null for all.")]
    mlp_parameters: Annotated[
        Count, about("Weights that every token multiplies: MLP, shared experts, router.")
    ]
    expert_parameters: Annotated[Count, about("Weights of one routed expert; 0 without.")]
    experts: Annotated[Count, about("Routed experts; 0 without.")]
    active_experts: Annotated[Count, about("Routed experts that one token uses.")]


class ModelFacts(Document):
    """What is known of a model; a number is null when neither configuration nor weights tell it for certain."""

    architecture: Annotated[
        str, about("First of architectures in the configuration, for example LlamaForCausalLM.")
    ]
    model_type: Annotated[str, about("As the configuration names it.")]
    parameters: Annotated[
        Count | None,
        about("Distinct parameters; a tied head counts once, layers for guessing ahead do not."),
    ]
    active_parameters: Annotated[
        Count | None,
        about("Those that one token of text uses: without idle experts and without other senses."),
    ]
    parameters_unknown: Annotated[
        str, about("Why a number of parameters is null; empty when none is.")
    ]
    weight_bytes: Annotated[Count, about("Bytes of all stored tensors.")]
    torch_dtype: Annotated[
        str, about("Precision that the configuration names, else that of most stored weights.")
    ]
    tie_embeddings: Annotated[bool, about("The head shares the embedding's weights.")]
    quantisation: Annotated[str | None, about("Method of quantisation; null for none.")]
    max_positions: Annotated[Integer | None, about("Longest context in tokens.")]
    heads: Annotated[Integer | None, about("Attention heads.")]
    layers: Annotated[
        tuple[LayerGroup, ...], about("The layers in groups; empty when FLOPs cannot be derived.")
    ]
    head_parameters: Annotated[Count, about("Weights of the language-model head; 0 likewise.")]
    shape_unknown: Annotated[str, about("Why FLOPs cannot be derived; empty when they can.")]
    notes: Annotated[
        tuple[str, ...], about("What was left aside when the weights were read, and why.")
    ]


class Tensor(Document):
    """One tensor's entry in the header of a safetensors file."""

    name: Annotated[str, about("Its name.")]
    dtype: Annotated[str, about("As the format writes it, for example BF16.")]
    shape: Annotated[tuple[Count, ...], about("Its shape.")]
    bytes: Annotated[Count, about("Bytes that it takes in the file.")]

    @property
    def elements(self) -> int:
        """Number of stored elements."""
        return math.prod(self.shape)


class TensorFile(Document):
    """The header of one safetensors file."""

    path: Annotated[Required, about("Relative to the directory.")]
    header_bytes: Annotated[Count, about("Length of the header.")]
    tensors: Annotated[tuple[Tensor, ...], about("In the header's order.")]


class ModelSource(Document):
    """What a model's facts follow from; no weight is in it."""

    config: Annotated[str, about("The text of config.json.")]
    names: Annotated[
        tuple[str, ...], about("Files of the directory that belong to the model, sorted.")
    ]
    weights: Annotated[tuple[TensorFile, ...], about("Headers of the files that engines read.")]
    notes: Annotated[tuple[str, ...], about("What was left aside when they were read, and why.")]


class Model(Document):
    """Which model, with the facts that metrics need."""

    id: Annotated[str, about("Hub id or directory name.")]
    revision: Annotated[str | None, about("Pinned revision, or null.")]
    path: Annotated[str, about("On this machine.")]
    sha256: Annotated[Sha256, about("Over the sorted list of files.")]
    files: Annotated[tuple[FileDigest, ...], about("Files with digests.")]
    facts: Annotated[ModelFacts, about("What its configuration and tensors say.")]
    tokenizer_sha256: Annotated[Sha256 | None, about("Digest of the tokenizer, or null.")]
    chat_template_sha256: Annotated[Sha256 | None, about("Digest of the chat template, or null.")]
    shortest_prompt: Annotated[
        Positive | UnsetType,
        about(
            "Tokens of the shortest prompt that can be sent; shorter exact lengths were raised to it."
        ),
    ] = UNSET
