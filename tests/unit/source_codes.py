"""Error codes read from the source: which code ends the program with which exit status.

A code that no literal leads to is an error here, so that no refusal escapes the documentation.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from suite.base import errors

STATUS: dict[str, int] = {
    name: kind.exit_status
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.SuiteError)
}
CALLERS_CHOICE = "type[SuiteError]"
"""Annotation of a parameter by which the caller names the class: the exit status is then the caller's."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Site:
    """A call, and the function that it stands in."""

    module: Path
    call: ast.Call
    function: Function | None
    in_class: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.call.lineno}: {ast.unparse(self.call)[:100]}"


@dataclass
class Source:
    """All calls of the program by the name of what is called."""

    calls: dict[str, list[Site]] = field(default_factory=lambda: defaultdict(list))
    callers_choice: set[str] = field(default_factory=set)
    chosen: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, root: Path) -> Source:
        found = cls()
        for path in sorted(root.rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            found._walk(tree, path.relative_to(root.parent), None, in_class=False)
        return found

    def _walk(
        self, node: ast.AST, module: Path, function: Function | None, *, in_class: bool
    ) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                self._walk(child, module, None, in_class=True)
            elif isinstance(child, Function):
                self._choices(child)
                # A function inside a method sees no self of its own.
                self._walk(child, module, child, in_class=in_class and function is None)
            else:
                if isinstance(child, ast.Call):
                    site = Site(module, child, function, in_class)
                    self.calls[called(child)].append(site)
                self._walk(child, module, function, in_class=in_class)

    def _choices(self, function: Function) -> None:
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        for argument in arguments:
            if argument.annotation and ast.unparse(argument.annotation) == CALLERS_CHOICE:
                self.callers_choice.add(argument.arg)
        defaults = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
        self.chosen |= {
            STATUS[d.id] for d in defaults if isinstance(d, ast.Name) and d.id in STATUS
        }

    def texts(self, expression: ast.expr, site: Site) -> set[str]:
        """What an expression can be, followed through parameters and local names."""
        match expression:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.Constant():
                return set()
            case ast.IfExp(body=one, orelse=other):
                return self.texts(one, site) | self.texts(other, site)
            case ast.FormattedValue(value=value):
                return self.texts(value, site)
            case ast.JoinedStr(values=values):
                whole = {""}
                for value in values:
                    whole = {start + end for start in whole for end in self.texts(value, site)}
                return whole
            case ast.Name(id=name) if site.function is not None:
                return self._named(name, site, site.function)
        msg = f"{site}: cannot tell what {ast.unparse(expression)} is"
        raise AssertionError(msg)

    def _named(self, name: str, site: Site, function: Function) -> set[str]:
        found: set[str] = set()
        known = False
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == name for target in node.targets
            ):
                known = True
                found |= self.texts(node.value, site)
        positional = [argument.arg for argument in function.args.args]
        names = positional + [argument.arg for argument in function.args.kwonlyargs]
        if name in names:
            known = True
            place = positional.index(name) - site.in_class if name in positional else None
            for caller in self._callers(function.name, site):
                found |= self._argument(caller, name, place)
        assert known, f"{site}: cannot tell where {name} comes from"
        return found

    def _callers(self, name: str, site: Site) -> list[Site]:
        """Calls of a function: a private one and ``self.`` in the same module, others everywhere."""
        found = []
        for caller in self.calls[name]:
            function = caller.call.func
            own = isinstance(function, ast.Attribute) and ast.unparse(function.value) == "self"
            near = caller.module == site.module or not (own or name.startswith("_"))
            if near and isinstance(function, ast.Attribute) == site.in_class:
                found.append(caller)
        return found

    def _argument(self, caller: Site, name: str, place: int | None) -> set[str]:
        for keyword in caller.call.keywords:
            if keyword.arg == name:
                return self.texts(keyword.value, caller)
        if place is not None and place < len(caller.call.args):
            return self.texts(caller.call.args[place], caller)
        return set()


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def refusals(root: Path) -> dict[str, set[int]]:
    """Exit statuses by code, of everything that the package at `root` refuses."""
    source = Source.of(root)
    for sites in list(source.calls.values()):
        for site in sites:
            for keyword in site.call.keywords:
                value = keyword.value
                if keyword.arg in source.callers_choice and isinstance(value, ast.Name):
                    source.chosen |= {STATUS[value.id]} if value.id in STATUS else set()
    found: dict[str, set[int]] = defaultdict(set)
    for name in [*STATUS, *source.callers_choice]:
        statuses = {STATUS[name]} if name in STATUS else source.chosen
        for site in source.calls.get(name, []):
            code = next((k.value for k in site.call.keywords if k.arg == "code"), None)
            given = code or (site.call.args[0] if site.call.args else None)
            assert given is not None, f"{site}: no code"
            for text in source.texts(given, site):
                found[text] |= statuses
    return dict(found)


def notes(root: Path) -> set[str]:
    """Codes of verification steps that warn or are skipped."""
    source = Source.of(root)
    sites = source.calls["skip"] + source.calls["warn"]
    return {
        site.call.args[0].value
        for site in sites
        if isinstance(site.call.func, ast.Attribute)
        and isinstance(site.call.func.value, ast.Name)
        and site.call.func.value.id == "note"
        and isinstance(site.call.args[0], ast.Constant)
    }
