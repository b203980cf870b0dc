"""Which model: its files, and the facts that FLOPs and bytes follow from."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Integer, Positive, Required, Sha256


class FileDigest(Document):
    """A file and its digest."""

    path: Annotated[Required, about("Relative to the directory.")]
    bytes: Annotated[Count, about("Size.")]
    sha256: Annotated[Sha256, about("Digest of the file.")]


class ModelFacts(Document):
    """What is known of a model; a number is null when the configuration does not say it in a known form."""

    architecture: Annotated[
        str, about("First of architectures in the configuration, for example LlamaForCausalLM.")
    ]
    model_type: Annotated[str, about("As the configuration names it.")]
    parameters: Annotated[Count, about("Distinct parameters; a tied head counts once.")]
    active_parameters: Annotated[
        Integer, about("Those that one token uses; with experts, those of the chosen ones only.")
    ]
    weight_bytes: Annotated[Count, about("Bytes of all stored tensors.")]
    torch_dtype: Annotated[str, about("Precision that the configuration names.")]
    tie_embeddings: Annotated[bool, about("The head shares the embedding's weights.")]
    quantisation: Annotated[str | None, about("Method named in the configuration; null for none.")]
    max_positions: Annotated[Integer | None, about("Longest context in tokens.")]
    layers: Annotated[Integer | None, about("Transformer layers.")]
    hidden_size: Annotated[Integer | None, about("Width of a token.")]
    vocab_size: Annotated[Integer | None, about("Entries of the vocabulary.")]
    heads: Annotated[Integer | None, about("Attention heads.")]
    kv_heads: Annotated[Integer | None, about("Heads of keys and values.")]
    head_dim: Annotated[Integer | None, about("Width of a head.")]
    intermediate_size: Annotated[
        Integer | None, about("Width of the MLP; of one expert where there are experts.")
    ]
    mlp_matrices: Annotated[Integer | None, about("3 with a gate, 2 without.")]
    experts: Annotated[Count, about("0 for a dense model.")]
    active_experts: Annotated[Count, about("Experts that one token uses.")]
    sliding_window: Annotated[
        Integer | None, about("Tokens that a windowed layer looks back on; null without one.")
    ]
    sliding_layers: Annotated[Count, about("How many layers have the window.")]
    shape_unknown: Annotated[str, about("Why FLOPs cannot be derived; empty when they can.")]


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
