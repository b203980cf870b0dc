"""What a command and its variables switch on, in the spellings of the servers that are in use.

A declaration knows its own engine's switches; these are known of all, so that a switch which nobody declared is seen
too: as two words or ``--name=value``, in short, shortened as argparse takes it, as a member of JSON, as a variable, or
inside a line that a shell runs.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from suite.base import jsonio
from suite.base.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Feature = Literal[
    "caching", "no-caching", "quantisation", "cache-dtype", "speculation", "dtype", "ranks", "replicas", "length", "file"
]  # fmt: skip

_OPTIONS: Final[dict[Feature, tuple[str, ...]]] = {
    "caching": (
        "enable-prefix-caching", "enable-prefix-cache", "prefix-caching", "use-prefix-caching", "enable-radix-cache",
        "cache-reuse", "enable-kv-cache-reuse", "kv-transfer-config", "kv-offloading-size", "enable-prompt-cache",
    ),
    "no-caching": (
        "no-enable-prefix-caching", "no-prefix-caching", "disable-prefix-caching", "disable-radix-cache",
    ),
    "quantisation": (
        "quantization", "q", "quantize", "quantisation", "quant", "quant-policy", "quantization-config", "load-in-8bit",
        "load-in-4bit", "torchao-config", "quant-method", "bnb-4bit",
    ),
    "cache-dtype": ("kv-cache-dtype", "cache-type-k", "cache-type-v", "ctk", "ctv", "kv-dtype"),
    "speculation": (
        "speculative-config", "sc", "speculative-model", "num-speculative-tokens", "speculative-algorithm",
        "speculative-algo", "speculative-draft-model-path", "speculative-num-steps", "speculate", "draft-model",
        "model-draft", "md", "draft", "draft-max", "assistant-model", "prompt-lookup-num-tokens", "spec-decoding",
    ),
    "dtype": ("dtype", "torch-dtype", "data-type"),
    "ranks": ("tensor-parallel-size", "tp", "tp-size", "num-shard", "tensor-parallel"),
    "replicas": (
        "pipeline-parallel-size", "pp", "pp-size", "data-parallel-size", "dp", "dp-size", "data-parallel",
    ),
    "length": ("max-model-len", "context-length", "max-total-tokens"),
    "file": ("config", "config-file", "model-config", "args-file"),
}  # fmt: skip
"""Options without dashes, by what they decide."""
STAGES: Final = frozenset({"pipeline-parallel-size", "pp", "pp-size"})
"""Those of the replicas that are stages of a pipeline."""
_FEATURES: Final = {name: feature for feature, names in _OPTIONS.items() for name in names}
_GLUED: Final = "-q"
"""The option to which argparse takes its value without a space."""
_OF_WORDS_ALONE: Final[frozenset[Feature]] = frozenset({"file"})
_NOT_IN_JSON: Final[frozenset[Feature]] = frozenset({"dtype", "length", "file"})
"""What a member or variable of that name need not decide for the engine."""
_SHORT: Final = 2
_LEAST_SHORTENED: Final = 5
"""Letters of an option that argparse may be given in place of the whole."""
_OFF: Final = frozenset({"", "none", "null", "0", "false", "off", "no", "model", "unquantized"})
_UNROUNDED: Final = frozenset(
    {"auto", "f16", "fp16", "bf16", "f32", "fp32", "float16", "bfloat16", "float32"}
)
_NUMBER: Final = re.compile(r"[0-9]+\Z")


@dataclass(slots=True)
class Flags:
    """What a command decides; None where it says nothing.

    Attributes:
        prefix_caching: work is reused across requests.
        quantisation: how weights are rounded.
        cache_dtype: how keys and values are rounded.
        speculative_decoding: tokens are guessed ahead.
        dtype: the precision that is asked for.
        ranks: tensor-parallel ranks.
        replicas: further ways of splitting, by option; a plan has no member for them.
        max_model_len: longest prompt and answer together, tokens.
        files: options that name a file of further arguments, which nobody here has read.
    """

    prefix_caching: bool | None = None
    quantisation: str | None = None
    cache_dtype: str | None = None
    speculative_decoding: bool | None = None
    dtype: str | None = None
    ranks: int | None = None
    replicas: dict[str, int] = field(default_factory=dict)
    max_model_len: int | None = None
    files: list[str] = field(default_factory=list)


def read_flags(words: Sequence[str], env: Mapping[str, str]) -> Flags:
    """What the words of a command and its variables switch on; what comes later counts."""
    flags = Flags()
    for name, value in (*_variables(env), *_options(words)):
        _note(flags, name, value)
    return flags


def _note(flags: Flags, name: str, value: str | None) -> None:
    feature = _FEATURES[name]
    off = value is not None and value.strip().lower() in _OFF
    if feature in ("caching", "no-caching"):
        flags.prefix_caching = off if feature == "no-caching" else not off
    elif feature == "quantisation":
        flags.quantisation = None if off else _method(name, value)
    elif feature == "speculation":
        flags.speculative_decoding = not off
    elif feature == "cache-dtype":
        rounded = value is not None and not off and value.lower() not in _UNROUNDED
        flags.cache_dtype = value if rounded else None
    else:
        _note_value(flags, feature, name, value)


def _note_value(flags: Flags, feature: Feature, name: str, value: str | None) -> None:
    number = int(value) if value is not None and _NUMBER.match(value) else None
    if feature == "dtype":
        flags.dtype = value
    elif feature == "ranks":
        flags.ranks = number
    elif feature == "length":
        flags.max_model_len = number
    elif feature == "replicas" and number is not None:
        flags.replicas[name] = number
    elif feature == "file" and value is not None and not value.lstrip().startswith("{"):
        flags.files.append(f"--{name} {value}")


def _method(name: str, value: str | None) -> str:
    """The method that an option names; its own name where it is a switch or takes more than a name."""
    plain = value is not None and re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", value) is not None
    return value if plain and value is not None else name


def _options(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    listed = list(words)
    for index, word in enumerate(listed):
        following = listed[index + 1] if index + 1 < len(listed) else None
        if word.startswith("-"):
            yield from _option(word, following)
        elif word.lstrip().startswith("{"):
            yield from _members(word)
        elif any(part.startswith("-") for part in word.split()[1:]):
            yield from _options(_split(word))


def _option(word: str, following: str | None) -> Iterator[tuple[str, str | None]]:
    name, equals, value = word.partition("=")
    option = _full_option(name)
    if option is None and word.startswith(_GLUED) and not equals:
        yield _GLUED.lstrip("-"), word.removeprefix(_GLUED)
        return
    if option is not None:
        takes = following is not None and not following.startswith("-")
        yield option, value if equals else following if takes else None
    if equals and value.lstrip().startswith("{"):
        yield from _members(value)


def _full_option(word: str) -> str | None:
    """The option that a word means, in full, with a part of it (``--name.part``), or shortened."""
    name = word.lstrip("-").partition(".")[0].replace("_", "-")
    if name in _FEATURES:
        return name
    if not word.startswith("--") or len(name) < _LEAST_SHORTENED:
        return None
    meant = [option for option in _FEATURES if option.startswith(name)]
    return meant[0] if len({_FEATURES[option] for option in meant}) == 1 else None


def _members(text: str) -> Iterator[tuple[str, str | None]]:
    """Options that are members of a JSON object, at any depth."""
    try:
        value = jsonio.loads(text.encode())
    except SuiteError:
        return
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            for name, member in node.items():
                option = name.replace("_", "-")
                if len(option) > _SHORT and _FEATURES.get(option, "file") not in _NOT_IN_JSON:
                    nested = isinstance(member, dict | list)
                    yield option, option if nested and member else str(member or "").lower() or None
                waiting.append(member)


def _variables(env: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Options that are variables, with or without a prefix such as ``VLLM_``, or stand in one as words."""
    for name, value in env.items():
        parts = name.lower().split("_")
        spelled = ("-".join(parts[start:]) for start in range(min(3, len(parts))))
        known = (o for o in spelled if _FEATURES.get(o, "file") not in _OF_WORDS_ALONE)
        option = next((o for o in known if len(o) > _SHORT), None)
        if option is not None:
            yield option, value
        if value.lstrip().startswith("{"):
            yield from _members(value)
        elif any(part.startswith("--") for part in value.split()):
            yield from _options(_split(value))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark without its other
        return text.split()
