"""A run's report in a format of another tool, as files beside the run or where they were asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from suite.base.language import language
from suite.base.safe import replace_file
from suite.cli import storing
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.report.othertools.loads import loads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.cli.options import Trusted


def export(run: Path, name: str, phase: str, out: Path | None, trusted: Trusted) -> Iterator[Path]:
    """Write the files; each as soon as it is made.

    Args:
        run: a run directory, a submission or a bundle.
        name: of the format.
        phase: one alone; empty for all.
        out: a file, or a folder for a format with a file a phase; None for a place beside the run.
        trusted: whose signature counts.

    Raises:
        SuiteError: what the run is refused for; ``format-unknown``, ``format-lacks``, ``phase-unknown``,
            ``nothing-to-export``.
        OSError: a file cannot be written.
    """
    chosen = registry.load(name)
    item = storing.item(run, trusted)
    subject = Subject(item.card, None, item.evidence, language(), phase=phase)
    beside = run.resolve()
    stem = beside.name.removesuffix(".sigstore.json")
    if chosen.per_phase and not phase and item.evidence is not None:
        folder = out or beside.with_name(f"{stem}-{name}")
        for load in loads(subject):
            data = registry.render(name, replace(subject, phase=load.name))
            yield write(folder / f"{load.name}{chosen.suffix}", data)
        return
    target = out or beside.with_name(f"{stem}-{name}{chosen.suffix}")
    yield write(target, registry.render(name, subject))


def write(path: Path, data: bytes) -> Path:
    """Write a file; another one of its name stays, under a name of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_bytes() != data:
        number, kept = 1, path.with_name(f"{path.name}.bak")
        while kept.exists():
            number += 1
            kept = path.with_name(f"{path.name}.bak{number}")
        path.rename(kept)
    replace_file(path, data)
    return path
