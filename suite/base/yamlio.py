"""Strict YAML: one document, JSON's data model, every value with its line.

YAML is read through its node tree, so that nothing is converted behind the writer's back: a plain scalar is
a JSON number, ``true``, ``false``, ``null`` or text. Words that YAML 1.1 gives another meaning (``no``,
``1:30``, ``017``, dates, ``.inf``) are refused with the advice to quote them. What is well formed and refused is told all at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, Place, Problem, SuiteError
from suite.base.jsonio import MAX_DEPTH, MAX_INTEGER, JSONObject, JSONValue, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

MAX_YAML_BYTES = 1 << 20
"""Largest document that is parsed: a declaration has a twentieth of it."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_AMBIGUOUS = re.compile(
    r"(?:y|n|yes|no|on|off|null|true|false|~"
    r"|[-+]?\.(?:inf|nan)"
    r"|[-+]?0[0-7_]+|[-+]?0[xob][0-9a-f_]+"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?[0-9][0-9_]*_[0-9_]*|\+[0-9.]+|[-+]?\.[0-9]+|[-+]?[0-9]+\.(?:[eE].*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?)\Z",
    re.IGNORECASE,
)


_CONSTANTS = {
    **dict.fromkeys(("y", "yes", "on", "true"), "true"),
    **dict.fromkeys(("n", "no", "off", "false"), "false"),
    **dict.fromkeys(("~", "null"), "null"),
}
"""What YAML 1.1 means by words that are refused, as it is written here."""
_OPENING = (
    *(yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken),
    *(yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken),
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


@dataclass(frozen=True, slots=True)
class YAMLDocument:
    """A value and the 1-based line of every member and item by JSON pointer.

    Attributes:
        refused: what a lenient reading went past; at these places the value is a stand-in.
    """

    value: JSONValue
    lines: dict[str, int]
    refused: list[Problem]


class _Builder:
    def __init__(self, name: str, error: type[SuiteError]) -> None:
        self.name = name
        self.error = error
        self.lines: dict[str, int] = {}
        self.refused: list[Problem] = []

    def refuse(self, node: yaml.Node, message: str, hint: str = "", pointer: str = "") -> None:
        """Note what is wrong and go on, so that everything is told in one round."""
        place = Place(self.name, node.start_mark.line + 1, pointer or None)
        self.refused.append(Problem(message, place, hint))

    def build(self, node: yaml.Node, pointer: str, depth: int = 0) -> JSONValue:
        if depth > MAX_DEPTH:
            place = Place(self.name, node.start_mark.line + 1)
            raise self.error(
                "yaml-refused",
                Sentence(f"nested deeper than {MAX_DEPTH}", f"嵌套超过 {MAX_DEPTH} 层"),
                place,
            )
        self.lines.setdefault(pointer, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, pointer, depth)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return [self.build(item, f"{pointer}/{index}", depth + 1) for index, item in items]
        assert isinstance(node, yaml.ScalarNode)
        return self.scalar(node, pointer)

    def mapping(self, node: yaml.MappingNode, pointer: str, depth: int) -> JSONObject:
        result: JSONObject = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse(
                    key_node,
                    Sentence("a member's name must be text", "成员名称必须是文本"),
                    pointer=pointer,
                )
                continue
            key = str(key_node.value)
            inner = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key in result:
                self.refuse(
                    key_node,
                    Sentence(f"the member {key!r} occurs twice", f"成员 {key!r} 出现两次"),
                    Sentence("keep one", "请保留其一"),
                    inner,
                )
                continue
            self.lines[inner] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, inner, depth + 1)
        return result

    def scalar(self, node: yaml.ScalarNode, pointer: str) -> JSONValue:
        text = str(node.value)
        if node.style:  # quoted or a block; plain is None or, from libyaml, ""
            return text
        constants: dict[str, JSONValue] = {"true": True, "false": False, "null": None}
        if text in constants:
            return constants[text]
        if text == "":
            thousands = re.search(r"/[0-9]{3}$", pointer)
            self.refuse(
                node,
                Sentence("an empty value", "空值"),
                Sentence("write a number without commas", "数字中不写逗号")
                if thousands
                else Sentence('write null or ""', '请写 null 或 ""'),
                pointer,
            )
            return None
        if _NUMBER.match(text):
            return self.number(node, text, pointer)
        if _AMBIGUOUS.match(text):
            word = _CONSTANTS.get(text.lower())
            self.refuse(
                node,
                Sentence(f"{text!r} means something else in YAML", f"{text!r} 在 YAML 中另有含义"),
                Sentence(f'write "{text}", or {word}', f'请写 "{text}" 或 {word}')
                if word
                else Sentence(f'write "{text}"', f'请写 "{text}"'),
                pointer,
            )
        return text

    def number(self, node: yaml.ScalarNode, text: str, pointer: str) -> int | float:
        if not any(char in text for char in ".eE"):
            if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
                self.refuse(
                    node,
                    Sentence("the integer lies beyond 2^53 - 1", "该整数超出 2^53 - 1"),
                    pointer=pointer,
                )
                return 0
            return int(text)
        value = float(text)
        if value in (float("inf"), float("-inf")):
            self.refuse(
                node, Sentence("the number is not finite", "该数不是有限数"), pointer=pointer
            )
            return 0
        return value


def _nodes(text: str, name: str, error: type[SuiteError]) -> list[yaml.Node | None]:
    """The documents of a text, by libyaml where it is there, in a tenth of the time.

    What is wrong is said by PyYAML's own parser everywhere, so that places and words are the same.
    """
    try:
        return _composed(text, name, error, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return _composed(text, name, error, yaml.SafeLoader)


_KINDS = {
    yaml.AnchorToken: Sentence("an anchor is not allowed", "不允许锚点"),
    yaml.AliasToken: Sentence("an alias is not allowed", "不允许别名"),
    yaml.TagToken: Sentence("a tag is not allowed", "不允许标签"),
}


def _composed(
    text: str, name: str, error: type[SuiteError], loader: type[yaml.SafeLoader]
) -> list[yaml.Node | None]:
    depth = 0
    refused = []
    for token in yaml.scan(text, Loader=loader):
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > MAX_DEPTH:
            # Before the composer, which recurses, meets it.
            place = Place(name, token.start_mark.line + 1)
            raise error(
                "yaml-refused",
                Sentence(f"nested deeper than {MAX_DEPTH}", f"嵌套超过 {MAX_DEPTH} 层"),
                place,
            )
        if type(token) in _KINDS:
            place = Place(name, token.start_mark.line + 1)
            hint = Sentence("write it out", "请写出全文")
            refused.append(Problem(_KINDS[type(token)], place, hint))
    _require(refused, error)
    return list(yaml.compose_all(text, Loader=loader))


def _text(data: bytes, name: str, error: type[SuiteError]) -> str:
    """The file's text, if it is one that is read as everybody sees it."""
    if len(data) > MAX_YAML_BYTES:
        message = Sentence(
            f"{len(data):,} bytes; at most {MAX_YAML_BYTES:,} are read",
            f"有 {len(data):,} 字节；最多读取 {MAX_YAML_BYTES:,} 字节",
        )
        raise error("yaml-refused", message, Place(name))
    if data.startswith(b"\xef\xbb\xbf"):
        raise error(
            "yaml-refused",
            Sentence("starts with a byte order mark", "以字节顺序标记开头"),
            Place(name, 1),
            Sentence("save it as UTF-8 without one", "请存为不带该标记的 UTF-8"),
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = 1 + data[: cause.start].count(b"\n")
        raise error(
            "yaml-refused",
            Sentence("not UTF-8", "不是 UTF-8"),
            Place(name, line),
            Sentence("save it as UTF-8", "请存为 UTF-8"),
        ) from cause
    tabs = [
        Problem(
            Sentence("a tab", "含有制表符"),
            Place(name, number),
            Sentence("indent with spaces", "请以空格缩进"),
        )
        for number, line in enumerate(text.splitlines(), 1)
        if "\t" in line
    ]
    _require(tabs, error)
    return text


def _require(problems: list[Problem], error: type[SuiteError]) -> None:
    if problems:
        first = problems[0]
        raise error("yaml-refused", first.message, first.place, first.hint, problems)


def loads(
    data: bytes,
    *,
    name: str = "<data>",
    error: type[SuiteError] = DeclarationError,
    lenient: bool = False,
) -> YAMLDocument:
    """Read one strict YAML document from bytes.

    Args:
        data: the file's bytes.
        name: of the file, for the place of what is wrong.
        error: class of the refusal.
        lenient: go past what is well formed and refused, and tell it in `YAMLDocument.refused`.

    Raises:
        SuiteError: of the class `error`, code ``yaml-refused`` with file, line and pointer.
    """
    text = _text(data, name, error)
    try:
        nodes = _nodes(text, name, error)
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark
        place = Place(name, mark.line + 1 if mark else None)
        raise error(
            "yaml-refused",
            Sentence(
                f"not YAML: {cause.problem or cause.context}",
                f"不是 YAML：{cause.problem or cause.context}",
            ),
            place,
            Sentence(
                "a text with a colon, a # or a sign before it needs quotation marks; what belongs together is indented alike",
                "含冒号、# 或以符号开头的文本须加引号；同级内容缩进一致",
            ),
        ) from cause
    except yaml.YAMLError as cause:
        raise error(
            "yaml-refused", Sentence(f"not YAML: {cause}", f"不是 YAML：{cause}"), Place(name)
        ) from cause
    if len(nodes) != 1 or nodes[0] is None:
        message = (
            Sentence("no document", "没有文档")
            if len(nodes) == 0 or nodes[0] is None
            else Sentence("more than one document", "多于一个文档")
        )
        hint = Sentence("a file holds one, without ---", "一个文件仅含一个文档，不写 ---")
        raise error("yaml-refused", message, Place(name), hint)
    builder = _Builder(name, error)
    value = builder.build(nodes[0], "")
    if not lenient:
        _require(builder.refused, error)
    return YAMLDocument(value, builder.lines, builder.refused)


def load(
    path: Path,
    *,
    error: type[SuiteError] = DeclarationError,
    below: Path | None = None,
    lenient: bool = False,
) -> YAMLDocument:
    """Read one strict YAML file; see the module's docstring for what is refused, and `read_bytes` for `below`."""
    data = read_bytes(path, error=error, limit=MAX_YAML_BYTES, below=below)
    return loads(data, name=str(path), error=error, lenient=lenient)
