"""What people are told is written in English and Chinese: asked of the source, because no run meets every refusal.

A sentence is a text with two words beside each other, or with a value between them. It may be an argument of an error, of a function that makes one, or of a
function that prints; directly, or by a name that is assigned in the same function or module.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from suite.base import errors
from suite.base.resources import TOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REFUSALS = {kind.__name__ for kind in errors.SuiteError.__subclasses__()} | {"Problem", "error"}
PRINTERS = {"say", "write_text", "write_note", "line", "step", "transfer", "on_progress", "reject"}
ERROR = re.compile(r"\b(Usage|Declaration|Data|Setup|Engine|Evidence|Trust|Suite)Error\b")
WORDS = re.compile(r"[A-Za-z]{2,}(?: |\{\})+[A-Za-z]{2,}")
MODULES = sorted((TOP / "suite").rglob("*.py"))
FOREIGN = {"sim_server.py", "sim_stream.py"}
"""What they refuse is read by a client of the scripted server, which speaks as engines do."""


def called(call: ast.Call) -> str:
    """The last word of what is called; "" for the method by which a path writes a file."""
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return "" if isinstance(function, ast.Attribute) and name == "write_text" else name


def texts(node: ast.expr) -> Iterator[str]:
    """The plain texts that an expression can come to; a call, such as `Sentence`, makes its own."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
        case ast.BinOp(left=left, right=right):
            yield from texts(left)
            yield from texts(right)
        case ast.IfExp(body=body, orelse=other):
            yield from texts(body)
            yield from texts(other)
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value)
        case ast.Call(func=ast.Attribute(value=ast.Dict(values=values)), args=others):
            for value in (*values, *others):
                yield from texts(value)


def assignments(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What is assigned to each name."""
    result: dict[str, list[ast.expr]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                result.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                result.setdefault(name, []).append(value)
    return result


def makers(tree: ast.Module) -> set[str]:
    """Functions that return an error, with a text among what they take, or that take the hint of one."""
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and takes_sentences(node)
    }


def takes_sentences(function: ast.FunctionDef) -> bool:
    """Whether a text among its arguments becomes an error's; one that takes the Chinese form too makes the sentence itself."""
    taken = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}
    returned = "" if function.returns is None else ast.unparse(function.returns)
    texts_taken = "str" in ast.unparse(function.args)
    return not taken & {"zh", "chinese"} and (
        "hint" in taken or (bool(ERROR.search(returned)) and texts_taken)
    )


def english(tree: ast.Module) -> Iterator[str]:
    """Sentences for people that are written in English alone."""
    speaking = REFUSALS | PRINTERS | makers(tree)
    constants = assignments(tree.body)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        nodes = list(ast.walk(function))
        named = constants | assignments(nodes)
        for call in nodes:
            if not isinstance(call, ast.Call) or called(call) not in speaking:
                continue
            for given in (*call.args, *(keyword.value for keyword in call.keywords)):
                values = named.get(given.id, []) if isinstance(given, ast.Name) else [given]
                for value in values:
                    yield from filter(WORDS.search, texts(value))


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name not in FOREIGN], ids=lambda path: path.stem
)
def test_nothing_that_people_are_told_is_in_english_alone(path):
    assert sorted(set(english(ast.parse(path.read_text("utf-8"))))) == []


@pytest.mark.parametrize(
    "source",
    [
        "raise UsageError('usage-wrong', 'there is no such thing')",
        "raise UsageError('usage-wrong', what, hint=f'give {name} instead')",
        "message = 'there is no such thing' if gone else what\n    raise DataError('x', message)",
        "say('nothing was measured')",
        "on_progress(f'waiting for {name}')",
    ],
)
def test_a_sentence_in_english_alone_is_met(source):
    assert list(english(ast.parse(f"def f():\n    {source}")))


def test_a_sentence_in_both_is_passed():
    source = "def f():\n    raise UsageError('a-code', Sentence('there is none', '没有'))"
    assert list(english(ast.parse(source))) == []
