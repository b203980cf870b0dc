"""Which of a vendor's accelerators this machine has: the declared match, over what the vendor's own tool answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import expressions
from suite.base.bilingual import Sentence, joined
from suite.base.errors import UsageError
from suite.declare.vendor import template
from suite.measure.preflight import output_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from suite.documents.accelerator import Accelerator
    from suite.documents.vendor import Vendor


def recognised(doc: Vendor, indices: Sequence[int]) -> Accelerator | None:
    """The accelerator behind the selected indices; None where no tool answers or it names none that is declared.

    The tools are those of the prerequisites that hold an output against ``{match}``.

    Raises:
        UsageError: ``accelerators-mixed`` when there are several kinds.
    """
    places: dict[str, list[str]] = {}
    for place, output in _answers(doc, indices):
        for device in _matches(doc, output):
            places.setdefault(device.id, []).append(place)
    if len(places) > 1:
        raise _mixed(doc, places)
    kinds = {device.id: device for device in doc.accelerators}
    return kinds[next(iter(places))] if places else None


def _answers(doc: Vendor, indices: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Where an answer comes from, as the user names it, and the tool's output."""
    for item in doc.prerequisites:
        if item.kind != "command" or item.expect is None or "{match}" not in item.expect:
            continue
        single = any("index" in template.names(text) for text in item.argument)
        for index in indices if single else (None,):
            values = {"index": str(index), "visible": ",".join(map(str, indices)), "match": ""}
            ok, output = output_of(template.fill_all(item.argument, values))
            if ok:
                yield "" if index is None else str(index), output


def _matches(doc: Vendor, output: str) -> list[Accelerator]:
    """The accelerators that an output names, in the declaration's order."""
    return [
        device
        for device in doc.accelerators
        if device.match is not UNSET and expressions.compiled(device.match).search(output)
    ]


def _mixed(doc: Vendor, places: dict[str, list[str]]) -> UsageError:
    names = {device.id: device.name for device in doc.accelerators}
    listed = joined((_kind(names[kind], where) for kind, where in places.items()), ", ", "，")
    return UsageError(
        "accelerators-mixed",
        Sentence(f"this machine has several kinds: {listed}", f"本机有多种加速器：{listed.zh}"),
        hint=Sentence(
            f"name one with --accelerator ({', '.join(places)}), and its devices with --visible",
            f"请以 --accelerator 指定一种（{', '.join(places)}），并以 --visible 指定其设备",
        ),
    )


def _kind(name: str, where: Iterable[str]) -> str:
    """An accelerator's name, with the indices that its tool gives it."""
    listed = ", ".join(filter(None, where))
    return name + Sentence(f" (index {listed})", f"（编号 {listed}）") if listed else name
