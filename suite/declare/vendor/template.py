"""Filling declared templates: ``{model}`` and the other placeholders, and nothing else in braces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PER_NODE: Final = {
    "node_rank": "the node's number in its group, from 0",
    "node_address": "the node's own address",
    "node_interface": "the network interface that has this address",
    "head_address": "the address of node 0",
    "data_parallel_start": "number of the node's first replica",
    "prefill_addresses": "address:port of every node that prefills, with commas",
    "decode_addresses": "address:port of every node that decodes, with commas",
}
"""What only a node can fill in: it stays in the plan as it is, which so serves any machines."""
OF_NODES: Final = {
    "nodes": "number of nodes",
    "pipeline_parallel": "number of pipeline stages",
    "data_parallel": "number of replicas that share the requests",
    "data_parallel_local": "number of those replicas on each node",
    **PER_NODE,
}
"""Placeholders that only layouts over several nodes have."""
PLACEHOLDERS: Final = {
    "model": "the model directory as the engine sees it",
    "model_name": "the model's short name, without slashes",
    "model_source": "the original model directory as the converter sees it",
    "conversion_target": "the directory for converted weights as the converter sees it",
    "model_type": "the converter's name for the architecture",
    "served_model_name": "the name that requests send",
    "tensor_parallel": "number of ranks that share the model",
    "devices": "number of devices",
    "visible": "the selected device indices, as the visibility variable writes them",
    "index": "one device index; the text is repeated for each",
    "nonce": "what the devices sign: the plan's digest, then the log's, 64 hexadecimal digits",
    "dtype": "the requested precision",
    "max_model_len": "longest prompt and answer together, tokens",
    "host": "address to listen on",
    "port": "port to listen on",
    "peak_probe": "the suite's script that measures a peak, as the engine's environment sees it",
    "profiled": "the suite's script that gives a server torch's profiler, as the engine's environment sees it",
    "trace_directory": "where the engine's profiler writes, as the engine sees it",
    "recipe": "the directory of the image's recipe, with programs that start or convert, as the engine's environment sees it",
    "arch": "the accelerator's architecture",
    "match": "the regular expression for the accelerator's name",
    "image": "the image reference",
    **OF_NODES,
}
"""Every placeholder with its meaning."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def names(text: str) -> list[str]:
    """The placeholders in a text, known or not, in order. JSON's braces are none."""
    return _PLACEHOLDER.findall(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace every placeholder.

    Raises:
        DeclarationError: ``template-unknown`` for a placeholder without a value.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            known = ", ".join(f"{{{name}}}" for name in sorted(values))
            raise DeclarationError(
                "template-unknown",
                Sentence(f"there is no value for {{{match[1]}}}", f"{{{match[1]}}} 没有取值"),
                hint=Sentence(f"known: {known}", f"已知：{known}"),
            )
        return values[match[1]]

    return _PLACEHOLDER.sub(value, text)


def fill_all(texts: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """`fill` for each of several texts."""
    return [fill(text, values) for text in texts]
