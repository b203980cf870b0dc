"""A model's chat template, rendered as its engine renders it.

Chat templates are Jinja programs with the conventions of Hugging Face transformers: blocks are trimmed,
``tojson`` leaves HTML alone, ``raise_exception`` and ``strftime_now`` exist, ``{% generation %}`` marks
what the model said, and the tokenizer's special tokens are variables. They come with the model and run
here in an immutable sandbox. A template that changes the case of a prompt goes by the interpreter's Unicode tables,
here as in its engine.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn, TypedDict

import jinja2
import jinja2.ext
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place
from suite.declare.tasks.thinking import OPENING
from suite.documents.basis import Thinking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jinja2.parser import Parser

    from suite.base.jsonio import JSONObject, JSONValue

# What a template's own mistakes can surface as, besides Jinja's errors.
_TEMPLATE_FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


_SWITCHES: Final = ("enable_thinking", "thinking")
"""Variables by which chat templates turn a model's thinking on and off."""


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


class _Generation(jinja2.ext.Extension):
    """``{% generation %} … {% endgeneration %}``: a mark for training that renders as its content."""

    tags = {"generation"}  # noqa: RUF012 - the library's own attribute

    def parse(self, parser: Parser) -> nodes.Node:
        """Keep the body in a scope of its own."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _tojson(
    value: object,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - templates call it so
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002 - templates call it so
) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


class ChatTemplate:
    """A compiled chat template.

    Attributes:
        text: the template's text.
        sha256: SHA-256 of its UTF-8.
        thinking: of the model; None where the template knows of none. It renders with thinking switched off, as requests
            ask for it.
    """

    def __init__(
        self, text: str, tokens: Mapping[str, str], *, now: datetime | None = None
    ) -> None:
        """Compile a template.

        Args:
            text: the template.
            tokens: special tokens by name, e.g. ``bos_token``.
            now: what ``strftime_now`` tells; None is the clock.

        Raises:
            DataError: ``chat-template-wrong``.
        """
        self.text = text
        self.sha256 = jsonio.sha256_hex(text.encode("utf-8"))
        self._variables: dict[str, object] = dict(tokens)
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # a prompt is no HTML
            extensions=[_Generation, jinja2.ext.loopcontrols],
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise_exception

        def strftime_now(form: str) -> str:
            date = now or datetime.now()  # noqa: DTZ005 - the engine writes its local date
            return date.strftime(form)

        environment.globals["strftime_now"] = strftime_now
        try:
            self._template = environment.from_string(text)
            switch = _switch(environment.parse(text))
        except (jinja2.TemplateError, RecursionError) as cause:
            message = Sentence(
                f"the chat template is not Jinja: {cause}", f"对话模板不是 Jinja：{cause}"
            )
            raise DataError("chat-template-wrong", message) from cause
        if switch:
            self._variables[switch] = False
        self.thinking = self._thinking(switch)

    def _thinking(self, switch: str) -> Thinking | None:
        try:
            prompt = self.render([{"role": "user", "content": "x"}])
        except DataError:  # who renders a prompt that is sent is told
            prompt = ""
        begun = prompt.rstrip().endswith(OPENING)
        return Thinking(switch=switch, begun=begun) if switch or begun else None

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        """The text that the model sees for a chat.

        Raises:
            DataError: ``chat-template-failed``, with what the template said.
        """
        try:
            return self._template.render(
                messages=[dict(message) for message in messages],
                tools=None,
                documents=None,
                add_generation_prompt=add_generation_prompt,
                **self._variables,
            )
        except _TEMPLATE_FAULTS as cause:
            message = Sentence(
                f"the chat template fails on a user message: {cause}",
                f"对话模板处理用户消息时出错：{cause}",
            )
            raise DataError("chat-template-failed", message) from cause


def _switch(template: nodes.Template) -> str:
    """The variable that turns thinking off; "" where the template reads none."""
    outside = meta.find_undeclared_variables(template)
    tested = {
        test.node.name
        for test in template.find_all(nodes.Test)
        if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name)
    }
    return next((name for name in _SWITCHES if name in outside | tested), "")


def special_tokens(config: JSONObject) -> dict[str, str]:
    """Special tokens by name of a ``tokenizer_config.json``: text, or an object with ``content``."""
    tokens: dict[str, str] = {}
    for name, value in config.items():
        content = value.get("content") if isinstance(value, dict) else value
        if name.endswith("_token") and isinstance(content, str):
            tokens[name] = content
    return tokens


def template_text(directory: Path, config: JSONObject) -> str | None:
    """The default chat template of a model directory, or None when it has none.

    ``chat_template.jinja`` comes first, as in transformers; then ``chat_template`` of the tokenizer's
    configuration (text, or a list of named ones of which ``default`` counts); then
    ``chat_template.json``.

    Raises:
        DataError: ``chat-template-wrong``, or what reading refuses.
    """
    file = directory / "chat_template.jinja"
    if file.is_file():
        try:
            return jsonio.read_bytes(file, error=DataError).decode("utf-8")
        except UnicodeDecodeError as cause:
            raise DataError(
                "chat-template-wrong", Sentence("not UTF-8", "不是 UTF-8"), Place(str(file))
            ) from cause
    value = config.get("chat_template")
    legacy = directory / "chat_template.json"
    if value is None and legacy.is_file():
        outer = jsonio.load(legacy, error=DataError, foreign=True)
        value = outer.get("chat_template") if isinstance(outer, dict) else None
    return _default(value, directory)


def _default(value: JSONValue, directory: Path) -> str | None:
    if value is None or isinstance(value, str):
        return value
    named: list[JSONValue] = value if isinstance(value, list) else [value]
    for item in named:
        if isinstance(item, dict) and item.get("name") == "default":
            text = item.get("template")
            if isinstance(text, str):
                return text
    place = Place(str(directory / "tokenizer_config.json"), pointer="/chat_template")
    raise DataError(
        "chat-template-wrong",
        Sentence(
            "several chat templates, none called default", "有多个对话模板，没有名为 default 的"
        ),
        place,
    )
