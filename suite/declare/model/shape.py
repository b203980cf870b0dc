"""A language model as numbers: groups of like layers, the embedding and the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.documents.model import LayerGroup


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers that parameters, FLOPs and bytes follow from.

    Attributes:
        depth: transformer layers, which the weights number from 0.
        heads: attention heads, which tensor parallelism splits.
        tied: the head shares the embedding's weights.
        groups: of like layers, in no particular order.
        embedding: weights of the token embedding.
        head: weights of the language-model head.
    """

    depth: int
    heads: int
    tied: bool
    groups: tuple[LayerGroup, ...]
    embedding: int
    head: int

    @property
    def matrix_parameters(self) -> int:
        """All weights but norms, biases and positions."""
        layers = sum(
            group.count * (fixed(group) + group.experts * group.expert_parameters)
            for group in self.groups
        )
        return layers + self.embedding + (0 if self.tied else self.head)

    @property
    def idle_parameters(self) -> int:
        """Weights of the experts that one token does not use."""
        return sum(
            group.count * (group.experts - group.active_experts) * group.expert_parameters
            for group in self.groups
        )


def fixed(group: LayerGroup) -> int:
    """Weights of one layer that every token multiplies."""
    return group.attention_parameters + group.mlp_parameters


def used(group: LayerGroup) -> int:
    """Weights of one layer that one token multiplies."""
    return fixed(group) + group.active_experts * group.expert_parameters
