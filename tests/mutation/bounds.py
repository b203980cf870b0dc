"""The numbers of the rules, and what happens when they are moved."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import io
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from suite.judge import log, rules

UNIT = Path(__file__).resolve().parents[1] / "unit" / "judge"


@dataclass(frozen=True)
class Bound:
    """A number of a module, and how far it is moved."""

    module: ModuleType
    name: str
    value: float
    unit: float

    @property
    def place(self) -> str:
        """Its module below the judge's, and its name."""
        return f"{self.module.__name__.removeprefix('suite.judge.')}.{self.name}"


def bounds() -> Iterator[Bound]:
    """The numbers that stand in the modules of rules and of the log, by name."""
    for package in (rules, log):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            for name, (value, written) in assigned(module).items():
                if isinstance(value, ast.Constant) and type(value.value) in (int, float):
                    yield Bound(module, name, value.value, _unit(written))


@functools.cache
def assigned(module: ModuleType) -> dict[str, tuple[ast.expr | None, str]]:
    """What a module itself gives its constants: by name the expression, and as it is written."""
    source = Path(module.__file__ or "").read_text("utf-8")
    made = {}
    for node in ast.parse(source).body:
        target, value = _assigned(node)
        if target.isupper():
            made[target] = value, ast.get_source_segment(source, value) or "" if value else ""
    return made


def _assigned(node: ast.stmt) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    return "", None


def _unit(written: str) -> float:
    """One of the last written place that is not 0: 0.05 is moved by 0.01, 5_000_000 by a million."""
    digits = written.replace("_", "")
    if "e" in digits or "." in digits:
        return (
            float(10 ** -len(digits.partition(".")[2].rstrip("0")))
            if "e" not in digits
            else float(digits) / 10
        )
    return int(10 ** (len(digits) - len(digits.rstrip("0")))) if int(digits) else 1


def _judges() -> list[ModuleType]:
    return [module for name, module in list(sys.modules.items()) if name.startswith("suite.judge")]


@contextlib.contextmanager
def moved(bound: Bound, by: float) -> Iterator[None]:
    """The number moved, in its module and wherever it was imported by name; what was remembered is forgotten."""
    holders = [
        module
        for module in _judges()
        if module is bound.module
        or (
            vars(module).get(bound.name) is vars(bound.module)[bound.name]
            and bound.name not in assigned(module)
        )
    ]
    for module in holders:
        setattr(module, bound.name, bound.value + by)
    _forget()
    try:
        yield
    finally:
        for module in holders:
            setattr(module, bound.name, bound.value)
        _forget()


def _forget() -> None:
    for module in _judges():
        for value in list(vars(module).values()):
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def reaches() -> dict[str, set[str]]:
    """The modules of the judge that each of them reads, directly or through others."""
    direct: dict[str, set[str]] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("suite.judge"):
            direct[name] = {
                getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", "")
                for value in vars(module).values()
            } - {name}
    reached: dict[str, set[str]] = {}
    for name in direct:
        seen, left = {name}, [name]
        while left:
            for other in direct.get(left.pop(), set()) - seen:
                if other.startswith("suite.judge"):
                    seen.add(other)
                    left.append(other)
        reached[name] = seen
    return reached


class UnitTests:
    """The unit tests that read a module by its name, run in this process."""

    def __init__(self) -> None:
        self._sound: dict[tuple[str, ...], bool] = {}

    def notice(self, bound: Bound, by: float) -> bool:
        """Whether one of them fails when a bound is moved."""
        files = _readers(bound.module)
        if files not in self._sound:
            self._sound[files] = not files or _passes(files)
        if not files:
            return False
        assert self._sound[files], f"{files} fail as they are"
        with moved(bound, by):
            return not _passes(files)


@functools.cache
def _readers(module: ModuleType) -> tuple[str, ...]:
    """Test files that import a module by its name or are named after it; for the log, the metrics worked out on paper as well."""
    package, _, name = module.__name__.rpartition(".")
    reads = re.compile(
        rf"^from ({re.escape(module.__name__)} import|{re.escape(package)} import [^\n]*\b{name}\b)",
        re.MULTILINE,
    )
    known = {f"test_{name}.py", f"test_{name}_bounds.py"}
    known |= {"test_golden_trace.py"} if package == log.__name__ else set()
    files = (path for path in UNIT.rglob("test_*.py") if path.name != "test_rules.py")
    mine = (path for path in files if path.name in known or reads.search(path.read_text("utf-8")))
    return tuple(sorted(map(str, mine)))


def _passes(files: tuple[str, ...]) -> bool:
    with contextlib.redirect_stdout(io.StringIO()):
        words = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not slow"]
        return pytest.main([*words, *files]) == pytest.ExitCode.OK
