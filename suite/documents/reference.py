"""A reference run: what a model scores on a task set when it runs as it should."""

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Positive, PositiveNumber, Ratio, Sha256


class Rouge(Document):
    """F-measures, 0 to 1."""

    rouge1: Annotated[Ratio, about("ROUGE-1.")]
    rouge2: Annotated[Ratio, about("ROUGE-2.")]
    rougeL: Annotated[Ratio, about("ROUGE-L.")]
    rougeLsum: Annotated[Ratio, about("ROUGE-Lsum.")]


class ReferenceDecoding(Document):
    """How was generated."""

    greedy: Annotated[bool, about("Always the likeliest token.", extra_json_schema={"const": True})]
    max_new_tokens: Annotated[Positive, about("Limit of generated tokens.")]
    dtype: Annotated[str, about("Data type of weights and arithmetic.")]


class Reference(Document):
    """What a model scores on a task set when it runs as it should."""

    SCHEMA: ClassVar[str] = "reference"

    records: Annotated[Positive | UnsetType, about("Number of tasks.")] = UNSET
    records_sha256: Annotated[
        Sha256,
        about("SHA-256 of the record digests of the task set joined by line feeds, in order."),
    ]
    weights_sha256: Annotated[Sha256, about("SHA-256 of model.safetensors.")]
    decoding: Annotated[ReferenceDecoding, about("How was generated.")]
    rouge: Annotated[Rouge, about("Mean F-measures of the model's summaries.")]
    lead1_rouge: Annotated[
        Rouge | UnsetType, about("Mean F-measures of the documents' first sentences.")
    ] = UNSET
    exact_summaries: Annotated[
        Count | UnsetType, about("Summaries equal to the reference text.")
    ] = UNSET
    generated_tokens_mean: Annotated[
        PositiveNumber, about("Mean number of generated tokens, the end token included.")
    ]
    environment: Annotated[
        dict[str, str] | UnsetType, about("Versions of what made the reference.")
    ] = UNSET
