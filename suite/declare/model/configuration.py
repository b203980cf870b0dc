"""A model's ``config.json``: read as engines read it, and asked for single facts.

Several are nested: a model that also sees or hears keeps the numbers of its language part under
``text_config``, where whatever equals the library's default is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from suite.base.jsonio import JSONObject

FILE = "config.json"
_LANGUAGE = ("text_config", "language_config", "llm_config")
_QUANTISATION = ("quantization_config", "compression_config")
_QUANTISATION_FILES = {
    "quantize_config.json": "gptq",
    "quant_config.json": "awq",
    "hf_quant_config.json": "modelopt",
}
_POSITIONS = (
    "max_position_embeddings",
    "n_positions",
    "seq_length",
    "model_max_length",
    "max_sequence_length",
)


class MissingError(LookupError):
    """A member that an architecture needs is absent or of another form."""


def read_text(directory: Path) -> str:
    """The text of a model directory's configuration, once it is found to be one.

    Raises:
        DataError: ``model-missing``, ``model-no-config``, ``model-config-wrong`` or ``json-refused``.
    """
    if not directory.is_dir():
        raise DataError(
            "model-missing",
            Sentence("there is no such model directory", "没有这个模型目录"),
            Place(str(directory)),
        )
    path = directory / FILE
    if not path.is_file():
        hint = Sentence(
            "a model directory holds config.json, a tokenizer and *.safetensors",
            "模型目录含有 config.json、分词器与 *.safetensors",
        )
        raise DataError(
            "model-no-config",
            Sentence("no config.json", "没有 config.json"),
            Place(str(directory)),
            hint,
        )
    data = jsonio.read_bytes(path, error=DataError)
    parse(data, str(path))
    return data.decode("utf-8")


def parse(data: bytes, name: str = FILE) -> JSONObject:
    """A configuration, as Python's own reader takes it.

    Infinity, NaN, a byte order mark and a repeated member, of which the last counts, are no reason to refuse a
    model that engines run.

    Raises:
        DataError: ``model-config-wrong`` or ``json-refused``.
    """
    value = jsonio.loads(data, name=name, error=DataError, foreign=True)
    if not isinstance(value, dict):
        raise DataError(
            "model-config-wrong",
            Sentence("config.json is not an object", "config.json 不是对象"),
            Place(name),
        )
    return value


def language(config: Mapping[str, object]) -> Mapping[str, object]:
    """The part about the language model: nested, or the whole."""
    sections = (config.get(name) for name in _LANGUAGE)
    return next((section for section in sections if isinstance(section, dict)), config)


def architecture(config: Mapping[str, object]) -> str:
    """The first of ``architectures``; "" without one."""
    names = config.get("architectures")
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""


def text(config: Mapping[str, object], *names: str) -> str:
    """The first of the members that is text, of the whole or else of its language part; "" without one."""
    sections = (config, language(config))
    values = (section.get(name) for section in sections for name in names)
    return next((value for value in values if isinstance(value, str)), "")


def dtype(config: Mapping[str, object]) -> str:
    """The precision that the configuration names; "" when it leaves that to the weights."""
    name = text(config, "torch_dtype", "dtype").removeprefix("torch.")
    return "" if name == "auto" else name


def integer(config: Mapping[str, object], *names: str) -> int:
    """The first of the members that is there.

    Raises:
        MissingError: it is no positive integer, or none is there.
    """
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        if value is not None:
            raise MissingError(f"{name} is not a positive integer")
    raise MissingError(f"{names[0]} is absent")


def integer_or(config: Mapping[str, object], name: str, default: int) -> int:
    """The member, or the default where it is absent or null; zero is a number here.

    Raises:
        MissingError: it is no integer.
    """
    value = config.get(name)
    if value is None or (value == 0 and not isinstance(value, bool)):
        return default if value is None else 0
    return integer(config, name)


def switch(config: Mapping[str, object], name: str, *, default: bool) -> bool:
    """A member that is on or off."""
    value = config.get(name)
    return value if isinstance(value, bool) else default


def tied(config: Mapping[str, object], *, default: bool) -> bool:
    """Whether the head shares the embedding's weights: said of the whole, or of its language part."""
    return switch(
        config,
        "tie_word_embeddings",
        default=switch(language(config), "tie_word_embeddings", default=default),
    )


def quantisation(config: Mapping[str, object], files: Collection[str]) -> str | None:
    """The method that the weights are quantised with, None for none; some name it in a file of its own."""
    for section in (config, language(config)):
        for name in _QUANTISATION:
            described = section.get(name)
            if described is None:
                continue
            method = described.get("quant_method") if isinstance(described, dict) else None
            default = "compressed-tensors" if name == "compression_config" else "unnamed"
            return method if isinstance(method, str) and method else default
    names = (name for name in _QUANTISATION_FILES if name in files)
    return next((_QUANTISATION_FILES[name] for name in names), None)


def max_positions(config: Mapping[str, object]) -> int | None:
    """The longest sequence that the model was made for, None when the configuration does not say."""
    for section in (language(config), config):
        for name in _POSITIONS:
            value = section.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None


def names_experts(config: Mapping[str, object]) -> bool:
    """Whether any member speaks of more than one expert."""
    return any(
        "expert" in name and isinstance(value, int) and value > 1
        for section in (config, language(config))
        for name, value in section.items()
    )
