"""From an inventory to cells and to the order of attempts: which machine runs what, and when."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import yamlio
from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, Place, Problem
from suite.documents.codec import convert_written
from suite.documents.document import given
from suite.documents.fleet import Inventory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from suite.documents.fleet import Fleet, Machine, Matrix


@dataclass(frozen=True, slots=True)
class Draft:
    """A cell before its plan is made.

    Attributes:
        name: of the cell.
        machines: that run it.
        chosen: options of `suite plan` by name, as the matrix has them.
        options: further words of `suite plan`.
        sending: words of `suite run` that enter no plan.
    """

    name: str
    machines: tuple[str, ...]
    chosen: Mapping[str, str]
    options: tuple[str, ...]
    sending: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command line that lead to the plan."""
        pairs = ((f"--{option}", value) for option, value in self.chosen.items())
        return (*itertools.chain.from_iterable(pairs), *self.options)


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a cell on a machine; the repeats count from 1."""

    machine: str
    cell: str
    repeat: int


def read_inventory(path: Path) -> Inventory:
    """Read an inventory.

    Raises:
        DeclarationError: ``file-unreadable``, ``yaml-refused``, ``schema-violation``; ``fleet-inventory-wrong`` with
            every contradiction; each with file and line.
    """
    read = yamlio.load(path)
    inventory = convert_written(read, Inventory, file=str(path))
    problems = [
        Problem(message, Place(str(path), read.lines.get(pointer), pointer), hint)
        for pointer, message, hint in _contradictions(inventory)
    ]
    if problems:
        message = Sentence(f"{path} contradicts itself", f"{path} 自相矛盾")
        raise DeclarationError(
            "fleet-inventory-wrong", message, problems[0].place, problems[0].hint, problems
        )
    return inventory


def _contradictions(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    """Pointer, message and hint of what the schema cannot see."""
    names: set[str] = set()
    for index, machine in enumerate(inventory.machines):
        # A host has one name in any letters: counted twice it would be two machines, and work at two attempts at a time.
        if machine.name.lower() in names:
            message = Sentence(
                f"two machines are called {machine.name}", f"有两台机器名为 {machine.name}"
            )
            yield f"/machines/{index}/name", message, ""
        names.add(machine.name.lower())
    yield from _again(inventory)
    vendors = {machine.vendor for machine in inventory.machines}
    if all(machine.excluded for machine in inventory.machines):
        yield "/machines", Sentence("every machine is excluded", "所有机器均被排除"), ""
    named = {vendor for matrix in inventory.matrix for vendor in given(matrix.vendors, vendors)}
    for index, machine in enumerate(inventory.machines):
        if not machine.excluded and machine.vendor not in named:
            hint = Sentence(
                "name its vendor in matrix, or exclude it with a reason",
                "请在 matrix 中写明其厂商，或注明原因将其排除",
            )
            message = Sentence(f"{machine.name} is to run nothing", f"{machine.name} 没有任何运行")
            yield f"/machines/{index}", message, hint
    for index, matrix in enumerate(inventory.matrix):
        for place, vendor in enumerate(given(matrix.vendors, ())):
            if vendor not in vendors:
                hint = Sentence(
                    f"vendors of the machines: {', '.join(sorted(vendors))}",
                    f"各机器的厂商：{', '.join(sorted(vendors))}",
                )
                message = Sentence(f"no machine is of {vendor}", f"没有属于 {vendor} 的机器")
                yield f"/matrix/{index}/vendors/{place}", message, hint


def _again(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    """Cells that are there already."""
    cells: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    for draft in drafts(inventory):
        first = cells.setdefault((draft.machines, draft.words), draft.name)
        if first != draft.name:
            hint = Sentence("repeats say how often a cell runs", "重复次数由 repeats 指定")
            message = Sentence(
                f"{draft.name} is the same as {first}", f"{draft.name} 与 {first} 相同"
            )
            yield "/matrix", message, hint


def drafts(inventory: Inventory) -> list[Draft]:
    """The cells of an inventory, in its order: for each kind of machine its engines, models and profiles."""
    kinds: dict[tuple[str, str, int], list[Machine]] = {}
    for machine in inventory.machines:
        if not machine.excluded:
            kinds.setdefault(machine.kind, []).append(machine)
    numbers = itertools.count(1)
    return [
        Draft(
            f"{next(numbers)}-{_slug(kind[0])}-{_slug(_engine(chosen, given(matrix.options, ())))}"
            f"-{_slug(chosen['profile'])}",
            tuple(machine.name for machine in machines),
            chosen,
            given(matrix.options, ()),
            given(matrix.sending, ()),
        )
        for matrix in inventory.matrix
        for kind, machines in kinds.items()
        if kind[0] in given(matrix.vendors, (kind[0],))
        for chosen in _chosen(matrix, *kind)
    ]


def _chosen(
    matrix: Matrix, vendor: str, accelerator: str, devices: int
) -> Iterator[dict[str, str]]:
    for engine in given(matrix.engines, ("",)):
        for model in given(matrix.models, ("",)):
            for profile in matrix.profiles:
                named = {
                    "vendor": vendor,
                    "accelerator": accelerator,
                    "devices": str(devices or ""),
                    "engine": engine,
                    "model": model,
                    "profile": profile,
                }
                yield {option: value for option, value in named.items() if value}


def _engine(chosen: Mapping[str, str], options: tuple[str, ...]) -> str:
    after = options.index("--engine") + 1 if "--engine" in options else len(options)
    return chosen.get("engine") or next(iter(options[after:]), "default")


def _slug(text: str) -> str:
    """The last part of a path in small letters, digits and hyphens."""
    last = text.rstrip("/").rpartition("/")[2].removesuffix(".yaml").lower()
    return re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:24] or "x"


def jobs(fleet: Fleet) -> list[Job]:
    """Every run, in the order in which each machine takes its own.

    Interleaved: every machine runs all cells once before any runs one of them again, so that what changes with the hours
    (cooling, neighbours, a filling disk) lies within the machines and not between them.
    """
    return [
        Job(machine, cell.name, repeat)
        for repeat in range(1, fleet.repeats + 1)
        for cell in fleet.cells
        for machine in cell.machines
    ]
