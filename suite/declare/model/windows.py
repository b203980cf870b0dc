"""How far each layer of a model looks back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.declare.model.configuration import MissingError, integer, integer_or, switch

if TYPE_CHECKING:
    from collections.abc import Mapping

_SWITCHED = frozenset({"upper", "lower even", "switched", "listed"})
"""Rules of architectures whose window is off unless ``use_sliding_window`` says that it is on."""


def windows(config: Mapping[str, object], layers: int, rule: str) -> list[int | None]:
    """For each layer the tokens that it looks back on, the newest included; None for all.

    The switch comes before everything, then the configuration's list of layers, then the architecture's rule.
    A layer that attends within chunks is taken as one with a window of that length, as the library's cache and
    PyTorch's counter take it.

    Args:
        config: of the language part.
        layers: how many there are.
        rule: which layers have a window where no list says so; "" for none.

    Raises:
        MissingError: the configuration describes attention of another kind.
    """
    listed = _kinds(config, layers)
    if not rule:
        return [None] * layers
    width = integer_or(config, "attention_chunk_size" if rule == "chunks" else "sliding_window", 0)
    is_on = switch(config, "use_sliding_window", default=rule not in _SWITCHED)
    if not width or not is_on:
        return [None] * layers
    limited = _by_rule(config, layers, rule) if listed is None else listed
    return [width if is_limited else None for is_limited in limited]


def _kinds(config: Mapping[str, object], layers: int) -> list[bool] | None:
    """Which layers are limited, by the configuration's own list."""
    kinds = config.get("layer_types")
    if kinds is None:
        return None
    if not isinstance(kinds, list) or len(kinds) != layers:
        raise MissingError(f"layer_types does not name {layers} layers")
    known = {"full_attention": False, "sliding_attention": True, "chunked_attention": True}
    if not all(isinstance(kind, str) and kind in known for kind in kinds):
        raise MissingError("layer_types names layers of another kind than attention")
    return [known[str(kind)] for kind in kinds]


def _by_rule(config: Mapping[str, object], layers: int, rule: str) -> list[bool]:
    match rule:
        case "all" | "switched":
            return [True] * layers
        case "even":
            return [index % 2 == 0 for index in range(layers)]
        case "pattern":
            period = integer_or(config, "sliding_window_pattern", 6) or 6
            return [(index + 1) % period != 0 for index in range(layers)]
        case "upper":
            first = integer_or(config, "max_window_layers", layers)
            return [index >= first for index in range(layers)]
        case "lower even":
            end = integer_or(config, "max_window_layers", 28)
            return [index % 2 == 0 and index < end for index in range(layers)]
        case "chunks" | "listed":
            limited = _rotated(config, layers)
            return limited if rule == "chunks" else [not rotated for rotated in limited]
        case _:
            raise AssertionError(rule)


def _rotated(config: Mapping[str, object], layers: int) -> list[bool]:
    """Which layers rotate keys: by their list, else all but each fourth."""
    value = config.get("no_rope_layers")
    if isinstance(value, list) and value:
        if len(value) != layers:
            raise MissingError(f"no_rope_layers does not name {layers} layers")
        return [bool(item) for item in value]
    period = integer(config, "no_rope_layer_interval") if "no_rope_layer_interval" in config else 4
    return [(index + 1) % period != 0 for index in range(layers)]
